#include "overlay/model/ids.h"

#include <array>

#include "overlay/base/hex.h"

namespace model {
namespace {

constexpr std::size_t kIdDigits = 16;

std::string hex_of(std::uint64_t value) {
  std::array<std::uint8_t, 8> bytes{};
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    bytes[i] = static_cast<std::uint8_t>(value >> (56 - 8 * i));
  }
  return base::hex_encode(bytes);
}

base::Result<std::uint64_t> parse_hex(std::string_view text) {
  std::uint64_t value = 0;
  if (text.size() == kIdDigits) {
    if (const auto bytes = base::hex_decode(text); bytes.ok()) {
      for (const std::uint8_t byte : bytes.value()) {
        value = value << 8 | byte;
      }
    }
  }
  if (value == 0) {
    return base::Error(
        base::Errc::Malformed,
        "\"" + std::string(text.substr(0, 64)) + "\", expected 16 lower-case hex digits, not zero");
  }
  return value;
}

template <typename Id>
base::Result<Id> parse_id(std::string_view text) {
  const auto value = parse_hex(text);
  if (!value.ok()) {
    return value.error();
  }
  return Id{value.value()};
}

base::Error unknown(std::string_view text, std::string_view expected) {
  return base::Error(base::Errc::Malformed, "\"" + std::string(text.substr(0, 64)) +
                                                "\", expected " + std::string(expected));
}

}  // namespace

std::string text_of(NodeId id) {
  return hex_of(id.value);
}
std::string text_of(TokenId id) {
  return hex_of(id.value);
}
std::string text_of(ApiKeyId id) {
  return hex_of(id.value);
}

base::Result<NodeId> parse_node_id(std::string_view text) {
  return parse_id<NodeId>(text);
}
base::Result<TokenId> parse_token_id(std::string_view text) {
  return parse_id<TokenId>(text);
}
base::Result<ApiKeyId> parse_api_key_id(std::string_view text) {
  return parse_id<ApiKeyId>(text);
}

std::string_view name_of(Role role) {
  switch (role) {
    case Role::Member:
      return "member";
    case Role::Gateway:
      return "gateway";
    case Role::Spoke:
      return "spoke";
  }
  return "unknown";
}

std::string_view name_of(Topology topology) {
  switch (topology) {
    case Topology::Site:
      return "site";
    case Topology::Mesh:
      return "mesh";
  }
  return "unknown";
}

base::Result<Role> parse_role(std::string_view text) {
  for (const Role role : {Role::Member, Role::Gateway, Role::Spoke}) {
    if (text == name_of(role)) {
      return role;
    }
  }
  return unknown(text, "member, gateway or spoke");
}

base::Result<Topology> parse_topology(std::string_view text) {
  for (const Topology topology : {Topology::Site, Topology::Mesh}) {
    if (text == name_of(topology)) {
      return topology;
    }
  }
  return unknown(text, "site or mesh");
}

}  // namespace model
