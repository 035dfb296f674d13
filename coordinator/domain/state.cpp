#include "coordinator/domain/state.h"

#include <algorithm>
#include <limits>

namespace coordinator {
namespace {

// Calls `act` with every table and cell.
template <typename S, typename Act>
void for_each_part(S& state, Act act) {
  act(state.sequence);
  act(state.counters);
  act(state.networks);
  act(state.sites);
  act(state.nodes);
  act(state.tokens);
  act(state.replicas);
  act(state.api_keys);
  act(state.audit);
  act(state.tombstones);
  act(state.idempotency);
  act(state.released);
  act(state.retired_blocks);
  act(state.name_suffixes);
  act(state.confirmations);
  act(state.network_by_name);
  act(state.site_by_name);
  act(state.node_by_name);
  act(state.node_by_identity);
  act(state.node_by_wireguard_key);
  act(state.node_by_offset);
  act(state.gateways);
  act(state.released_by_identity);
  act(state.node_audit);
  act(state.operator_audit);
  act(state.token_by_expiry);
  act(state.idempotency_by_expiry);
  act(state.network_use);
  act(state.site_use);
}

}  // namespace

void State::commit() {
  for_each_part(*this, [](auto& part) { part.commit(); });
}

void State::roll_back() {
  for_each_part(*this, [](auto& part) { part.roll_back(); });
}

std::size_t fact_bytes_of(const model::Fact& fact) {
  constexpr std::size_t kChangeBytes = 5;  // around it in an update
  return kChangeBytes + model::encode(fact).size();
}

std::size_t fact_bytes_of(const Node& node, const Site& site) {
  return fact_bytes_of(fact_of(node, site)) +
         (node.role == model::Role::Gateway ? fact_bytes_of(gateway_fact_of(node)) : 0);
}

std::vector<base::Address> addresses_of(const Site& site, std::uint32_t offset) {
  std::vector<base::Address> addresses;
  for (const base::Prefix& prefix : site.prefixes) {
    addresses.push_back(prefix.address().plus(offset));
  }
  return addresses;
}

std::uint32_t pool_size(const Site& site) {
  std::uint64_t size = site.prefixes.empty() ? 0 : std::numeric_limits<std::uint32_t>::max() - 1;
  for (const base::Prefix& prefix : site.prefixes) {
    // The first address names the network (IPv6: its routers, RFC 4291, 2.6.1), the last of IPv4 is
    // the broadcast address; routers on the way may treat both so.
    const std::uint64_t reserved = prefix.family() == base::Family::V4 ? 2 : 1;
    size = std::min(size, prefix.size() > reserved ? prefix.size() - reserved : 0);
  }
  return static_cast<std::uint32_t>(size);
}

model::Fact fact_of(const Network& network) {
  model::Fact fact = model::NetworkFact{.id = network.id,
                                        .name = network.name,
                                        .topology = network.topology,
                                        .prefixes = network.prefixes,
                                        .pod_prefixes = {},
                                        .mtu = network.mtu,
                                        .keepalive_s = network.keepalive_s};
  model::canonicalise(fact);
  return fact;
}

model::Fact fact_of(const Site& site) {
  model::Fact fact = model::SiteFact{.id = site.id,
                                     .name = site.name,
                                     .prefixes = site.prefixes,
                                     .pod_prefixes = {},
                                     .is_lan_native = site.is_lan_native};
  model::canonicalise(fact);
  return fact;
}

model::Fact fact_of(const Replica& replica) {
  model::Fact fact = model::ReplicaFact{
      .id = replica.id, .site = replica.site, .url = replica.url, .sources = replica.sources};
  model::canonicalise(fact);
  return fact;
}

model::Fact fact_of(const Node& node, const Site& site) {
  model::Fact fact = model::NodeFact{.id = node.id,
                                     .site = node.site,
                                     .name = node.name,
                                     .role = node.role,
                                     .key = node.wireguard_key,
                                     .addresses = addresses_of(site, node.offset),
                                     .pods = {},
                                     .listen_port = node.listen_port,
                                     .lan_addresses = node.lan_addresses,
                                     .public_endpoints = node.public_endpoints};
  model::canonicalise(fact);
  return fact;
}

model::Fact gateway_fact_of(const Node& node) {
  return model::GatewayFact{.node = node.id, .site = node.site, .rank = node.rank};
}

}  // namespace coordinator
