// What people and nodes ask of the coordinator. A command is a wish: decide() turns it into events
// or into a refusal that says why.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "coordinator/domain/records.h"
#include "overlay/crypto/digest.h"
#include "overlay/crypto/keys.h"
#include "overlay/model/ids.h"

namespace coordinator {

inline constexpr std::uint16_t kMtuDefault = 1420;
inline constexpr std::uint16_t kKeepaliveSecondsDefault = 25;
inline constexpr std::uint32_t kTokenUsesMax = 1'000'000;
inline constexpr base::Duration kTokenLifetimeDefault = std::chrono::hours(24);
inline constexpr base::Duration kTokenLifetimeMax = std::chrono::hours(24 * 366);

struct CreateNetwork {
  std::string name;
  model::Topology topology = model::Topology::Site;
  // Empty: 10.192.0.0/12 and a random ULA /48 (RFC 4193). Else at most one of each family.
  std::vector<base::Prefix> prefixes;
  std::uint16_t mtu = kMtuDefault;
  std::uint16_t keepalive_s = kKeepaliveSecondsDefault;
};
struct RemoveNetwork {
  model::NetworkId id;
};
// What the network's views say now is meant, also where it removes most of what agents hold.
struct ConfirmRemovals {
  model::NetworkId id;
  std::uint64_t epoch = 0;  // of the log's history that was looked at
};

struct CreateSite {
  model::NetworkId network;
  std::string name;
  std::vector<base::Prefix> prefixes;  // empty: the next free /20 and /64 of the network's
  bool is_lan_native = false;
};
struct RemoveSite {
  model::SiteId id;
};

struct CreateToken {
  model::NetworkId network;
  model::SiteId site;
  model::Role role = model::Role::Member;
  std::uint32_t uses = 1;
  base::Duration lifetime = kTokenLifetimeDefault;
  Labels labels;
  crypto::Digest256
      secret_hash{};  // model::token_hash() of the secret, which the domain never sees
};
struct RevokeToken {
  model::TokenId id;
};

// What a server says about itself: model::EnrolRequest without the token's secret.
struct Joiner {
  crypto::IdentityPublicKey identity_key;
  crypto::WireguardPublicKey wireguard_key;
  std::string name;  // wanted
  std::string machine_id;
  std::string boot_id;
  std::uint16_t listen_port = 0;
  std::vector<base::Address> lan_addresses;
  std::optional<base::Endpoint> public_endpoint;
  std::vector<base::Prefix> local_prefixes;
  std::optional<std::string> network;  // expected
  std::string agent_version;
};

// A server wants to be a node. The shell has checked the request's signature by the identity key
// that it names.
struct Enrol {
  model::TokenId token;
  crypto::Digest256 secret_hash{};  // of the secret that was presented
  Joiner joiner;
  base::Address observed;  // where the request came from
};

// A node is reached elsewhere than before. By its own, signed, wish.
struct UpdateNode {
  model::NodeId id;
  std::uint16_t listen_port = 0;
  std::vector<base::Address> lan_addresses;
  std::optional<base::Endpoint> public_endpoint;  // configured
  base::Address observed;                         // where the request came from
};

// A node goes by its own wish, or is put out.
struct RemoveNode {
  model::NodeId id;
};

// A copy of the node's disk asked while the node was alive; only the audit log hears of it.
struct NoteCopy {
  model::NodeId id;
  std::string alive_at;  // where the node itself was heard from
};

struct CreateReplica {
  model::NetworkId network;
  model::SiteId site;
  std::string url;
  std::vector<std::string> sources;
};
struct RemoveReplica {
  model::ReplicaId id;
};

struct CreateApiKey {
  std::string name;
  KeyRole role = KeyRole::Viewer;
  crypto::Digest256 secret_hash{};
  std::optional<model::ApiKeyId> id;  // set only for the key file of a data directory
};
struct RevokeApiKey {
  model::ApiKeyId id;
};

using Command = std::variant<CreateNetwork, RemoveNetwork, CreateSite, RemoveSite, CreateToken,
                             RevokeToken, Enrol, UpdateNode, RemoveNode, CreateReplica,
                             RemoveReplica, CreateApiKey, RevokeApiKey, ConfirmRemovals, NoteCopy>;

// A command, who gives it, and under which Idempotency-Key.
struct Request {
  Command command;
  std::string actor;
  std::string remote;
  struct IdempotencyKey {
    crypto::Digest256 key{};
    crypto::Digest256 request{};
  };
  std::optional<IdempotencyKey> idempotency;
};

}  // namespace coordinator
