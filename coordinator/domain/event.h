// What happened. Events are facts about the past: they are applied, never refused, and every value
// that was chosen (ids, addresses, names, times) is in them, so that whoever applies the same
// events gets the same state.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "coordinator/domain/records.h"

namespace coordinator {

struct NetworkCreated {
  Network network;
  friend bool operator==(const NetworkCreated&, const NetworkCreated&) = default;
};
struct NetworkRemoved {
  model::NetworkId id;
  friend bool operator==(const NetworkRemoved&, const NetworkRemoved&) = default;
};
struct SiteCreated {
  Site site;
  friend bool operator==(const SiteCreated&, const SiteCreated&) = default;
};
struct SiteRemoved {
  model::SiteId id;
  friend bool operator==(const SiteRemoved&, const SiteRemoved&) = default;
};
struct TokenCreated {
  Token token;
  friend bool operator==(const TokenCreated&, const TokenCreated&) = default;
};
struct TokenRevoked {
  model::TokenId id;
  friend bool operator==(const TokenRevoked&, const TokenRevoked&) = default;
};
// A token that was of no use any more is forgotten.
struct TokenForgotten {
  model::TokenId id;
  friend bool operator==(const TokenForgotten&, const TokenForgotten&) = default;
};
// Also takes one use of `node.token`, and `node.offset` from the site's free ones.
struct NodeEnrolled {
  Node node;
  // Not 0 when the name it wanted was taken: then node.name ends in "-" and this number.
  std::uint32_t name_suffix = 0;
  friend bool operator==(const NodeEnrolled&, const NodeEnrolled&) = default;
};
// The node enrolled again and brought something new, or is reached elsewhere.
struct NodeUpdated {
  model::NodeId id;
  crypto::WireguardPublicKey wireguard_key;
  std::uint16_t listen_port = 0;
  std::vector<base::Address> lan_addresses;
  std::vector<base::Endpoint> public_endpoints;
  std::string boot_id;
  std::string agent_version;
  friend bool operator==(const NodeUpdated&, const NodeUpdated&) = default;
};
// Its offset is free from `at` on, and in quarantine first.
struct NodeRemoved {
  model::NodeId id;
  base::WallTime at;
  friend bool operator==(const NodeRemoved&, const NodeRemoved&) = default;
};
struct ReplicaCreated {
  Replica replica;
  friend bool operator==(const ReplicaCreated&, const ReplicaCreated&) = default;
};
struct ReplicaRemoved {
  model::ReplicaId id;
  friend bool operator==(const ReplicaRemoved&, const ReplicaRemoved&) = default;
};
struct ApiKeyCreated {
  ApiKey key;
  friend bool operator==(const ApiKeyCreated&, const ApiKeyCreated&) = default;
};
struct ApiKeyRevoked {
  model::ApiKeyId id;
  friend bool operator==(const ApiKeyRevoked&, const ApiKeyRevoked&) = default;
};
// Who asked for the events before this one. `entry.id` is given by apply().
struct Audited {
  AuditEntry entry;
  friend bool operator==(const Audited&, const Audited&) = default;
};
struct IdempotencyKept {
  Idempotency entry;
  friend bool operator==(const IdempotencyKept&, const IdempotencyKept&) = default;
};
// Whoever followed a view of the network before this may drop whatever is not in it now.
struct RemovalsConfirmed {
  model::NetworkId network;
  std::uint64_t epoch = 0;  // does not count in another: that may have lost what was looked at
  friend bool operator==(const RemovalsConfirmed&, const RemovalsConfirmed&) = default;
};

// The order is the encoding: append at the end, never reorder.
using Event = std::variant<NetworkCreated, NetworkRemoved, SiteCreated, SiteRemoved, TokenCreated,
                           TokenRevoked, TokenForgotten, NodeEnrolled, NodeUpdated, NodeRemoved,
                           ReplicaCreated, ReplicaRemoved, ApiKeyCreated, ApiKeyRevoked, Audited,
                           IdempotencyKept, RemovalsConfirmed>;

// One entry of the log: what one coordinator decided in one go.
struct Record {
  std::uint64_t writer = 0;  // random, one per coordinator process
  std::uint64_t batch = 0;  // counts this writer's records: tells it whether a lost reply was a yes
  base::WallTime at;
  std::vector<Event> events;

  friend bool operator==(const Record&, const Record&) = default;
};

}  // namespace coordinator
