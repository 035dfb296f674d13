#include "overlay/model/view.h"

#include <gtest/gtest.h>

#include "tests/unit/overlay/model/random_facts.h"

namespace model {
namespace {

TEST(ViewIdTest, TextComesBack) {
  const ViewId id{NetworkId{1}, SiteId{2}, Role::Gateway};

  EXPECT_EQ(id.text(), "1/2/gateway");
  EXPECT_EQ(ViewId::parse("1/2/gateway").value(), id);
  EXPECT_EQ(ViewId::parse("1/0/member").value(), (ViewId{NetworkId{1}, SiteId{}, Role::Member}));
}

TEST(ViewIdTest, WhatIsNoViewIsRefused) {
  EXPECT_EQ(ViewId::parse("1/2").error().text(), "\"1/2\", expected NETWORK/SITE/ROLE");
  EXPECT_EQ(ViewId::parse("x/2/member").error().text(), "network: \"x\", expected a number");
  EXPECT_EQ(ViewId::parse("1/02/member").error().text(), "site: \"02\", expected a number");
  EXPECT_EQ(ViewId::parse("1/2/member/3").error().text(),
            "role: \"member/3\", expected member, gateway or spoke");
  EXPECT_FALSE(ViewId::parse("4294967296/2/member").ok());
}

TEST(ViewTest, FindsFactsByKindAndId) {
  View view;
  ASSERT_TRUE(view.apply(small_network()).ok());

  ASSERT_NE(view.network(), nullptr);
  EXPECT_EQ(view.network()->name, "lab");
  EXPECT_EQ(view.site(SiteId{2})->name, "basalt");
  EXPECT_EQ(view.node(NodeId{5})->name, "host-5");
  EXPECT_EQ(view.gateway(NodeId{4})->site, SiteId{2});
  EXPECT_EQ(view.replica(ReplicaId{1})->sources, std::vector<std::string>{"images.lab:5000"});
  EXPECT_EQ(view.sites().size(), 2U);
  EXPECT_EQ(view.nodes().size(), 5U);
  EXPECT_EQ(view.gateways().size(), 2U);
  EXPECT_EQ(view.replicas().size(), 2U);
  EXPECT_EQ(view.nodes().front()->id, NodeId{1});
  EXPECT_EQ(view.node(NodeId{99}), nullptr);
  EXPECT_EQ(view.gateway(NodeId{5}), nullptr);
  EXPECT_EQ(View().network(), nullptr);
}

TEST(ViewTest, ALaterFactReplacesTheEarlierOne) {
  View view;
  ASSERT_TRUE(view.apply(small_network()).ok());
  NodeFact moved = *view.node(NodeId{5});
  moved.listen_port = 4500;

  ASSERT_TRUE(view.apply(std::vector{upsert(moved)}).ok());

  EXPECT_EQ(view.node(NodeId{5})->listen_port, 4500);
  EXPECT_EQ(view.nodes().size(), 5U);
}

TEST(ViewTest, RemovingWhatIsNotThereIsHarmless) {
  View view;
  ASSERT_TRUE(view.apply(small_network()).ok());
  const StateHash before = view.hash();

  EXPECT_TRUE(view.apply(std::vector{removal({FactKind::Node, 99})}).ok());

  EXPECT_EQ(view.hash(), before);
}

TEST(ViewTest, RemovingEverythingGivesTheEmptyHash) {
  View view;
  ASSERT_TRUE(view.apply(small_network()).ok());
  std::vector<FactChange> removals;
  for (const auto& [key, fact] : view.facts()) {
    removals.push_back(removal(key));
  }

  ASSERT_TRUE(view.apply(removals).ok());

  EXPECT_TRUE(view.empty());
  EXPECT_EQ(view.hash(), StateHash());
}

TEST(ViewTest, OneBadChangeUndoesAllOfThem) {
  View view;
  ASSERT_TRUE(view.apply(small_network()).ok());
  const View before = view;
  NodeFact changed = *view.node(NodeId{2});
  changed.name = "renamed";
  NodeFact bad = *view.node(NodeId{3});
  bad.name = "";

  const auto status =
      view.apply(std::vector{upsert(changed), removal({FactKind::Node, 5}), upsert(bad)});

  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().text(),
            "node 0000000000000003: name: \"\", expected 1..63 of a-z, 0-9 and inner hyphens");
  EXPECT_EQ(view.facts(), before.facts());
  EXPECT_EQ(view.hash(), before.hash());
}

TEST(ViewTest, AWrongHashUndoesTheChanges) {
  View view;
  ASSERT_TRUE(view.apply(small_network()).ok());
  const View before = view;

  const auto status = view.apply(std::vector{removal({FactKind::Node, 5})}, before.hash());

  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code(), base::Errc::Conflict);
  EXPECT_EQ(view.facts(), before.facts());
  EXPECT_EQ(view.hash(), before.hash());
}

TEST(ViewTest, AFactUnderAnotherKeyIsRefused) {
  View view;
  FactChange change = upsert(GatewayFact{NodeId{1}, SiteId{1}, 0});
  change.key = {FactKind::Node, 1};

  EXPECT_EQ(view.apply(std::vector{change}).error().text(),
            "node 0000000000000001: the fact is of gateway 0000000000000001");
}

TEST(ViewTest, ListsAreMadeCanonical) {
  View view;
  SiteFact site{.id = SiteId{1}, .name = "amber"};
  site.prefixes = {base::Prefix::parse("fd00::/64").value(),
                   base::Prefix::parse("10.0.0.0/20").value()};

  ASSERT_TRUE(view.apply(std::vector{upsert(site)}).ok());

  EXPECT_EQ(view.site(SiteId{1})->prefixes.front().text(), "10.0.0.0/20");
}

// The strongest statement about deltas: however the changes are cut into deltas, compacted or
// repeated, whoever follows them holds exactly what a snapshot would give, and its hash.
class ViewSeedTest : public ::testing::TestWithParam<int> {};

TEST_P(ViewSeedTest, AnySequenceOfDeltasGivesTheSnapshotsFactsAndHash) {
  RandomFacts random(static_cast<std::uint64_t>(GetParam()));
  View source;
  View follower;
  std::vector<FactChange> backlog;
  for (int step = 0; step < 120; ++step) {
    const FactChange change = random.change(/*id_max=*/12);
    ASSERT_TRUE(source.apply(std::vector{change}).ok());
    backlog.push_back(change);
    if (random.below(4) != 0) {
      continue;
    }
    if (random.below(8) != 0) {
      ASSERT_TRUE(follower.apply(backlog, source.hash()).ok());
    } else {
      follower = View();
      ASSERT_TRUE(follower.apply(source.snapshot(), source.hash()).ok());
    }
    ASSERT_EQ(follower.facts(), source.facts());
    if (random.below(2) == 0) {
      backlog.clear();  // else the next delta begins before what the follower has
    }
  }
  StateHash from_scratch;
  for (const auto& [key, fact] : source.facts()) {
    from_scratch.add(encode(fact));
  }
  EXPECT_EQ(source.hash(), from_scratch);
}

INSTANTIATE_TEST_SUITE_P(Seeds, ViewSeedTest, ::testing::Range(1, 101));

}  // namespace
}  // namespace model
