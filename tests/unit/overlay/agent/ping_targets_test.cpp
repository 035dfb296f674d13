#include "overlay/agent/ping_targets.h"

#include <gtest/gtest.h>

#include "tests/unit/overlay/agent/view_fixture.h"

namespace agent {
namespace {

model::FactChange gateway(std::uint64_t node, std::uint32_t site) {
  return model::upsert(model::GatewayFact{.node = {node}, .site = {site}, .rank = 0});
}

std::vector<std::string> names(const std::vector<FirstPing::Target>& targets) {
  std::vector<std::string> names;
  for (const auto& target : targets) {
    names.push_back(target.name);
  }
  return names;
}

class PingTargetsTest : public ::testing::Test {
 protected:
  void add(const std::vector<model::FactChange>& changes) {
    ASSERT_TRUE(view_.apply(changes).ok());
  }

  model::View view_;
};

TEST_F(PingTargetsTest, MemberAsksItsGatewayFirst) {
  add(test_site(2));
  add({model::upsert(test_node(150, model::Role::Gateway)), gateway(150, 1)});

  EXPECT_EQ(names(choose_ping_targets(view_, kTestSelf)),
            (std::vector<std::string>{"node-150", "node-101"}));
}

TEST_F(PingTargetsTest, GatewayAsksOtherSitesGatewaysFirst) {
  add(test_site(2));
  add({model::upsert(test_node(150, model::Role::Gateway)), gateway(150, 1),
       model::upsert(test_node(160, model::Role::Gateway, 2)), gateway(160, 2)});

  EXPECT_EQ(names(choose_ping_targets(view_, {150})),
            (std::vector<std::string>{"node-160", "node-100", "node-101"}));
}

TEST_F(PingTargetsTest, LonelyNodeHasNobodyToAsk) {
  add(test_site(1));

  EXPECT_TRUE(choose_ping_targets(view_, kTestSelf).empty());
}

TEST_F(PingTargetsTest, NodeOutsideTheViewHasNobodyToAsk) {
  add(test_site(3));

  EXPECT_TRUE(choose_ping_targets(view_, {999}).empty());
}

TEST_F(PingTargetsTest, TargetsAreBounded) {
  add(test_site(50));

  EXPECT_EQ(choose_ping_targets(view_, kTestSelf).size(), FirstPing::kTargetsMax);
}

}  // namespace
}  // namespace agent
