#include "overlay/model/membership.h"

#include <set>

#include <gtest/gtest.h>

#include "tests/unit/overlay/model/random_facts.h"

namespace model {
namespace {

constexpr NetworkId kNetwork{1};
const std::vector<SiteId> kSites{SiteId{1}, SiteId{2}, SiteId{3}};

// The keys that a view of the small network holds, as text.
std::set<std::string> held(const ViewId& view, Topology topology) {
  std::set<std::string> keys;
  for (const FactChange& change : small_network()) {
    if (holds(view, topology, *change.fact)) {
      const std::string text = change.key.text();
      const std::size_t zeros = text.find(" 000000000000000");
      keys.insert(zeros == std::string::npos ? text
                                             : text.substr(0, zeros + 1) + text.substr(zeros + 16));
    }
  }
  return keys;
}

TEST(MembershipTest, AMemberHoldsItsOwnSiteAndOnlySummariesOfOthers) {
  EXPECT_EQ(held({kNetwork, SiteId{1}, Role::Member}, Topology::Site),
            (std::set<std::string>{"network 1", "site 1", "site 2", "node 1", "node 2", "node 3",
                                   "gateway 1", "replica 1", "replica 2"}));
}

TEST(MembershipTest, AGatewayAlsoHoldsAllGatewaysWithTheirNodes) {
  EXPECT_EQ(held({kNetwork, SiteId{2}, Role::Gateway}, Topology::Site),
            (std::set<std::string>{"network 1", "site 1", "site 2", "node 1", "node 4", "node 5",
                                   "gateway 1", "gateway 4", "replica 1", "replica 2"}));
}

TEST(MembershipTest, ASpokeHoldsTheGatewaysOfItsSiteAndItself) {
  EXPECT_EQ(held({kNetwork, SiteId{1}, Role::Spoke}, Topology::Site),
            (std::set<std::string>{"network 1", "site 1", "site 2", "node 1", "gateway 1",
                                   "replica 1", "replica 2"}));
}

TEST(MembershipTest, InAMeshEverybodyHoldsEverything) {
  const ViewId view = view_of(kNetwork, Topology::Mesh, SiteId{2}, Role::Gateway);

  EXPECT_EQ(view.text(), "1/0/member");
  EXPECT_EQ(held(view, Topology::Mesh).size(), small_network().size());
}

TEST(MembershipTest, AMemberIsWrittenOnlyIntoViewsOfItsSite) {
  RandomFacts random(1);
  NodeFact member = random.node(NodeId{9});
  member.site = SiteId{2};
  member.role = Role::Member;

  const auto views = views_of(member, kNetwork, Topology::Site, kSites);

  ASSERT_EQ(views.size(), 2U);
  EXPECT_EQ(views[0].text(), "1/2/member");
  EXPECT_EQ(views[1].text(), "1/2/gateway");
}

TEST(MembershipTest, ViewsOfAgreesWithHoldsForEveryFact) {
  RandomFacts random(2);
  for (int i = 0; i < 500; ++i) {
    const Fact fact = random.fact(100);
    std::vector<ViewId> expected;
    for (const std::uint32_t site : {1U, 2U, 3U, 4U}) {
      for (const Role role : {Role::Member, Role::Gateway, Role::Spoke}) {
        const ViewId view{kNetwork, SiteId{site}, role};
        if (holds(view, Topology::Site, fact)) {
          expected.push_back(view);
        }
      }
    }
    const std::vector<SiteId> sites{SiteId{1}, SiteId{2}, SiteId{3}, SiteId{4}};
    EXPECT_EQ(views_of(fact, kNetwork, Topology::Site, sites), expected);
  }
}

// Whatever happens to facts, a view that is told change_for() each time holds what holds() says.
TEST(MembershipTest, ChangesKeepEveryViewExact) {
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    RandomFacts random(seed);
    View all;
    std::map<ViewId, View> views;
    for (int step = 0; step < 100; ++step) {
      const FactChange change = random.change(8);
      const Fact* held_before = all.find(change.key);
      const auto before = held_before == nullptr ? std::nullopt : std::optional(*held_before);
      ASSERT_TRUE(all.apply(std::vector{change}).ok());
      for (const Role role : {Role::Member, Role::Gateway, Role::Spoke}) {
        for (const SiteId site : kSites) {
          const ViewId id{kNetwork, site, role};
          if (auto told = change_for(id, Topology::Site, before, change.fact)) {
            ASSERT_TRUE(views[id].apply(std::vector{*told}).ok());
          }
        }
      }
    }
    for (const auto& [id, view] : views) {
      for (const auto& [key, fact] : all.facts()) {
        EXPECT_EQ(view.find(key) != nullptr, holds(id, Topology::Site, fact));
      }
      for (const auto& [key, fact] : view.facts()) {
        EXPECT_NE(all.find(key), nullptr);
      }
    }
  }
}

TEST(MembershipTest, AnUnchangedFactIsNoChange) {
  RandomFacts random(3);
  const Fact fact = random.site(SiteId{1});

  EXPECT_FALSE(
      change_for({kNetwork, SiteId{1}, Role::Member}, Topology::Site, fact, fact).has_value());
}

}  // namespace
}  // namespace model
