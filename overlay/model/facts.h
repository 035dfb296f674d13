// Facts: the statements that the coordinator distributes. Each has exactly one byte form
// (PROTOCOL.md, 6), because the state hash is made of them.
//
// Lists in facts are sets: strictly ascending in the canonical form. IPv4 sorts before IPv6.
#pragma once

#include <compare>
#include <cstdint>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "overlay/base/ip.h"
#include "overlay/base/result.h"
#include "overlay/crypto/keys.h"
#include "overlay/model/ids.h"

namespace model {

inline constexpr std::size_t kFactPrefixesMax = 64;
inline constexpr std::size_t kFactAddressesMax = 32;
inline constexpr std::size_t kFactSourcesMax = 64;
inline constexpr std::size_t kFactBytesMax = 32U * 1024;
inline constexpr std::uint8_t kRanksMax = 4;    // gateways of one site
inline constexpr std::uint16_t kMtuMin = 1280;  // IPv6's least
inline constexpr std::uint16_t kMtuMax = 9216;
// NOLINTNEXTLINE(readability-identifier-naming): a bare number carries its unit last
inline constexpr std::uint16_t kKeepaliveMax_s = 3600;
// The base port leaves room for one port a rank.
inline constexpr std::uint16_t kListenPortMax = 65535 - (kRanksMax - 1);

enum class FactKind : std::uint8_t { Network = 1, Site = 2, Node = 3, Gateway = 4, Replica = 5 };

struct NetworkFact {
  NetworkId id{};
  std::string name{};
  Topology topology = Topology::Site;
  std::vector<base::Prefix> prefixes{};      // overlay addresses of all nodes, IPv4 and IPv6
  std::vector<base::Prefix> pod_prefixes{};  // may be empty
  std::uint16_t mtu = 1420;
  std::uint16_t keepalive_s = 25;  // 0: none

  friend bool operator==(const NetworkFact&, const NetworkFact&) = default;
};

struct SiteFact {
  SiteId id{};
  std::string name{};
  std::vector<base::Prefix> prefixes{};      // aggregates of its nodes' addresses
  std::vector<base::Prefix> pod_prefixes{};  // aggregates of its nodes' pods
  bool is_lan_native = false;                // members reach each other without WireGuard

  friend bool operator==(const SiteFact&, const SiteFact&) = default;
};

struct NodeFact {
  NodeId id{};
  SiteId site{};
  std::string name{};
  Role role = Role::Member;
  crypto::WireguardPublicKey key{};
  std::vector<base::Address> addresses{};  // on the overlay
  std::vector<base::Prefix> pods{};
  std::uint16_t listen_port = 51820;  // base; rank R listens on base + R
  std::vector<base::Address> lan_addresses{};
  std::vector<base::Endpoint> public_endpoints{};  // with the base port

  friend bool operator==(const NodeFact&, const NodeFact&) = default;
};

struct GatewayFact {
  NodeId node{};
  SiteId site{};
  std::uint8_t rank = 0;  // below kRanksMax

  friend bool operator==(const GatewayFact&, const GatewayFact&) = default;
};

struct ReplicaFact {
  ReplicaId id{};
  SiteId site{};
  std::string url{};
  std::vector<std::string> sources{};  // "docker.io", "images.lab:5000"

  friend bool operator==(const ReplicaFact&, const ReplicaFact&) = default;
};

using Fact = std::variant<NetworkFact, SiteFact, NodeFact, GatewayFact, ReplicaFact>;

// What a fact is about; a later fact with the same key replaces the earlier one. A gateway's id is
// its node's.
struct FactKey {
  FactKind kind = FactKind::Network;
  std::uint64_t id = 0;

  std::string text() const;  // "node 7"
  friend auto operator<=>(const FactKey&, const FactKey&) = default;
};

FactKey key_of(const Fact& fact);

// Sorts the lists and removes repetitions.
void canonicalise(Fact& fact);

// Ok if encode() may be called and decode_fact() will accept the result. Expects a canonical fact.
// Errors: Malformed: `node 7: listen_port: 0, expected 1..65532`.
base::Status check_fact(const Fact& fact);

// The canonical bytes. Requires check_fact(fact).ok().
std::vector<std::uint8_t> encode(const Fact& fact);

// Decodes exactly one fact and accepts nothing but canonical bytes, so encode() gives `bytes` back.
// Errors: Truncated, Malformed, saying offset, field and values. Allocates no more than the input
// can fill.
base::Result<Fact> decode_fact(std::span<const std::uint8_t> bytes);

}  // namespace model
