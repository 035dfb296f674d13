#include "coordinator/domain/codec.h"

#include <gtest/gtest.h>

#include "tests/unit/coordinator/domain/world.h"

namespace coordinator {
namespace {

// A world in which every kind of record is.
World full_world() {
  World world;
  const model::NetworkId network = world.make_network();
  const model::SiteId site = world.make_site(network, "fra");
  const model::TokenId token = world.make_token(site, 5);
  world.join(world.make_token(site, 1, model::Role::Gateway), 1);
  const model::NodeId gone = world.join(token, 2)->id;
  Enrol twin = World::enrol(token, 3);
  twin.joiner.name = "host-1";
  world.join(twin);
  world.run(RemoveNode{gone});
  world.run(CreateReplica{network, site, "http://r:5000", {"docker.io"}});
  world.run(CreateApiKey{.name = "k", .role = KeyRole::Operator, .secret_hash = {}, .id = {}});
  const model::SiteId old = world.make_site(network, "old");
  world.run(RemoveNode{world.join(world.make_token(old), 4)->id});
  world.run(RemoveSite{old});
  CreateNetwork again;
  again.name = "again";
  world.run(Request{again, "a", "b", Request::IdempotencyKey{digest_of(1), digest_of(2)}});
  world.run(RevokeToken{token});
  world.run(ConfirmRemovals{network, 77});
  return world;
}

Record record_with_every_event() {
  World world;
  const model::NetworkId network = world.make_network();
  const model::SiteId site = world.make_site(network, "fra");
  const Node node = *world.join(world.make_token(site), 1);
  Record record{.writer = 7, .batch = 8, .at = {9}, .events = {}};
  record.events = {
      NetworkCreated{*world.state.networks.find(network)},
      NetworkRemoved{network},
      SiteCreated{*world.state.sites.find(site)},
      SiteRemoved{site},
      TokenCreated{world.state.tokens.begin()->second},
      TokenRevoked{{5}},
      TokenForgotten{{6}},
      NodeEnrolled{node, 3},
      NodeUpdated{.id = node.id,
                  .wireguard_key = node.wireguard_key,
                  .listen_port = 1,
                  .lan_addresses = node.lan_addresses,
                  .public_endpoints = {},
                  .boot_id = "b",
                  .agent_version = "v"},
      NodeRemoved{node.id, {10}},
      ReplicaCreated{Replica{.id = {1},
                             .network = network,
                             .site = site,
                             .url = "http://r",
                             .sources = {"a", "b"},
                             .created_at = {1},
                             .changed_at = 2}},
      ReplicaRemoved{{1}},
      ApiKeyCreated{ApiKey{.id = {2}, .name = "k", .role = KeyRole::Admin, .created_at = {3}}},
      ApiKeyRevoked{{2}},
      Audited{world.state.audit.begin()->second},
      IdempotencyKept{{.key = digest_of(1),
                       .request = digest_of(2),
                       .subject = {SubjectKind::Node, 4},
                       .expires_at = {5}}},
      RemovalsConfirmed{network, 6}};
  return record;
}

TEST(RecordCodecTest, EveryEventComesBack) {
  const Record record = record_with_every_event();
  ASSERT_EQ(record.events.size(), std::variant_size_v<Event>);

  const auto decoded = decode_record(encode(record));

  ASSERT_TRUE(decoded.ok()) << decoded.error().text();
  EXPECT_EQ(decoded.value(), record);
}

TEST(RecordCodecTest, EveryPrefixIsTruncated) {
  const auto bytes = encode(record_with_every_event());
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    const auto decoded = decode_record(std::span(bytes).first(size));
    ASSERT_FALSE(decoded.ok());
    EXPECT_EQ(decoded.error().code(), base::Errc::Truncated) << size;
  }
}

TEST(RecordCodecTest, RefusesWhatItDoesNotKnow) {
  auto bytes = encode(Record{.writer = 1, .batch = 2, .at = {3}, .events = {TokenRevoked{{4}}}});
  auto newer = bytes;
  newer[0] = 2;
  EXPECT_EQ(decode_record(newer).error().text(), "record: offset 0: version 2, expected 1");
  auto unknown = bytes;
  unknown[27] = 99;
  EXPECT_EQ(decode_record(unknown).error().text(), "record: offset 27: kind 99, expected 0..16");
  auto trailing = bytes;
  trailing.push_back(0);
  EXPECT_EQ(decode_record(trailing).error().text(), "record: 1 bytes after the end at offset 36");
}

TEST(SnapshotCodecTest, StateComesBackWithItsIndexes) {
  const World world = full_world();

  const auto decoded = decode_snapshot(encode_snapshot(world.state));

  ASSERT_TRUE(decoded.ok()) << decoded.error().text();
  EXPECT_TRUE(decoded.value() == world.state);
}

TEST(SnapshotCodecTest, VersionOneHasNoConfirmationsAndIsStillRead) {
  World world = full_world();
  world.state.confirmations.erase(world.state.networks.begin()->first);
  auto bytes = encode_snapshot(world.state);
  bytes[0] = 1;
  bytes.resize(bytes.size() - sizeof(std::uint32_t));

  const auto decoded = decode_snapshot(bytes);

  ASSERT_TRUE(decoded.ok()) << decoded.error().text();
  EXPECT_TRUE(decoded.value() == world.state);
}

TEST(SnapshotCodecTest, EveryPrefixIsRefused) {
  const auto bytes = encode_snapshot(full_world().state);
  for (std::size_t size = 0; size < bytes.size(); size += 7) {
    EXPECT_FALSE(decode_snapshot(std::span(bytes).first(size)).ok()) << size;
  }
}

TEST(SnapshotCodecTest, CountersBelowTheIdsInUseAreRefused) {
  World world = full_world();
  Counters counters = world.state.counters.get();
  counters.node = 1;
  world.state.counters.put(counters);

  const auto decoded = decode_snapshot(encode_snapshot(world.state));

  ASSERT_FALSE(decoded.ok());
  EXPECT_NE(decoded.error().text().find("not above the ids in use"), std::string::npos);
}

TEST(ApplyTest, RollBackUndoesAPartlyAppliedRecord) {
  World world = full_world();
  const State before = world.state;
  const Record contradictory{
      .writer = 1,
      .batch = 1,
      .at = {1},
      .events = {NodeRemoved{world.state.nodes.begin()->first, {5}}, NodeRemoved{{999}, {5}}}};

  const auto status = apply(world.state, contradictory, nullptr);

  ASSERT_FALSE(status.ok());
  EXPECT_NE(status.error().text().find("event 1: node 999 does not exist"), std::string::npos)
      << status.error().text();
  world.state.roll_back();
  EXPECT_TRUE(world.state == before);
}

TEST(ApplyTest, SameRecordsGiveTheSameState) {
  World world;
  std::vector<Record> records;
  const auto run = [&](Command command) {
    const Decision decision = decide(world.state, {std::move(command), "a", "b", std::nullopt},
                                     world.circumstances, world.random);
    records.push_back({.writer = 1, .batch = 1, .at = {1}, .events = decision.events});
    ASSERT_TRUE(apply(world.state, records.back(), nullptr).ok());
    world.state.commit();
  };
  CreateNetwork network;
  network.name = "n";
  run(network);
  run(CreateSite{{1}, "s", {}, false});
  CreateToken token;
  token.network = {1};
  token.site = {1};
  token.uses = 9;
  token.secret_hash = digest_of(7);
  run(token);
  for (std::uint32_t n = 0; n < 5; ++n) {
    run(World::enrol(world.state.tokens.begin()->first, n));
  }
  run(RemoveNode{{3}});

  State other;
  for (const Record& record : records) {
    ASSERT_TRUE(apply(other, decode_record(encode(record)).value(), nullptr).ok());
  }

  EXPECT_TRUE(other == world.state);
}

}  // namespace
}  // namespace coordinator
