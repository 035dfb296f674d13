#include "overlay/model/site_map.h"

#include <gtest/gtest.h>

#include "overlay/model/view.h"
#include "tests/unit/overlay/model/random_facts.h"

namespace model {
namespace {

SiteMap lab_map() {
  View view;
  EXPECT_TRUE(view.apply(small_network()).ok());
  return make_site_map(view, NodeId{5});
}

TEST(SiteMapTest, SaysWhereTheNodeIsAndWhatReplicasThereAre) {
  const SiteMap map = lab_map();

  EXPECT_EQ(map.network, "lab");
  EXPECT_EQ(map.site, "basalt");
  EXPECT_EQ(map.node, "host-5");
  ASSERT_EQ(map.replicas.size(), 2U);
  EXPECT_EQ(map.replicas[0].site, "amber");
  EXPECT_EQ(map.replicas[1].url, "http://10.192.32.9:5000");
}

TEST(SiteMapTest, ANodeThatTheViewDoesNotHoldHasNoNames) {
  const SiteMap map = make_site_map(View(), NodeId{5});

  EXPECT_EQ(map, SiteMap());
}

TEST(SiteMapTest, ComesBack) {
  EXPECT_EQ(decode_site_map(encode(lab_map())).value(), lab_map());
  EXPECT_EQ(decode_site_map(encode(SiteMap())).value(), SiteMap());
}

struct BadMap {
  std::string name;
  std::string json;
  std::string error;
};

class RefusesSiteMap : public ::testing::TestWithParam<BadMap> {};

TEST_P(RefusesSiteMap, SayingWhereAndWhy) {
  const auto map = decode_site_map(GetParam().json);
  ASSERT_FALSE(map.ok());
  EXPECT_EQ(map.error().text(), GetParam().error);
}

std::string with_replicas(const std::string& list) {
  return R"({"format":1,"network":"n","site":"s","node":"x","replicas":)" + list + "}";
}

const std::string kReplica = R"({"id":2,"site":"s","url":"http://r","sources":["docker.io"]})";

INSTANTIATE_TEST_SUITE_P(
    SiteMapTest, RefusesSiteMap,
    ::testing::Values(
        BadMap{"Format", R"({"format":2,"network":"","site":"","node":"","replicas":[]})",
               "site map: format: 2, expected a number in 1..1"},
        BadMap{"NoReplicas", R"({"format":1,"network":"","site":"","node":""})",
               "site map: replicas: absent, expected a value"},
        BadMap{"NotAList", with_replicas("{}"),
               "site map: replicas: {}, expected a list of at most 1024"},
        BadMap{"NotAnObject", with_replicas("[7]"), "site map: replicas[0]: 7, expected an object"},
        BadMap{"BadUrl", with_replicas(R"([{"id":2,"site":"s","url":"ftp://r","sources":[]}])"),
               "site map: replicas[0]: url: \"ftp://r\", expected the base URL of a registry"},
        BadMap{"BadSource",
               with_replicas(R"([{"id":2,"site":"s","url":"http://r","sources":["A"]}])"),
               "site map: replicas[0]: sources: \"A\", expected HOST or HOST:PORT in lower case"},
        BadMap{"SameId", with_replicas("[" + kReplica + "," + kReplica + "]"),
               "site map: replicas[1]: id: 2, expected more than the one before"},
        BadMap{"Unknown",
               with_replicas(R"([{"id":2,"site":"s","url":"http://r","sources":[],"x":1}])"),
               "site map: replicas[0]: \"x\": 1, expected no such field"}),
    [](const auto& test) { return test.param.name; });

}  // namespace
}  // namespace model
