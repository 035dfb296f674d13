// `linkspan gpus` as a process, with a library that plays NVML in the driver's place.
#include <optional>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "overlay/loop/loop.h"
#include "overlay/loop/process.h"

namespace cli {
namespace {

using ::testing::HasSubstr;

loop::Process::Exit run(const std::string& libraries, std::vector<std::string> more) {
  loop::Loop loop;
  loop::Process::Options options;
  options.argv = {LINKSPAN_PROGRAM, "gpus"};
  options.argv.insert(options.argv.end(), more.begin(), more.end());
  options.env = {{"LD_LIBRARY_PATH", libraries}};
  std::optional<loop::Process::Exit> exit;
  auto process = loop::Process::start(loop, options, [&](loop::Process::Exit given) {
    exit = std::move(given);
    loop.stop();
  });
  EXPECT_TRUE(process.ok());
  while (!exit) {
    loop.run();
  }
  return std::move(*exit);
}

TEST(GpusCommandTest, CardsAreATable) {
  const auto exit = run(FAKE_NVML_DIRECTORY, {});

  EXPECT_EQ(exit.status, 0) << exit.err;
  EXPECT_EQ(exit.out,
            "MODEL                    MEMORY   USED    TEMPERATURE  POWER  DRIVER\n"
            "NVIDIA H200              146 KiB  1000 B  61 C         513 W  580.65.06\n"
            "NVIDIA H200 MIG 1g.18gb  17 KiB   0 B     -            -      580.65.06\n");
}

TEST(GpusCommandTest, DriverThatIsNotLoadedIsASentenceAndNoError) {
  const auto plain = run(FAKE_NVML_NO_DRIVER_DIRECTORY, {});
  const auto json = run(FAKE_NVML_NO_DRIVER_DIRECTORY, {"--json"});

  EXPECT_EQ(plain.status, 0);
  EXPECT_EQ(plain.out, "no GPU: NVML: Driver Not Loaded\n");
  EXPECT_EQ(json.status, 0);
  EXPECT_THAT(json.out, HasSubstr(R"("devices": [])"));
  EXPECT_THAT(json.out, HasSubstr(R"("why": "no GPU: NVML: Driver Not Loaded")"));
}

TEST(GpusCommandTest, HelpSaysWhatItPrints) {
  const auto exit = run("", {"--help"});

  EXPECT_EQ(exit.status, 0);
  for (const char* part : {"JSON", "EXAMPLES", "Exit status", "memory_used_bytes"}) {
    EXPECT_THAT(exit.out, HasSubstr(part));
  }
}

TEST(GpusCommandTest, WordThatIsNotThereIsWrongUsage) {
  EXPECT_EQ(run("", {"all"}).status, 2);
}

}  // namespace
}  // namespace cli
