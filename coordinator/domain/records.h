// What the coordinator remembers: the records of its state, and the limits on them.
//
// Records are plain values. They are born in events, kept by State, and encoded by codec.h. Nothing
// here holds a secret: tokens and API keys are kept as BLAKE2b-256 of 32 random bytes, which cannot
// be searched for.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "overlay/base/ip.h"
#include "overlay/base/time.h"
#include "overlay/crypto/digest.h"
#include "overlay/crypto/keys.h"
#include "overlay/model/facts.h"
#include "overlay/model/ids.h"

namespace coordinator {

inline constexpr std::size_t kNetworksMax = 256;
inline constexpr std::size_t kSitesMax = 4096;       // of one network
inline constexpr std::size_t kReplicasMax = 4096;    // of one network
inline constexpr std::size_t kTokensMax = 100'000;   // alive or not, of all networks
inline constexpr std::size_t kNodesMax = 1'000'000;  // of all networks
inline constexpr std::size_t kMeshNodesMax = 500;    // of one mesh: everyone is everyone's peer
// A view is sent in one frame at first: what all sites share and the members of one site, each as
// its facts weigh uncompressed, fit one together.
inline constexpr std::size_t kSiteMembersMax = 100'000;         // of one site, gateways not counted
inline constexpr std::size_t kMemberFactsBytesMax = 12U << 20;  // of one site
inline constexpr std::size_t kSharedFactsBytesMax = 3U << 20;   // of one network
inline constexpr std::size_t kApiKeysMax = 1000;
// The newest that are kept: what nodes do, and what everybody else does, who are fewer and must not
// be pushed out by a burst of joins.
inline constexpr std::size_t kNodeAuditMax = 20'000;
inline constexpr std::size_t kOperatorAuditMax = 20'000;
inline constexpr std::size_t kIdempotencyMax = 10'000;  // the newest that are kept
inline constexpr std::size_t kTombstonesMax = 50'000;   // removed facts that deltas still name
// Labels are in every event that enrols a node: with these limits a whole batch of such events
// stays below what the log takes at once.
inline constexpr std::size_t kLabelsMax = 16;
inline constexpr std::size_t kLabelBytesMax = 253;  // of a label's name; its value has 63
inline constexpr std::size_t kPrefixesMax = 16;     // in any list of prefixes of a record
inline constexpr std::size_t kEndpointsMax = 32;    // in any list of addresses of a node
inline constexpr std::size_t kSourcesMax = 64;      // of a replica
inline constexpr std::size_t kTextBytesMax = 1024;  // any other text

// Names to values, as Kubernetes takes them.
using Labels = std::map<std::string, std::string>;

// Every record that becomes a fact carries `changed_at`: the log sequence of its latest change. It
// is written by apply(), whatever an event says, and is what deltas are computed from.

struct Network {
  model::NetworkId id;
  std::string name;
  model::Topology topology = model::Topology::Site;
  std::vector<base::Prefix> prefixes;      // overlay addresses: at most one of each family
  std::vector<base::Prefix> pod_prefixes;  // empty: no blocks of them are given to nodes yet
  std::uint16_t mtu = 0;
  std::uint16_t keepalive_s = 0;
  base::WallTime created_at;
  std::uint64_t changed_at = 0;

  friend bool operator==(const Network&, const Network&) = default;
};

// A site's addresses are the offsets 1..pool_size() into each of its prefixes; the node at offset
// k has the k-th address of every one.
struct Site {
  model::SiteId id;
  model::NetworkId network;
  std::string name;
  std::vector<base::Prefix> prefixes;  // at most one of each family
  bool is_lan_native = false;
  std::uint32_t next_offset = 1;  // offsets from here on have never been held
  base::WallTime created_at;
  std::uint64_t changed_at = 0;

  friend bool operator==(const Site&, const Site&) = default;
};

struct Node {
  model::NodeId id;
  model::NetworkId network;
  model::SiteId site;
  std::string name;
  model::Role role = model::Role::Member;
  std::uint8_t rank = 0;  // among its site's gateways; 0 for a member
  crypto::IdentityPublicKey identity_key;
  crypto::WireguardPublicKey wireguard_key;
  std::uint32_t offset = 0;
  base::WallTime offset_free_since;  // zero if nobody had held it before
  std::uint16_t listen_port = 0;
  std::vector<base::Address> lan_addresses;
  std::vector<base::Endpoint> public_endpoints;
  std::string machine_id;
  std::string boot_id;
  std::string agent_version;
  Labels labels;
  model::TokenId token;  // that it joined with
  base::WallTime joined_at;
  std::uint64_t changed_at = 0;

  friend bool operator==(const Node&, const Node&) = default;
};

struct Token {
  model::TokenId id;
  model::NetworkId network;
  model::SiteId site;
  model::Role role = model::Role::Member;
  crypto::Digest256 secret_hash{};
  std::uint32_t uses = 0;
  std::uint32_t uses_left = 0;
  bool is_revoked = false;
  Labels labels;  // that its nodes get
  base::WallTime created_at;
  base::WallTime expires_at;

  friend bool operator==(const Token&, const Token&) = default;
};

struct Replica {
  model::ReplicaId id;
  model::NetworkId network;
  model::SiteId site;
  std::string url;
  std::vector<std::string> sources;
  base::WallTime created_at;
  std::uint64_t changed_at = 0;

  friend bool operator==(const Replica&, const Replica&) = default;
};

// Each may do what the one before may.
enum class KeyRole : std::uint8_t {
  Viewer = 1,    // read
  Operator = 2,  // change networks, sites, tokens, nodes, replicas
  Admin = 3,     // change API keys
};

struct ApiKey {
  model::ApiKeyId id;
  std::string name;
  KeyRole role = KeyRole::Viewer;
  crypto::Digest256 secret_hash{};
  base::WallTime created_at;

  friend bool operator==(const ApiKey&, const ApiKey&) = default;
};

// One change, who asked for it and from where.
struct AuditEntry {
  std::uint64_t id = 0;  // grows by one from entry to entry
  base::WallTime at;
  std::string actor;   // "api key admin (1f…)", "token 1f…", "node 7"
  std::string remote;  // address that the request came from
  std::string action;  // "site.create"
  std::string target;  // "site 3"

  friend bool operator==(const AuditEntry&, const AuditEntry&) = default;
};

// What kind of thing a command made or changed.
enum class SubjectKind : std::uint8_t {
  None = 0,
  Network = 1,
  Site = 2,
  Token = 3,
  Node = 4,
  Replica = 5,
  ApiKey = 6,
};

struct Subject {
  SubjectKind kind = SubjectKind::None;
  std::uint64_t id = 0;

  friend bool operator==(const Subject&, const Subject&) = default;
};

// A create that carried an Idempotency-Key: the same key with the same request is answered with
// what it made, until `expires_at`.
struct Idempotency {
  crypto::Digest256 key{};      // of the API key's id and the Idempotency-Key header
  crypto::Digest256 request{};  // of method, path and body
  Subject subject;
  base::WallTime expires_at;

  friend bool operator==(const Idempotency&, const Idempotency&) = default;
};

// An offset of a site that nobody holds, in the order in which it will be given again.
struct ReleasedKey {
  model::SiteId site;
  base::WallTime at;  // when it was given back
  std::uint32_t offset = 0;

  friend auto operator<=>(const ReleasedKey&, const ReleasedKey&) = default;
};

// A fact that is gone, and which views had it.
struct Tombstone {
  std::uint64_t sequence = 0;  // of the log record that removed it
  model::FactKey key;
  model::NetworkId network;
  model::SiteId site;                      // of a node or gateway
  model::Role role = model::Role::Member;  // of a node or gateway

  friend bool operator==(const Tombstone&, const Tombstone&) = default;
};

// An operator's word that what a network's views said at `sequence` was meant.
struct Confirmation {
  std::uint64_t epoch = 0;
  std::uint64_t sequence = 0;

  friend bool operator==(const Confirmation&, const Confirmation&) = default;
};

// Where the next ids come from. Ids are never used twice.
struct Counters {
  std::uint32_t network = 1;
  std::uint32_t site = 1;
  std::uint64_t node = 1;
  std::uint32_t replica = 1;
  std::uint64_t audit = 1;
  std::uint64_t tombstone = 1;
  // Deltas from before this sequence cannot name every fact that was removed since.
  std::uint64_t tombstone_floor = 0;

  friend bool operator==(const Counters&, const Counters&) = default;
};

}  // namespace coordinator
