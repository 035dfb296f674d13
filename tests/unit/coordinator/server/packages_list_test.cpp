#include <gtest/gtest.h>

#include "coordinator/server/packages.h"
#include "overlay/loop/files.h"
#include "tests/unit/overlay/loop/temporary_directory.h"

namespace coordinator {
namespace {

TEST(PackagesListTest, IsReadOnceForAllWhoAskAndKeptForAWhile) {
  const loop::TemporaryDirectory directory;
  ASSERT_TRUE(loop::write_file_atomic(directory.path("linkspan-agent_1_all.deb"), "", 0644).ok());
  loop::Loop loop;
  Packages packages(loop, directory.path(""));
  std::vector<std::size_t> answers;
  const auto ask = [&] {
    packages.to_install(
        [&](const std::vector<std::string>& names) { answers.push_back(names.size()); });
  };

  ask();
  ask();
  EXPECT_TRUE(answers.empty()) << "the directory is not read on the loop's thread";
  while (answers.size() < 2) {
    loop.run_once();
  }
  ASSERT_TRUE(loop::write_file_atomic(directory.path("linkspan-mirror_1_all.deb"), "", 0644).ok());
  ask();

  EXPECT_EQ(answers, (std::vector<std::size_t>{1, 1, 1}));
}

}  // namespace
}  // namespace coordinator
