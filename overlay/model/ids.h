// Strong names for numbers. Zero means "none" and is no object's id.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "overlay/base/result.h"

namespace model {

struct NetworkId {
  std::uint32_t value = 0;
  friend auto operator<=>(const NetworkId&, const NetworkId&) = default;
};
struct SiteId {
  std::uint32_t value = 0;
  friend auto operator<=>(const SiteId&, const SiteId&) = default;
};
struct ReplicaId {
  std::uint32_t value = 0;
  friend auto operator<=>(const ReplicaId&, const ReplicaId&) = default;
};
struct NodeId {
  std::uint64_t value = 0;
  friend auto operator<=>(const NodeId&, const NodeId&) = default;
};
struct TokenId {
  std::uint64_t value = 0;
  friend auto operator<=>(const TokenId&, const TokenId&) = default;
};
struct ApiKeyId {
  std::uint64_t value = 0;
  friend auto operator<=>(const ApiKeyId&, const ApiKeyId&) = default;
};

// 64-bit ids are written as 16 lower-case hex digits, in JSON as strings: JSON numbers lose bits
// above 2^53. 32-bit ids are JSON numbers.
std::string text_of(NodeId id);
std::string text_of(TokenId id);
std::string text_of(ApiKeyId id);
// Errors: Malformed. Zero is refused.
base::Result<NodeId> parse_node_id(std::string_view text);
base::Result<TokenId> parse_token_id(std::string_view text);
base::Result<ApiKeyId> parse_api_key_id(std::string_view text);

enum class Role : std::uint8_t { Member = 1, Gateway = 2, Spoke = 3 };
enum class Topology : std::uint8_t { Site = 1, Mesh = 2 };

// "member", "gateway", "spoke"; "site", "mesh".
std::string_view name_of(Role role);
std::string_view name_of(Topology topology);
// Errors: Malformed, listing what there is.
base::Result<Role> parse_role(std::string_view text);
base::Result<Topology> parse_topology(std::string_view text);

}  // namespace model
