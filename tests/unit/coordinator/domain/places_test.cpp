#include <gtest/gtest.h>

#include "tests/unit/coordinator/domain/world.h"

namespace coordinator {
namespace {

using namespace std::chrono_literals;

class PlacesTest : public ::testing::Test {
 protected:
  template <typename T>
  std::string refusal(T command) {
    const State before = world_.state;
    const Decision decision = world_.run(std::move(command));
    EXPECT_EQ(world_.state, before);
    return decision.refusal.text;
  }

  World world_;
};

CreateNetwork network_with(std::vector<base::Prefix> prefixes) {
  CreateNetwork command;
  command.name = "n";
  command.prefixes = std::move(prefixes);
  return command;
}

TEST_F(PlacesTest, NetworkGetsDefaultRanges) {
  const Network& network = *world_.state.networks.find(world_.make_network());

  ASSERT_EQ(network.prefixes.size(), 2U);
  EXPECT_EQ(network.prefixes[0].text(), "10.192.0.0/12");
  EXPECT_EQ(network.prefixes[1].length(), 48);
  EXPECT_EQ(network.prefixes[1].address().bytes()[0], 0xfd);
}

TEST_F(PlacesTest, NetworksAreRefusedWithTheFieldAndTheReason) {
  world_.make_network("taken");
  CreateNetwork taken;
  taken.name = "taken";
  EXPECT_EQ(refusal(taken), "name: \"taken\" exists already");

  CreateNetwork small = network_with({});
  small.mtu = 1000;
  EXPECT_EQ(refusal(small), "mtu: 1000, expected 1280..9216");
  EXPECT_EQ(refusal(network_with({prefix("10.0.0.0/30")})),
            "prefixes[0]: 10.0.0.0/30, expected a length of 8..26");
  EXPECT_EQ(refusal(network_with({prefix("127.0.0.0/16")})),
            "prefixes[0]: 127.0.0.0/16, expected unicast addresses that are not loopback or "
            "link-local");
  EXPECT_EQ(refusal(network_with({prefix("10.0.0.0/16"), prefix("10.1.0.0/16")})),
            "prefixes: expected at most one IPv4 and one IPv6 prefix");
}

TEST_F(PlacesTest, SitesGetTheNextFreeBlocks) {
  const model::NetworkId network = world_.make_network();
  const model::SiteId a = world_.make_site(network, "a");
  world_.make_site(network, "b", {prefix("10.192.16.0/20")});
  const model::SiteId c = world_.make_site(network, "c");

  EXPECT_EQ(world_.state.sites.find(a)->prefixes[0].text(), "10.192.0.0/20");
  EXPECT_EQ(world_.state.sites.find(c)->prefixes[0].text(), "10.192.32.0/20");
  EXPECT_EQ(world_.state.sites.find(c)->prefixes[1].length(), 64);
}

TEST_F(PlacesTest, SitesAreRefusedWithTheFieldAndTheReason) {
  const model::NetworkId network = world_.make_network();
  world_.make_site(network, "a");

  EXPECT_EQ(refusal(CreateSite{{9}, "x", {}, false}), "network: 9 does not exist");
  EXPECT_EQ(refusal(CreateSite{network, "a", {}, false}),
            "name: \"a\" exists already in network \"default\"");
  EXPECT_EQ(refusal(CreateSite{network, "b", {prefix("10.0.0.0/20")}, false}),
            "prefixes[0]: 10.0.0.0/20 is not within the prefixes of network \"default\"");
  EXPECT_EQ(refusal(CreateSite{network, "b", {prefix("10.192.8.0/21")}, false}),
            "prefixes[0]: 10.192.8.0/21 overlaps 10.192.0.0/20 of site \"a\"");
}

TEST_F(PlacesTest, FullNetworkRefusesAnotherSite) {
  CreateNetwork command = network_with({prefix("10.0.0.0/26")});
  const model::NetworkId network{static_cast<std::uint32_t>(world_.run(command).subject.id)};
  for (int i = 0; i < 16; ++i) {
    world_.make_site(network, "s" + std::to_string(i));
  }

  EXPECT_EQ(
      refusal(CreateSite{network, "one-more", {}, false}),
      "network: 10.0.0.0/26 of network \"n\" has no free block of /30: give prefixes, or make "
      "a larger network");
}

TEST_F(PlacesTest, BlockOfARemovedSiteIsInQuarantineLikeItsAddresses) {
  const model::NetworkId network = world_.make_network();
  const model::SiteId a = world_.make_site(network, "a");
  world_.run(RemoveNode{world_.join(world_.make_token(a), 1)->id});
  world_.run(RemoveSite{a});

  EXPECT_EQ(refusal(CreateSite{network, "b", {prefix("10.192.0.0/20")}, false}),
            "prefixes[0]: 10.192.0.0/20 overlaps 10.192.0.0/20 of a removed site, which is in "
            "quarantine");
  const model::SiteId b = world_.make_site(network, "b");
  EXPECT_EQ(world_.state.sites.find(b)->prefixes[0].text(), "10.192.16.0/20");

  world_.circumstances.now = world_.circumstances.now + 24h;
  const model::SiteId c = world_.make_site(network, "c");
  EXPECT_EQ(world_.state.sites.find(c)->prefixes[0].text(), "10.192.0.0/20");
}

TEST_F(PlacesTest, WhatIsInUseIsNotRemoved) {
  const model::NetworkId network = world_.make_network();
  const model::SiteId site = world_.make_site(network, "a");
  world_.join(world_.make_token(site), 1);

  EXPECT_EQ(refusal(RemoveNetwork{network}),
            "network: \"default\" still has 1 site, remove them first");
  EXPECT_EQ(refusal(RemoveSite{site}),
            "site: \"a\" still has 1 node and 0 replicas, remove them first");
}

TEST_F(PlacesTest, RemovingASiteForgetsItsTokens) {
  const model::NetworkId network = world_.make_network();
  const model::SiteId site = world_.make_site(network, "a");
  world_.make_token(site);
  world_.make_token(site);

  EXPECT_TRUE(world_.run(RemoveSite{site}).ok());
  EXPECT_TRUE(world_.state.tokens.empty());
  EXPECT_TRUE(world_.run(RemoveNetwork{network}).ok());
}

TEST_F(PlacesTest, ReplicasAreRefusedWithTheFieldAndTheReason) {
  const model::NetworkId network = world_.make_network();
  const model::SiteId site = world_.make_site(network, "a");

  EXPECT_EQ(refusal(CreateReplica{network, {7}, "http://r:5000", {"docker.io"}}),
            "site: 7 does not exist");
  EXPECT_EQ(refusal(CreateReplica{network, site, "http://r:5000", {}}),
            "sources: expected 1..64 names of registries");
  EXPECT_TRUE(world_.run(CreateReplica{network, site, "http://r:5000", {"docker.io"}}).ok());
}

TEST_F(PlacesTest, SameIdempotencyKeyMakesOneThing) {
  CreateNetwork command;
  command.name = "n";
  Request request{command, "test", "", Request::IdempotencyKey{digest_of(1), digest_of(2)}};
  const Subject made = world_.run(request).subject;
  const State before = world_.state;

  const Decision again = world_.run(request);

  EXPECT_TRUE(again.ok());
  EXPECT_TRUE(again.is_replay);
  EXPECT_EQ(again.subject, made);
  EXPECT_EQ(world_.state, before);

  request.idempotency->request = digest_of(3);
  EXPECT_EQ(world_.run(request).refusal.text,
            "Idempotency-Key: was used for another request less than 24 h ago");
}

TEST_F(PlacesTest, LastAdminKeyIsNotRevoked) {
  CreateApiKey command{.name = "root", .role = KeyRole::Admin, .secret_hash = {}, .id = {}};
  const model::ApiKeyId id{world_.run(command).subject.id};

  EXPECT_EQ(refusal(RevokeApiKey{id}),
            "api key: " + model::text_of(id) + " is the last one with role admin");
  world_.run(command);
  EXPECT_TRUE(world_.run(RevokeApiKey{id}).ok());
}

TEST_F(PlacesTest, TokensAreRefusedWithTheFieldAndTheReason) {
  const model::NetworkId network = world_.make_network();
  CreateToken command;
  command.network = network;
  command.site = world_.make_site(network, "a");

  command.uses = 0;
  EXPECT_EQ(refusal(command), "uses: 0, expected 1..1000000");
  command.uses = 1;
  command.lifetime = 0s;
  EXPECT_EQ(refusal(command), "expires_in_s: 0, expected 1..31622400");
  command.lifetime = 1h;
  command.role = model::Role::Spoke;
  EXPECT_EQ(refusal(command),
            "role: \"spoke\" is not served yet, expected \"member\" or \"gateway\"");
  command.role = model::Role::Member;
  command.labels = {{"a b", "c"}};
  EXPECT_EQ(refusal(command),
            "labels.a b: expected a name of 1..253 letters, digits, '-', '_', '.' and '/'");
}

TEST_F(PlacesTest, TokensAreForgottenLongAfterTheyExpired) {
  const model::NetworkId network = world_.make_network();
  const model::SiteId site = world_.make_site(network, "a");
  const model::TokenId old = world_.make_token(site);
  world_.circumstances.now = world_.circumstances.now + 24h * 32;

  world_.make_token(site);

  EXPECT_FALSE(world_.state.tokens.contains(old));
  EXPECT_EQ(world_.state.tokens.size(), 1U);
}

}  // namespace
}  // namespace coordinator
