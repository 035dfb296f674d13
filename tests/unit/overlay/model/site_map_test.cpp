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

TEST(SiteMapTest, ReadsAsTheProtocolSays) {
  SiteMap map = lab_map();
  map.replicas.resize(1);

  EXPECT_EQ(encode(map), R"({
  "format": 1,
  "network": "lab",
  "site": "basalt",
  "node": "host-5",
  "replicas": [
    {
      "id": 1,
      "site": "amber",
      "url": "http://10.192.16.9:5000",
      "sources": [
        "images.lab:5000"
      ]
    }
  ]
}
)");
}

TEST(SiteMapTest, AtMostSoManyReplicasAreTaken) {
  View view;
  for (std::uint32_t id = 1; id <= kSiteMapReplicasMax + 1; ++id) {
    ASSERT_TRUE(
        view.apply(std::vector{upsert(ReplicaFact{ReplicaId{id}, SiteId{1}, "http://r", {"a"}})})
            .ok());
  }

  const SiteMap map = make_site_map(view, NodeId{1});

  EXPECT_EQ(map.replicas.size(), kSiteMapReplicasMax);
  EXPECT_EQ(map.replicas.front().site, "");
}

}  // namespace
}  // namespace model
