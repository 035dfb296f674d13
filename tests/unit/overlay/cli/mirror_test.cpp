// `linkspan mirror` as a process, with a script in the mirror's place.
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "overlay/loop/files.h"
#include "overlay/loop/loop.h"
#include "overlay/loop/process.h"
#include "tests/unit/overlay/loop/temporary_directory.h"

namespace cli {
namespace {

class MirrorTest : public ::testing::Test {
 protected:
  loop::Process::Exit run(std::vector<std::string> more) {
    std::vector<std::string> argv = {"env", "PATH=" + directory_.path(), LINKSPAN_PROGRAM,
                                     "mirror"};
    argv.insert(argv.end(), more.begin(), more.end());
    std::optional<loop::Process::Exit> exit;
    loop::Process::Options options;
    options.argv = std::move(argv);
    auto process = loop::Process::start(loop_, options, [&](loop::Process::Exit given) {
      exit = std::move(given);
      loop_.stop();
    });
    EXPECT_TRUE(process.ok());
    while (!exit) {
      loop_.run();
    }
    return std::move(*exit);
  }

  loop::Loop loop_;
  loop::TemporaryDirectory directory_;
};

TEST_F(MirrorTest, ExplainIsTheMirrorsOwnWithItsExitStatus) {
  ASSERT_TRUE(loop::write_file_atomic(directory_.path() + "/linkspan-mirror",
                                      "#!/bin/sh\necho \"$@\"\nexit 3\n", 0755)
                  .ok());

  const auto plain = run({"explain"});
  const auto json = run({"explain", "--json", "--listen", "127.0.0.1:1"});

  EXPECT_EQ(plain.out, "explain --listen 127.0.0.1:7755\n");
  EXPECT_EQ(plain.status, 3);
  EXPECT_EQ(json.out, "explain --listen 127.0.0.1:1 --json\n");
}

TEST_F(MirrorTest, ServerWithoutAMirrorIsToldSo) {
  const auto exit = run({"explain"});

  EXPECT_EQ(exit.status, 1);
  EXPECT_EQ(exit.err,
            "linkspan: there is no mirror on this server; install the package linkspan-mirror\n");
}

TEST_F(MirrorTest, WithoutACommandIsWrongUsage) {
  EXPECT_EQ(run({}).status, 2);
}

}  // namespace
}  // namespace cli
