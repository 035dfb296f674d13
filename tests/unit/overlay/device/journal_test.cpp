#include "overlay/device/journal.h"

#include <filesystem>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/overlay/loop/temporary_directory.h"

namespace device {
namespace {

const std::vector<JournalEntry> kEntries{
    {Made::Interface, "ls0", {}},     {Made::Sysctl, "net.ipv4.ip_forward", "0"},
    {Made::RouteTable, "7750", {}},   {Made::Rule, "4", {}},
    {Made::Firewall, "linkspan", {}},
};

TEST(JournalCodecTest, DecodesWhatItEncodes) {
  const auto decoded = decode_journal(encode_journal(kEntries));

  ASSERT_TRUE(decoded.ok()) << decoded.error().text();
  EXPECT_EQ(decoded.value(), kEntries);
}

struct BadJournal {
  std::string name;
  std::string text;
  std::string error;
};

class RefusesJournal : public ::testing::TestWithParam<BadJournal> {};

TEST_P(RefusesJournal, SayingWhere) {
  const auto result = decode_journal(GetParam().text);

  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().text(), GetParam().error);
}

INSTANTIATE_TEST_SUITE_P(
    Journal, RefusesJournal,
    ::testing::Values(
        BadJournal{"NotJson", "{", "journal: expected a JSON object"},
        BadJournal{"OtherFormat", R"({"format":2,"entries":[]})", "journal: format: expected 1"},
        BadJournal{"MoreFields", R"({"format":1,"entries":[],"x":1})",
                   "journal: entries: expected a list and nothing else"},
        BadJournal{"Kind", R"({"format":1,"entries":[{"made":"x","name":"y"}]})",
                   "journal: entries[0]: made: unknown kind"},
        BadJournal{"NoName", R"({"format":1,"entries":[{"made":"rule"}]})",
                   "journal: entries[0]: name: missing"},
        BadJournal{"Type", R"({"format":1,"entries":[{"made":"rule","name":4}]})",
                   "journal: entries[0]: name: expected text"},
        BadJournal{"Former", R"({"format":1,"entries":[{"made":"sysctl","name":"f","former":0}]})",
                   "journal: entries[0]: former: expected text"}),
    [](const auto& test) { return test.param.name; });

class JournalTest : public ::testing::Test {
 protected:
  Journal open() {
    auto journal = Journal::open(path_);
    CHECK(journal.ok());
    return std::move(journal).value();
  }

  loop::TemporaryDirectory directory_;
  const std::string path_ = directory_.path() + "/journal.json";
};

TEST_F(JournalTest, StartsEmptyWithoutAFile) {
  EXPECT_THAT(open().entries(), ::testing::IsEmpty());
}

TEST_F(JournalTest, EntriesAreThereAfterARestartInTheirOrder) {
  ASSERT_TRUE(open().add(kEntries).ok());

  EXPECT_EQ(open().entries(), kEntries);
}

TEST_F(JournalTest, FirstFormerValueStays) {
  auto journal = open();
  ASSERT_TRUE(journal.add({Made::Sysctl, "net.ipv4.ip_forward", "0"}).ok());
  ASSERT_TRUE(journal.add({Made::Sysctl, "net.ipv4.ip_forward", "1"}).ok());

  EXPECT_EQ(open().find(Made::Sysctl, "net.ipv4.ip_forward")->former, "0");
}

TEST_F(JournalTest, LastEntryTakesTheFileWithIt) {
  auto journal = open();
  ASSERT_TRUE(journal.add({Made::Rule, "4", {}}).ok());
  ASSERT_TRUE(std::filesystem::exists(path_));

  ASSERT_TRUE(journal.remove(Made::Rule, "4").ok());

  EXPECT_FALSE(std::filesystem::exists(path_));
}

TEST_F(JournalTest, WhatCouldNotBeStoredIsNotRemembered) {
  auto journal = Journal::open("/proc/no/journal.json");
  ASSERT_TRUE(journal.ok());

  EXPECT_FALSE(Journal(journal.value()).add({Made::Rule, "4", {}}).ok());
  EXPECT_THAT(journal.value().entries(), ::testing::IsEmpty());
}

}  // namespace
}  // namespace device
