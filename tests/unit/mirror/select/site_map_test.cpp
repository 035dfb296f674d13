#include "mirror/select/site_map.h"

#include <gtest/gtest.h>

namespace mirror {
namespace {

std::string with_replicas(const std::string& replicas) {
  return R"({"format":1,"network":"lab","site":"a","node":7,"replicas":)" + replicas + "}";
}

TEST(SiteMapTest, ReadsReplicasAndIgnoresWhatItDoesNotKnow) {
  const auto map = parse_site_map(with_replicas(
      R"([{"id":3,"site":"b","url":"http://10.192.0.9:5000/hub/","sources":["docker.io","http://Images.Lab:5000"],"new":1}])"));

  ASSERT_TRUE(map.ok()) << map.error().text();
  EXPECT_EQ(map.value().node, "7");
  ASSERT_EQ(map.value().replicas.size(), 1u);
  const Replica& replica = map.value().replicas[0];
  EXPECT_EQ(replica.id, ReplicaId{3});
  EXPECT_EQ(replica.url, "http://10.192.0.9:5000");
  EXPECT_EQ(replica.prefix, "hub");
  EXPECT_TRUE(replica.serves("images.lab:5000"));
  EXPECT_FALSE(replica.serves("quay.io"));
}

TEST(SiteMapTest, SourcesAreListedOnceAndHttpsStandsWhereReplicasDisagree) {
  const auto map = parse_site_map(with_replicas(
      R"([{"id":1,"site":"a","url":"http://h:1","sources":["http://x","docker.io","http://y"]},)"
      R"({"id":2,"site":"b","url":"http://h:2","sources":["x","http://y"]}])"));

  ASSERT_TRUE(map.ok());
  const std::vector<Source> expected = {{"docker.io", false}, {"x", false}, {"y", true}};
  EXPECT_EQ(map.value().sources(), expected);
}

struct BadMap {
  std::string name;
  std::string text;
  std::string error;
};
class RefusesSiteMap : public ::testing::TestWithParam<BadMap> {};

TEST_P(RefusesSiteMap, SayingWhereAndWhy) {
  const auto map = parse_site_map(GetParam().text);
  ASSERT_FALSE(map.ok());
  EXPECT_EQ(map.error().text(), GetParam().error);
}

std::string replica(const std::string& id, const std::string& url, const std::string& sources) {
  return R"({"id":)" + id + R"(,"site":"a","url":")" + url + R"(","sources":)" + sources + "}";
}

INSTANTIATE_TEST_SUITE_P(
    SiteMap, RefusesSiteMap,
    ::testing::Values(
        BadMap{"Empty", "", "site map: 0 bytes: expected a JSON object"},
        BadMap{"OtherFormat", R"({"format":2})", "site map: format: expected 1"},
        BadMap{"NoReplicas", R"({"format":1})", "site map: replicas: expected a list"},
        BadMap{"BadId", with_replicas("[" + replica("-1", "http://h", "[]") + "]"),
               "site map: replicas[0].id: expected a number in 0..4294967295"},
        BadMap{"TwiceTheSameId",
               with_replicas("[" + replica("1", "http://h", "[]") + "," +
                             replica("1", "http://i", "[]") + "]"),
               "site map: replicas[1].id: 1 is given twice"},
        BadMap{"NoScheme", with_replicas("[" + replica("1", "h:5000", "[]") + "]"),
               "site map: replicas[0].url: \"h:5000\", expected http://host:port or "
               "https://host:port"},
        BadMap{"Credentials", with_replicas("[" + replica("1", "http://u:p@h", "[]") + "]"),
               "site map: replicas[0].url: \"http://u:p@h\", expected http://host:port or "
               "https://host:port"},
        BadMap{
            "BadSource", with_replicas("[" + replica("1", "http://h", R"(["a b"])") + "]"),
            "site map: replicas[0].sources[0]: source: \"a b\", expected host or host:port, with "
            "http:// in front if it is plain HTTP"},
        BadMap{"Deep", std::string(9, '['), "site map: 9 bytes, expected at most 1 MiB, 8 deep"}),
    [](const auto& test) { return test.param.name; });

}  // namespace
}  // namespace mirror
