#include "mirror/runtime/journal.h"

#include <gtest/gtest.h>

namespace mirror {
namespace {

TEST(JournalTest, WhatIsFormattedParsesToTheSame) {
  RuntimeJournal journal;
  journal.id = std::string(32, 'a');
  journal.files = {
      {"docker.io", "/etc/x/hosts.toml", {}},
      {"quay.io", "/etc/y/hosts.toml", RuntimeJournal::Backup{std::string(64, 'b'), 0640, 1, 2}}};
  journal.directories = {"/etc/x"};

  const auto again = parse_journal(format_journal(journal));

  ASSERT_TRUE(again.ok()) << again.error().text();
  EXPECT_EQ(again.value(), journal);
}

struct BadJournal {
  std::string name;
  std::string text;
  std::string error;
};
class RefusesJournal : public ::testing::TestWithParam<BadJournal> {};

TEST_P(RefusesJournal, SayingWhereAndWhy) {
  const auto journal = parse_journal(GetParam().text);
  ASSERT_FALSE(journal.ok());
  EXPECT_EQ(journal.error().text(), GetParam().error);
}

const std::string kStart = R"({"format":1,"id":")" + std::string(32, 'a') + "\"";

INSTANTIATE_TEST_SUITE_P(
    Journal, RefusesJournal,
    ::testing::Values(
        BadJournal{"Empty", "", "journal: format, expected 1"},
        BadJournal{"BadId", R"({"format":1,"id":"../x"})", "journal: id, expected 32 hex digits"},
        BadJournal{"NoFiles", kStart + "}", "journal: files, expected a list of at most 4096"},
        BadJournal{"RelativePath", kStart + R"(,"files":[{"source":"x","path":"etc"}]})",
                   "journal: files[0], expected a source and an absolute path"},
        BadJournal{
            "BackupOutside",
            kStart + R"(,"files":[{"source":"x","path":"/e","backup":{"name":"../../etc"}}]})",
            "journal: files[0].backup.name, expected 64 hex digits"},
        BadJournal{"RelativeDirectory", kStart + R"(,"files":[],"directories":["x"]})",
                   "journal: directories, expected absolute paths"}),
    [](const auto& test) { return test.param.name; });

}  // namespace
}  // namespace mirror
