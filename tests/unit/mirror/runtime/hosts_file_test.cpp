#include "mirror/runtime/hosts_file.h"

#include <gtest/gtest.h>

namespace mirror {
namespace {

const HostsTemplate kWith{std::string(32, 'a'), "http://127.0.0.1:7755"};
const std::string kOurBlock =
    "[host.\"http://127.0.0.1:7755\"]\n  capabilities = [\"pull\", \"resolve\"]\n";

std::string body_of(const std::string& text) {
  return text.substr(text.find('\n') + 1);
}

TEST(HostsFileTest, OwnFileNamesTheProxyAndNoServerUnlessItIsPlainHttp) {
  const std::string text = make_hosts_file(kWith, {"docker.io", false});

  EXPECT_TRUE(check_hosts_file(text, kWith.proxy_url).ok());
  EXPECT_EQ(text.find("server"), std::string::npos);
  EXPECT_EQ(text.find("dial_timeout"), std::string::npos);
  EXPECT_NE(
      make_hosts_file(kWith, {"images.lab:5000", true}).find("server = \"http://images.lab:5000\""),
      std::string::npos);
}

TEST(HostsFileTest, TheMarkTellsOurFilesFromChangedOnes) {
  std::string text = make_hosts_file(kWith, {"quay.io", false});
  ASSERT_TRUE(read_hosts_mark(text).has_value());
  EXPECT_EQ(read_hosts_mark(text)->id, kWith.id);
  EXPECT_TRUE(read_hosts_mark(text)->is_intact);

  text += "# mine\n";
  EXPECT_FALSE(read_hosts_mark(text)->is_intact);
  EXPECT_FALSE(read_hosts_mark("server = \"x\"\n").has_value());
  EXPECT_FALSE(read_hosts_mark("").has_value());
}

struct Merge {
  std::string name;
  std::string foreign;
  std::string body;
};
class MergesHostsFile : public ::testing::TestWithParam<Merge> {};

TEST_P(MergesHostsFile, WithOurHostBeforeAllOthers) {
  const auto merged = merge_hosts_file(kWith, GetParam().foreign);
  ASSERT_TRUE(merged.ok()) << merged.error().text();
  EXPECT_EQ(body_of(merged.value()), GetParam().body);
  EXPECT_TRUE(read_hosts_mark(merged.value())->is_intact);
}

const std::string kOther = "[host.\"https://m.example\"]\n  capabilities = [\"pull\"]\n";

INSTANTIATE_TEST_SUITE_P(
    HostsFile, MergesHostsFile,
    ::testing::Values(
        Merge{"Empty", "", kOurBlock},
        Merge{"ServerOnly", "server = \"https://x\"\n", "server = \"https://x\"\n" + kOurBlock},
        Merge{"NoLineFeed", "server = \"https://x\"", "server = \"https://x\"\n" + kOurBlock},
        Merge{"OneHost", "# mine\nserver = \"https://x\"\n\n" + kOther,
              "# mine\nserver = \"https://x\"\n\n" + kOurBlock + "\n" + kOther},
        Merge{"BracketInsideAnArray", "ca = [\n[\"a\"],\n]\n" + kOther,
              "ca = [\n[\"a\"],\n]\n" + kOurBlock + "\n" + kOther},
        Merge{"HostTableWritten", "[host]\n" + kOther, kOurBlock + "\n[host]\n" + kOther}),
    [](const auto& test) { return test.param.name; });

TEST_P(MergesHostsFile, AndTakesItOffAgain) {
  const Merge& merge = GetParam();
  const HostsTemplate other{std::string(32, 'b'), "http://127.0.0.1:7000"};
  const auto merged = merge_hosts_file(other, merge.foreign);
  ASSERT_TRUE(merged.ok());

  const auto theirs = unmerge_hosts_file(merged.value(), {"docker.io", false});

  ASSERT_TRUE(theirs.ok()) << theirs.error().text();
  const bool ends_its_line = merge.foreign.empty() || merge.foreign.back() == '\n';
  EXPECT_EQ(theirs.value(), merge.foreign + (ends_its_line ? "" : "\n"));
}

TEST(HostsFileTest, NothingOfAFileOfOurOwnIsTheOperators) {
  for (const bool is_plain_http : {false, true}) {
    const Source source{"images.lab:5000", is_plain_http};
    const auto theirs = unmerge_hosts_file(make_hosts_file(kWith, source), source);
    ASSERT_TRUE(theirs.ok()) << theirs.error().text();
    EXPECT_FALSE(theirs.value().has_value());
  }
}

TEST(HostsFileTest, WhatWeDidNotWriteIsNotTakenApart) {
  EXPECT_EQ(unmerge_hosts_file("", {"quay.io", false}).error().text(),
            "hosts.toml: has no intact mark of ours");
  EXPECT_EQ(unmerge_hosts_file(make_hosts_file(kWith, {"quay.io", false}) + "#", {"quay.io", false})
                .error()
                .text(),
            "hosts.toml: has no intact mark of ours");
}

struct NoMerge {
  std::string name;
  std::string foreign;
  base::Errc code;
};
class RefusesToMerge : public ::testing::TestWithParam<NoMerge> {};

TEST_P(RefusesToMerge, WhatItCannotPutAHostInFrontOf) {
  const auto merged = merge_hosts_file(kWith, GetParam().foreign);
  ASSERT_FALSE(merged.ok());
  EXPECT_EQ(merged.error().code(), GetParam().code);
}

INSTANTIATE_TEST_SUITE_P(
    HostsFile, RefusesToMerge,
    ::testing::Values(NoMerge{"NotToml", "server = ", base::Errc::Malformed},
                      NoMerge{"OursAlready", kOurBlock, base::Errc::Conflict},
                      NoMerge{"InlineHosts", "host = {\"https://m\" = {}}\n", base::Errc::Conflict},
                      NoMerge{"Large", std::string(300'000, '#'), base::Errc::LimitExceeded}),
    [](const auto& test) { return test.param.name; });

TEST(HostsFileTest, AnotherFirstHostIsNoticed) {
  EXPECT_EQ(check_hosts_file(kOther + kOurBlock, kWith.proxy_url).error().text(),
            "hosts.toml: the first host is https://m.example, expected http://127.0.0.1:7755");
  EXPECT_EQ(check_hosts_file("", kWith.proxy_url).error().text(),
            "hosts.toml: the first host is missing, expected http://127.0.0.1:7755");
}

TEST(HostsFileTest, FoldersAreNamedAsContainerdLooksForThem) {
  EXPECT_EQ(hosts_folders({"docker.io", false}).with_underscores, "");
  EXPECT_EQ(hosts_folders({"images.lab:5000", true}).with_underscores, "images.lab_5000_");
  EXPECT_EQ(hosts_folders({"images.lab:5000", true}).plain, "images.lab:5000");
  EXPECT_EQ(hosts_folders({"[fd00::1]", true}).with_underscores, "");
}

}  // namespace
}  // namespace mirror
