#include "overlay/cli/admin_request.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace cli {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using ::testing::HasSubstr;

TEST(AdminRequestTest, LeavesOutWhatWasNotGiven) {
  const ApiRequest request = create_request(NetworkArguments{.name = "lab"});

  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.target, "/v1/networks");
  EXPECT_EQ(request.body, json({{"name", "lab"}}));
}

TEST(AdminRequestTest, SendsEveryFieldOfANetwork) {
  const ApiRequest request = create_request(NetworkArguments{.name = "lab",
                                                             .topology = "mesh",
                                                             .prefixes = {"10.0.0.0/12"},
                                                             .mtu = 1400,
                                                             .keepalive_s = 0});

  EXPECT_EQ(request.body, json({{"name", "lab"},
                                {"topology", "mesh"},
                                {"prefixes", {"10.0.0.0/12"}},
                                {"mtu", 1400},
                                {"keepalive_s", 0}}));
}

TEST(AdminRequestTest, ConfirmsTheRemovalsOfOneNetwork) {
  const ApiRequest request = confirm_removals_request("3");

  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.target, "/v1/networks/3/confirm-removals");
  EXPECT_TRUE(request.body.is_null());
}

TEST(AdminRequestTest, SendsSitesReplicasAndKeys) {
  EXPECT_EQ(
      create_request(SiteArguments{.network = "lab", .name = "a", .is_lan_native = true}).body,
      json({{"network", "lab"}, {"name", "a"}, {"lan_native", true}}));
  EXPECT_EQ(create_request(ReplicaArguments{.network = "lab",
                                            .site = "a",
                                            .url = "http://10.0.0.1:5000",
                                            .sources = {"docker.io"}})
                .body,
            json({{"network", "lab"},
                  {"site", "a"},
                  {"url", "http://10.0.0.1:5000"},
                  {"sources", {"docker.io"}}}));
  const ApiRequest key = create_request(ApiKeyArguments{.name = "ci", .role = "viewer"});
  EXPECT_EQ(key.target, "/v1/api-keys");
  EXPECT_EQ(key.body, json({{"name", "ci"}, {"role", "viewer"}}));
}

TEST(AdminRequestTest, TurnsATokensTimeAndLabelsIntoTheApisForm) {
  const auto request = create_request(TokenArguments{.network = "lab",
                                                     .site = "a",
                                                     .role = "gateway",
                                                     .uses = 10,
                                                     .lifetime = "24h",
                                                     .labels = {"rack=7", "note=a=b"}});

  ASSERT_TRUE(request.ok());
  EXPECT_EQ(request.value().body, json({{"network", "lab"},
                                        {"site", "a"},
                                        {"role", "gateway"},
                                        {"uses", 10},
                                        {"expires_in_s", 86400},
                                        {"labels", {{"rack", "7"}, {"note", "a=b"}}}}));
}

TEST(AdminRequestTest, RefusesATokensTimeOrLabelNamingTheOption) {
  const auto time = create_request(TokenArguments{.lifetime = "soon"});
  const auto label = create_request(TokenArguments{.labels = {"rack"}});

  ASSERT_FALSE(time.ok());
  EXPECT_EQ(
      time.error().text(),
      "--expires: \"soon\", expected a time such as 90s, 30m, 24h or 7d, of 1 s to ten years");
  ASSERT_FALSE(label.ok());
  EXPECT_EQ(label.error().text(), "--label: \"rack\", expected NAME=VALUE");
}

TEST(AdminRequestTest, ReadsTimesWithTheirUnits) {
  EXPECT_EQ(parse_lifetime("90").value(), 90s);
  EXPECT_EQ(parse_lifetime("90s").value(), 90s);
  EXPECT_EQ(parse_lifetime("30m").value(), 30min);
  EXPECT_EQ(parse_lifetime("7d").value(), 7 * 24h);
  for (const std::string bad : {"", "0", "-1s", "s", "1w", "1hh", "1.5h", "99999999999999999999s",
                                "4294967296d", "3661d"}) {
    EXPECT_FALSE(parse_lifetime(bad).ok()) << bad;
  }
}

TEST(AdminRequestTest, EncodesWhatIsTypedIntoQueries) {
  const ApiRequest request =
      list_request(Kind::Node, {{"network", "a&b=c"}, {"site", ""}}, 5, "00ff");

  EXPECT_EQ(request.method, "GET");
  EXPECT_EQ(request.target, "/v1/nodes?limit=5&network=a%26b%3Dc&after=00ff");
  EXPECT_TRUE(request.body.is_null());
}

TEST(AdminRequestTest, TellsIdsFromNames) {
  EXPECT_TRUE(is_id(Kind::Network, "12"));
  EXPECT_FALSE(is_id(Kind::Network, "12a"));
  EXPECT_FALSE(is_id(Kind::Network, ""));
  EXPECT_FALSE(is_id(Kind::Network, "../nodes"));
  EXPECT_TRUE(is_id(Kind::Node, "00000000000000ff"));
  EXPECT_FALSE(is_id(Kind::Node, "ff"));
  EXPECT_FALSE(is_id(Kind::Node, "00000000000000FF"));
  EXPECT_EQ(remove_request(Kind::Node, "00000000000000ff").target, "/v1/nodes/00000000000000ff");
  EXPECT_EQ(show_request(Kind::Site, "3").target, "/v1/sites/3");
}

}  // namespace
}  // namespace cli
