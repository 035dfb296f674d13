#include "overlay/plan/endpoint.h"

#include <algorithm>
#include <bit>
#include <tuple>

namespace plan {
namespace {

bool may_carry_tunnel(const base::Address& address, std::span<const base::Prefix> barred) {
  return !address.is_unspecified() && !address.is_loopback() && !address.is_link_local() &&
         std::ranges::none_of(barred, [&](const auto& prefix) { return prefix.contains(address); });
}

bool has_family(const model::NodeFact& node, base::Family family) {
  return std::ranges::any_of(node.lan_addresses,
                             [&](const auto& address) { return address.family() == family; });
}

}  // namespace

int common_bits(const base::Address& a, const base::Address& b) {
  if (a.family() != b.family()) {
    return 0;
  }
  int bits = 0;
  for (std::size_t i = 0; i < a.bytes().size(); ++i) {
    const auto differs = static_cast<std::uint8_t>(a.bytes()[i] ^ b.bytes()[i]);
    bits += std::countl_zero(differs);
    if (differs != 0) {
      break;
    }
  }
  return bits;
}

std::optional<base::Address> choose_native_hop(const model::NodeFact& self,
                                               const model::NodeFact& peer, base::Family family,
                                               std::span<const base::Prefix> barred) {
  std::optional<base::Address> best;
  int best_bits = -1;
  for (const auto& candidate : peer.lan_addresses) {
    if (candidate.family() != family || !may_carry_tunnel(candidate, barred)) {
      continue;
    }
    int bits = 0;
    for (const auto& own : self.lan_addresses) {
      bits = std::max(bits, common_bits(own, candidate));
    }
    if (bits > best_bits) {
      best = candidate;
      best_bits = bits;
    }
  }
  return best;
}

std::optional<base::Address> choose_lan_address(const model::NodeFact& self,
                                                const model::NodeFact& peer,
                                                std::span<const base::Prefix> barred) {
  const auto v4 = choose_native_hop(self, peer, base::Family::V4, barred);
  const auto v6 = choose_native_hop(self, peer, base::Family::V6, barred);
  const bool is_v4_useful = has_family(self, base::Family::V4) || !v6.has_value();
  return v4.has_value() && is_v4_useful ? v4 : v6;
}

std::optional<base::Endpoint> choose_public_endpoint(const model::NodeFact& self,
                                                     const model::NodeFact& peer,
                                                     std::span<const base::Prefix> barred) {
  std::optional<base::Endpoint> fallback;
  for (const auto& endpoint : peer.public_endpoints) {  // IPv4 sorts first
    if (!may_carry_tunnel(endpoint.address, barred)) {
      continue;
    }
    if (has_family(self, endpoint.address.family())) {
      return endpoint;
    }
    if (!fallback.has_value()) {
      fallback = endpoint;
    }
  }
  return fallback;
}

}  // namespace plan
