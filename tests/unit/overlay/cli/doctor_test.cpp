#include <string_view>

#include <gtest/gtest.h>

#include "overlay/cli/doctor_checks.h"
#include "overlay/cli/findings.h"

namespace cli {
namespace {

TEST(FindingsTest, EachCheckIsALineWithItsAdviceBelow) {
  const Findings findings = {ok("tools", "wg is installed"),
                             fail("agent", "not running", "start it"),
                             warn("clock", "a little off", "")};

  EXPECT_EQ(format_findings(findings),
            "ok    tools  wg is installed\n"
            "FAIL  agent  not running\n"
            "             -> start it\n"
            "warn  clock  a little off\n"
            "1 failed, 1 to look at\n");
  EXPECT_TRUE(has_failure(findings));
}

TEST(FindingsTest, NothingToLookAtIsSaid) {
  EXPECT_EQ(format_findings({ok("tools", "there")}), "ok  tools  there\nall is well\n");
}

TEST(FindingsTest, JsonHasAVerdictForEach) {
  const std::string text = format_findings_json({fail("agent", "not running", "start it")});

  EXPECT_NE(text.find("\"ok\": false"), std::string::npos);
  EXPECT_NE(text.find("\"verdict\": \"fail\""), std::string::npos);
}

TEST(HttpDateTest, PreferredFormIsRead) {
  EXPECT_EQ(parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT"), (base::WallTime{784111777000}));
}

TEST(HttpDateTest, AnythingElseIsNoDate) {
  using namespace std::string_view_literals;
  for (const std::string_view text :
       {""sv, "now"sv, "Sun, 06 Nov 1994 08:49:37"sv, "784111777"sv,
        "Sun, 06 Nov 1994 08:49:37 GMT\0x"sv, "Mon, 06 Nov 1994 08:49:37 GMT"sv,
        "Thu, 31 Feb 1994 08:49:37 GMT"sv, "sun, 6 nov 1994 08:49:37 GMT"sv}) {
    EXPECT_FALSE(parse_http_date(text).has_value()) << text;
  }
}

TEST(ContainerdConfigTest, ConfigPathCountsOnlyWhenItNamesSomething) {
  EXPECT_TRUE(names_hosts_directory("[a]\n  config_path = \"/etc/containerd/certs.d\"\n"));
  EXPECT_FALSE(names_hosts_directory("config_path = \"\"\n"));
  EXPECT_FALSE(names_hosts_directory("# config_path = \"/etc/containerd/certs.d\"\n"));
  EXPECT_FALSE(names_hosts_directory(""));
}

}  // namespace
}  // namespace cli
