#include <gtest/gtest.h>

#include "coordinator/domain/codec.h"
#include "tests/unit/coordinator/domain/world.h"

namespace coordinator {
namespace {

using namespace std::chrono_literals;

class EnrolTest : public ::testing::Test {
 protected:
  std::string refusal(const Enrol& command) {
    const State before = world_.state;
    const Decision decision = world_.run(command);
    EXPECT_EQ(world_.state, before);
    return decision.refusal.text;
  }

  const Site& site() { return *world_.state.sites.find(site_); }
  std::string address(const Node* node) {
    return addresses_of(*world_.state.sites.find(node->site), node->offset)[0].text();
  }

  World world_;
  model::NetworkId network_ = world_.make_network();
  model::SiteId site_ = world_.make_site(network_, "fra");
  model::TokenId token_ = world_.make_token(site_);
  std::string token_text_ = model::text_of(token_);
};

TEST_F(EnrolTest, GivesAddressesOfBothFamiliesFromTheSitesBlocks) {
  const Node* node = world_.join(token_, 1);

  const auto addresses = addresses_of(site(), node->offset);
  ASSERT_EQ(addresses.size(), 2U);
  EXPECT_EQ(addresses[0].text(), "10.192.0.1");
  EXPECT_TRUE(site().prefixes[1].contains(addresses[1]));
  EXPECT_EQ(addresses[1].bytes()[0], 0xfd);
}

TEST_F(EnrolTest, SameIdentityIsTheSameNodeAndConsumesNothing) {
  const Node first = *world_.join(token_, 1);
  const State before = world_.state;

  const Decision again = world_.run(World::enrol(token_, 1));

  EXPECT_TRUE(again.ok());
  EXPECT_EQ(again.subject, (Subject{SubjectKind::Node, first.id.value}));
  EXPECT_TRUE(again.events.empty());
  EXPECT_EQ(world_.state, before);
}

TEST_F(EnrolTest, SameIdentityMayComeBackWithATokenThatIsUsedUpOrExpired) {
  const model::TokenId once = world_.make_token(site_, 1);
  const Node* node = world_.join(once, 1);
  world_.circumstances.now = world_.circumstances.now + 48h;

  const Decision again = world_.run(World::enrol(once, 1));

  EXPECT_TRUE(again.ok()) << again.refusal.text;
  EXPECT_EQ(again.subject.id, node->id.value);
}

TEST_F(EnrolTest, SameIdentityBringsItsNewKeyAndPort) {
  const model::NodeId id = world_.join(token_, 1)->id;
  Enrol again = World::enrol(token_, 1);
  again.joiner.wireguard_key.bytes[31] = 9;
  again.joiner.listen_port = 40000;

  world_.join(again);

  const Node& node = *world_.state.nodes.find(id);
  EXPECT_EQ(node.listen_port, 40000);
  EXPECT_EQ(node.wireguard_key, again.joiner.wireguard_key);
  EXPECT_EQ(world_.state.nodes.size(), 1U);
  ASSERT_EQ(world_.touched.size(), 1U);
  EXPECT_EQ(world_.touched[0].fact, fact_of(node, site()));
}

TEST_F(EnrolTest, UsesOfATokenAreCountedDown) {
  const model::TokenId two = world_.make_token(site_, 2);
  world_.join(two, 1);
  world_.join(two, 2);

  EXPECT_EQ(refusal(World::enrol(two, 3)),
            "token: " + model::text_of(two) + " is used up: it was good for 2 servers");
}

TEST_F(EnrolTest, UnknownTokenIsRefused) {
  EXPECT_EQ(refusal(World::enrol({0xabc}, 1)),
            "token: 0000000000000abc is not known to this coordinator");
}

TEST_F(EnrolTest, WrongSecretIsRefusedBeforeAnythingElseIsTold) {
  world_.run(RevokeToken{token_});
  Enrol command = World::enrol(token_, 1);
  command.secret_hash = digest_of(8);

  EXPECT_EQ(refusal(command),
            "token: " + token_text_ + " has another secret: it is mistyped or was tampered with");
}

TEST_F(EnrolTest, RevokedTokenIsRefused) {
  world_.run(RevokeToken{token_});

  EXPECT_EQ(refusal(World::enrol(token_, 1)), "token: " + token_text_ + " was revoked");
}

TEST_F(EnrolTest, ExpiredTokenIsRefused) {
  world_.circumstances.now = world_.circumstances.now + 24h;

  EXPECT_EQ(refusal(World::enrol(token_, 1)),
            "token: " + token_text_ + " expired at 2025-11-25T16:00:00Z");
}

TEST_F(EnrolTest, WrongNetworkIsRefused) {
  Enrol command = World::enrol(token_, 1);
  command.joiner.network = "prod";

  EXPECT_EQ(refusal(command),
            "network: \"prod\" was expected, but the token is for network \"default\"");
}

TEST_F(EnrolTest, OverlappingLocalRouteIsRefusedAndNamed) {
  Enrol command = World::enrol(token_, 1);
  command.joiner.local_prefixes = {prefix("0.0.0.0/0"), prefix("192.168.0.0/16"),
                                   prefix("10.200.0.0/16")};

  EXPECT_EQ(refusal(command),
            "local_prefixes[2]: 10.200.0.0/16 is a route of this server and overlaps 10.192.0.0/12 "
            "of network \"default\"");
}

TEST_F(EnrolTest, CopiedDiskIsRefusedAndNamed) {
  world_.join(token_, 1);
  Enrol clone = World::enrol(token_, 1);
  clone.joiner.machine_id = "another";

  EXPECT_EQ(
      refusal(clone),
      "identity_key: this server has the identity of node \"host-1\", which joined from "
      "another machine: its disk looks like a copy; run 'linkspan leave' here and join again");
}

TEST_F(EnrolTest, ForeignWireguardKeyIsRefused) {
  world_.join(token_, 1);
  Enrol thief = World::enrol(token_, 2);
  thief.joiner.wireguard_key = World::enrol(token_, 1).joiner.wireguard_key;

  EXPECT_EQ(refusal(thief), "wireguard_key: is the key of node \"host-1\"");
}

TEST_F(EnrolTest, SecondGatewayOfASiteIsRefused) {
  const model::TokenId gateways = world_.make_token(site_, 2, model::Role::Gateway);
  world_.join(gateways, 1);

  EXPECT_EQ(refusal(World::enrol(gateways, 2)),
            "token: site \"fra\" has its gateway already; more than one is not served yet");
}

TEST_F(EnrolTest, TokenOfAnotherSiteDoesNotMoveANode) {
  world_.join(token_, 1);
  const model::TokenId other = world_.make_token(world_.make_site(network_, "ams"));

  EXPECT_EQ(refusal(World::enrol(other, 1)),
            "token: is for a member of site \"ams\", but this server is a member of site \"fra\": "
            "leave first");
}

TEST_F(EnrolTest, GatewayIsReachedWhereItWasSeenUnlessItSaysOtherwise) {
  const model::TokenId gateway = world_.make_token(site_, 1, model::Role::Gateway);
  const Node* seen = world_.join(gateway, 1);
  ASSERT_EQ(seen->public_endpoints.size(), 1U);
  EXPECT_EQ(seen->public_endpoints[0].text(), "192.0.2.9:51820");

  Enrol again = World::enrol(gateway, 1);
  again.joiner.public_endpoint = base::Endpoint::parse("198.51.100.4:4500").value();
  EXPECT_EQ(world_.join(again)->public_endpoints[0].text(), "198.51.100.4:4500");
}

class UpdateTest : public EnrolTest {
 protected:
  const Node& node() { return *world_.state.nodes.find(id_); }
  UpdateNode update() {
    return {.id = id_,
            .listen_port = node().listen_port,
            .lan_addresses = node().lan_addresses,
            .public_endpoint = std::nullopt,
            .observed = base::Address::v4(192U << 24U | 2U << 8U | 9U)};
  }
  void make_gateway() {
    id_ = world_.join(world_.make_token(site_, 1, model::Role::Gateway), 2)->id;
    ASSERT_EQ(endpoint(), "192.0.2.9:51820");
  }
  std::string endpoint() {
    return node().public_endpoints.size() == 1 ? node().public_endpoints[0].text() : "";
  }

  model::NodeId id_ = world_.join(token_, 1)->id;
};

TEST_F(UpdateTest, NewLanAddressReachesTheViewsAndTheAuditLog) {
  UpdateNode command = update();
  command.lan_addresses = {base::Address::v4(0xc0a80063)};
  command.listen_port = 4500;

  ASSERT_TRUE(world_.run(command).ok());

  EXPECT_EQ(node().lan_addresses, command.lan_addresses);
  EXPECT_EQ(node().listen_port, 4500);
  EXPECT_TRUE(node().public_endpoints.empty());
  ASSERT_EQ(world_.touched.size(), 1U);
  EXPECT_EQ(world_.touched[0].fact, fact_of(node(), site()));
  const AuditEntry& entry = std::prev(world_.state.audit.end())->second;
  EXPECT_EQ(entry.action, "node.update");
  EXPECT_EQ(entry.target, "node " + model::text_of(id_));
}

TEST_F(UpdateTest, SameAgainIsNoEvent) {
  UpdateNode command = update();
  command.lan_addresses.push_back(command.lan_addresses.front());
  command.observed = base::Address::v4(0xc0a80063);

  const Decision decision = world_.run(command);

  EXPECT_TRUE(decision.ok());
  EXPECT_TRUE(decision.events.empty());
}

TEST_F(UpdateTest, GatewayIsReachedWhereItIsSeenNow) {
  make_gateway();
  UpdateNode command = update();
  command.observed = base::Address::v4(203U << 24U | 113U << 8U | 5U);

  ASSERT_TRUE(world_.run(command).ok());

  EXPECT_EQ(endpoint(), "203.0.113.5:51820");
}

TEST_F(UpdateTest, ConfiguredEndpointWins) {
  make_gateway();
  UpdateNode command = update();
  command.public_endpoint = base::Endpoint::parse("198.51.100.4:4500").value();

  ASSERT_TRUE(world_.run(command).ok());

  EXPECT_EQ(endpoint(), "198.51.100.4:4500");
}

TEST_F(UpdateTest, WhatIsSeenFromInsideOrOverTheOtherFamilyReplacesNothing) {
  make_gateway();
  for (const char* const seen : {"127.0.0.1", "10.192.0.9", "2001:db8::9"}) {
    UpdateNode command = update();
    command.observed = base::Address::parse(seen).value();

    ASSERT_TRUE(world_.run(command).ok());

    EXPECT_EQ(endpoint(), "192.0.2.9:51820") << seen;
  }
}

TEST_F(UpdateTest, NewPortIsTheEndpointsAsWell) {
  make_gateway();
  UpdateNode command = update();
  command.listen_port = 4500;
  command.observed = base::Address::parse("2001:db8::9").value();

  ASSERT_TRUE(world_.run(command).ok());

  EXPECT_EQ(endpoint(), "192.0.2.9:4500");
}

TEST_F(UpdateTest, NodeThatIsGoneIsRefused) {
  const UpdateNode command = update();
  world_.run(RemoveNode{id_});

  EXPECT_EQ(world_.run(command).refusal.code, base::Errc::NotFound);
}

TEST_F(EnrolTest, NameThatIsTakenGetsTheNextNumber) {
  std::vector<std::string> names;
  for (std::uint32_t n = 1; n <= 4; ++n) {
    Enrol command = World::enrol(token_, n);
    command.joiner.name = "gpu";
    names.push_back(world_.join(command)->name);
  }

  EXPECT_EQ(names, (std::vector<std::string>{"gpu", "gpu-2", "gpu-3", "gpu-4"}));
}

TEST_F(EnrolTest, LongNameIsCutToMakeRoomForItsNumber) {
  const std::string name(63, 'a');
  Enrol command = World::enrol(token_, 1);
  command.joiner.name = name;
  world_.join(command);
  command = World::enrol(token_, 2);
  command.joiner.name = name;

  EXPECT_EQ(world_.join(command)->name, std::string(55, 'a') + "-2");
}

TEST_F(EnrolTest, NodeThatComesBackGetsItsAddressEvenFromQuarantine) {
  const Node first = *world_.join(token_, 1);
  world_.join(token_, 2);
  world_.run(RemoveNode{first.id});

  const Node* back = world_.join(token_, 1);

  EXPECT_EQ(back->offset, first.offset);
  EXPECT_NE(back->id, first.id);
}

TEST_F(EnrolTest, FreshAddressesGoBeforeReleasedOnes) {
  const Node* first = world_.join(token_, 1);
  world_.run(RemoveNode{first->id});
  world_.circumstances.now = world_.circumstances.now + 23h;

  EXPECT_EQ(world_.join(token_, 2)->offset, 2U);
}

class SmallSiteTest : public EnrolTest {
 protected:
  // A /30 has two usable addresses.
  model::SiteId small_ = world_.make_site(network_, "small", {prefix("10.193.0.0/30")});
  model::TokenId small_token_ = world_.make_token(small_);
};

TEST_F(SmallSiteTest, FullSiteSaysWhenTheNextAddressIsFree) {
  world_.join(small_token_, 1);
  const model::NodeId second = world_.join(small_token_, 2)->id;
  EXPECT_EQ(refusal(World::enrol(small_token_, 3)),
            "site: \"small\" has no free address: 2 nodes fit, all are held or in quarantine");

  world_.run(RemoveNode{second});
  world_.circumstances.now = world_.circumstances.now + 1h;

  EXPECT_EQ(refusal(World::enrol(small_token_, 3)),
            "site: \"small\" has no free address: 2 nodes fit, all are held or in quarantine, next "
            "free in 82801 s");
}

TEST_F(SmallSiteTest, ReleasedAddressIsGivenToOthersAfterItsQuarantine) {
  world_.circumstances.quarantine = 10s;
  world_.join(small_token_, 1);
  const model::NodeId second = world_.join(small_token_, 2)->id;
  world_.run(RemoveNode{second});
  world_.circumstances.now = world_.circumstances.now + 10s;

  EXPECT_EQ(world_.join(small_token_, 3)->offset, 2U);
}

TEST_F(SmallSiteTest, TheOneFreeForLongestIsGivenFirst) {
  world_.circumstances.quarantine = 10s;
  const model::NodeId first = world_.join(small_token_, 1)->id;
  const model::NodeId second = world_.join(small_token_, 2)->id;
  world_.run(RemoveNode{second});
  world_.circumstances.now = world_.circumstances.now + 1s;
  world_.run(RemoveNode{first});
  world_.circumstances.now = world_.circumstances.now + 60s;

  EXPECT_EQ(world_.join(small_token_, 3)->offset, 2U);
  EXPECT_EQ(world_.join(small_token_, 4)->offset, 1U);
}

TEST_F(EnrolTest, MeshIsRefusedAboveItsLimit) {
  const model::NetworkId mesh = world_.make_network("mesh", model::Topology::Mesh);
  const model::TokenId token = world_.make_token(world_.make_site(mesh, "all"));
  for (std::uint32_t n = 0; n < kMeshNodesMax; ++n) {
    ASSERT_NE(world_.join(token, n), nullptr);
  }

  EXPECT_EQ(refusal(World::enrol(token, 9999)),
            "token: network \"mesh\" is a mesh and has 500 nodes, the most a mesh may have");
}

TEST_F(EnrolTest, EveryChangeIsInTheAuditLog) {
  const Node* node = world_.join(token_, 1);

  const AuditEntry& entry = std::prev(world_.state.audit.end())->second;
  EXPECT_EQ(entry.action, "node.enrol");
  EXPECT_EQ(entry.target, "node " + model::text_of(node->id));
  EXPECT_EQ(entry.actor, "test");
  EXPECT_EQ(entry.remote, "192.0.2.1");
}

TEST_F(EnrolTest, JoinsDoNotPushOperatorsOutOfTheAuditLog) {
  const auto note = [&](const std::string& actor) {
    begin_record(world_.state);
    const auto status = apply_event(
        world_.state,
        Audited{{.id = 0, .at = {}, .actor = actor, .remote = "", .action = "a", .target = ""}},
        nullptr);
    ASSERT_TRUE(status.ok());
    world_.state.commit();
  };
  note("api key alice (1)");
  const std::uint64_t of_alice = std::prev(world_.state.audit.end())->first;
  for (std::size_t i = 0; i < kNodeAuditMax + 5; ++i) {
    note(i % 2 == 0 ? "token 7" : "node 8");
  }

  EXPECT_TRUE(world_.state.audit.contains(of_alice));
  EXPECT_EQ(world_.state.node_audit.size(), kNodeAuditMax);
  EXPECT_EQ(world_.state.audit.size(),
            world_.state.node_audit.size() + world_.state.operator_audit.size());
}

TEST_F(EnrolTest, ParkedCopyIsWrittenDownWithBothAddresses) {
  const model::NodeId id = world_.join(token_, 1)->id;

  const Decision decision =
      world_.run(Request{NoteCopy{id, "192.0.2.1"}, "node x", "198.51.100.9", std::nullopt});

  ASSERT_TRUE(decision.ok());
  const AuditEntry& entry = std::prev(world_.state.audit.end())->second;
  EXPECT_EQ(entry.action, "node.copy-parked");
  EXPECT_EQ(entry.remote, "198.51.100.9");
  EXPECT_EQ(entry.target, "node " + model::text_of(id) + ", alive at 192.0.2.1");
}

// --- What one view holds ---

class RoomTest : public EnrolTest {
 protected:
  // As if so much were there.
  void pretend(std::uint32_t nodes, std::uint64_t site_bytes, std::uint64_t shared_bytes) {
    State& state = world_.state;
    state.site_use.put(site_, {.nodes = nodes, .fact_bytes = site_bytes});
    Use use = *state.network_use.find(network_);
    use.fact_bytes = shared_bytes;
    state.network_use.put(network_, use);
    state.commit();
  }
};

TEST_F(RoomTest, SiteTakesItsLastMemberAndNoMore) {
  pretend(kSiteMembersMax - 1, 0, 0);
  ASSERT_NE(world_.join(token_, 1), nullptr);

  EXPECT_EQ(refusal(World::enrol(token_, 2)),
            "site: \"fra\" has 100000 members, the most a site may have: make another site");
  EXPECT_NE(world_.join(world_.make_token(site_, 1, model::Role::Gateway), 3), nullptr)
      << "what carries its traffic still may come";
}

TEST_F(RoomTest, MembersThatWeighMoreThanAFrameHoldsAreRefused) {
  const Node* node = world_.join(token_, 1);
  const std::size_t bytes = fact_bytes_of(*node, site());
  pretend(7, kMemberFactsBytesMax - bytes, 0);
  ASSERT_NE(world_.join(token_, 2), nullptr) << "of the same weight";

  EXPECT_EQ(refusal(World::enrol(token_, 3)),
            "site: \"fra\" has 8 members of 12582912 bytes, which each of them has to hold, and "
            "this adds " +
                std::to_string(bytes) + ": at most 12582912; make another site");

  Enrol heavier = World::enrol(token_, 2);
  heavier.joiner.lan_addresses.push_back(base::Address::parse("192.0.2.77").value());
  EXPECT_NE(refusal(heavier).find("and this adds 5: at most"), std::string::npos)
      << refusal(heavier);
  EXPECT_TRUE(world_.run(World::enrol(token_, 2)).ok());
}

TEST_F(RoomTest, WhatEveryNodeHoldsIsBoundedToo) {
  pretend(0, 0, kSharedFactsBytesMax);
  const std::string full =
      "\"default\" has 3145728 bytes of sites, gateways and replicas, which "
      "every node has to hold, and this adds ";

  EXPECT_NE(refusal(World::enrol(world_.make_token(site_, 1, model::Role::Gateway), 1)).find(full),
            std::string::npos);
  const Decision site = world_.run(CreateSite{network_, "ams", {}, false});
  EXPECT_NE(site.refusal.text.find(full), std::string::npos);
  CreateReplica replica;
  replica.network = network_;
  replica.site = site_;
  replica.url = "http://192.0.2.1";
  replica.sources = {"docker.io"};
  EXPECT_NE(world_.run(replica).refusal.text.find(full), std::string::npos);
  EXPECT_NE(world_.join(token_, 1), nullptr);
}

TEST_F(RoomTest, WeightsFollowWhatComesChangesAndGoes) {
  const auto shared = [&] { return world_.state.network_use.find(network_)->fact_bytes; };
  const auto members = [&] { return world_.state.site_use.find(site_)->fact_bytes; };
  const std::uint64_t before = shared();
  world_.join(token_, 1);
  world_.join(World::enrol(world_.make_token(site_, 1, model::Role::Gateway), 2));
  Enrol changed = World::enrol(token_, 1);
  changed.joiner.lan_addresses.push_back(base::Address::parse("192.0.2.77").value());
  const Node member = *world_.join(changed);
  EXPECT_EQ(members(), fact_bytes_of(member, site()));
  EXPECT_GT(shared(), before);
  const auto decoded = decode_snapshot(encode_snapshot(world_.state));
  ASSERT_TRUE(decoded.ok());
  EXPECT_EQ(decoded.value(), world_.state);

  for (const model::NodeId id : {model::NodeId{1}, model::NodeId{2}}) {
    ASSERT_TRUE(world_.run(RemoveNode{id}).ok());
  }

  EXPECT_EQ(members(), 0U);
  EXPECT_EQ(shared(), before);
}

}  // namespace
}  // namespace coordinator
