#include "coordinator/domain/indexing.h"

#include <algorithm>
#include <utility>

namespace coordinator {
namespace {

std::string number(std::uint64_t value) {
  return std::to_string(value);
}

// Reads, changes and puts back one count.
template <typename K, typename Change>
void change_use(Table<K, Use>& table, const K& key, Change change) {
  const Use* found = table.find(key);
  Use use = found == nullptr ? Use{} : *found;
  change(use);
  table.put(key, use);
}

bool fits(const std::vector<base::Prefix>& prefixes) {
  const auto family_count = [&](base::Family family) {
    return std::count_if(prefixes.begin(), prefixes.end(),
                         [&](const base::Prefix& prefix) { return prefix.family() == family; });
  };
  return !prefixes.empty() && family_count(base::Family::V4) <= 1 &&
         family_count(base::Family::V6) <= 1;
}

}  // namespace

base::Error damaged(std::string text) {
  return base::Error(base::Errc::Malformed, std::move(text));
}

void change_fact_bytes(State& state, const Node& node, std::size_t before, std::size_t after) {
  const auto change = [&](Use& use) { use.fact_bytes = use.fact_bytes + after - before; };
  if (node.role == model::Role::Gateway) {
    change_use(state.network_use, node.network, change);
  } else {
    change_use(state.site_use, node.site, change);
  }
}

base::Status add_network(State& state, const Network& network) {
  if (state.networks.contains(network.id)) {
    return damaged("network " + number(network.id.value) + " exists already");
  }
  if (state.network_by_name.contains(network.name)) {
    return damaged("network name \"" + network.name + "\" is taken");
  }
  if (!fits(network.prefixes)) {
    return damaged("network " + number(network.id.value) +
                   ": prefixes: one of each family at most");
  }
  if (const auto status = model::check_fact(fact_of(network)); !status.ok()) {
    return status.error();
  }
  state.networks.put(network.id, network);
  state.network_by_name.put(network.name, network.id);
  state.network_use.put(network.id, {});
  return {};
}

base::Status add_site(State& state, const Site& site) {
  const std::string where = "site " + number(site.id.value) + ": ";
  if (state.sites.contains(site.id)) {
    return damaged(where + "exists already");
  }
  if (!state.networks.contains(site.network)) {
    return damaged(where + "network " + number(site.network.value) + " does not exist");
  }
  if (state.site_by_name.contains({site.network, site.name})) {
    return damaged(where + "name \"" + site.name + "\" is taken");
  }
  if (!fits(site.prefixes) || site.next_offset < 1 || site.next_offset > pool_size(site) + 1) {
    return damaged(where + "prefixes do not hold its nodes");
  }
  if (const auto status = model::check_fact(fact_of(site)); !status.ok()) {
    return status.error();
  }
  state.sites.put(site.id, site);
  state.site_by_name.put({site.network, site.name}, site.id);
  state.site_use.put(site.id, {});
  change_use(state.network_use, site.network, [&](Use& use) {
    ++use.sites;
    use.fact_bytes += fact_bytes_of(fact_of(site));
  });
  return {};
}

base::Status add_node(State& state, const Node& node) {
  const std::string where = "node " + number(node.id.value) + ": ";
  const Site* site = state.sites.find(node.site);
  if (state.nodes.contains(node.id)) {
    return damaged(where + "exists already");
  }
  if (site == nullptr || site->network != node.network) {
    return damaged(where + "site " + number(node.site.value) + " is not in network " +
                   number(node.network.value));
  }
  if (state.node_by_name.contains({node.network, node.name})) {
    return damaged(where + "name \"" + node.name + "\" is taken");
  }
  if (state.node_by_identity.contains(node.identity_key)) {
    return damaged(where + "identity key is taken");
  }
  if (state.node_by_wireguard_key.contains(node.wireguard_key)) {
    return damaged(where + "WireGuard key is taken");
  }
  if (node.offset < 1 || node.offset >= site->next_offset ||
      state.node_by_offset.contains({node.site, node.offset})) {
    return damaged(where + "offset " + number(node.offset) + " is not free");
  }
  if (const auto status = model::check_fact(fact_of(node, *site)); !status.ok()) {
    return status.error();
  }
  if (const auto status = model::check_fact(gateway_fact_of(node)); !status.ok()) {
    return status.error();
  }
  state.nodes.put(node.id, node);
  state.node_by_name.put({node.network, node.name}, node.id);
  state.node_by_identity.put(node.identity_key, node.id);
  state.node_by_wireguard_key.put(node.wireguard_key, node.id);
  state.node_by_offset.put({node.site, node.offset}, node.id);
  const bool is_gateway = node.role == model::Role::Gateway;
  if (is_gateway) {
    state.gateways.put({node.network, node.id}, true);
  }
  const auto count = [&](Use& use) {
    ++use.nodes;
    use.gateways += is_gateway ? 1 : 0;
  };
  change_use(state.network_use, node.network, count);
  change_use(state.site_use, node.site, count);
  change_fact_bytes(state, node, 0, fact_bytes_of(node, *site));
  return {};
}

base::Status add_token(State& state, const Token& token) {
  const Site* site = state.sites.find(token.site);
  if (state.tokens.contains(token.id)) {
    return damaged("token " + model::text_of(token.id) + " exists already");
  }
  if (site == nullptr || site->network != token.network) {
    return damaged("token " + model::text_of(token.id) + ": site " + number(token.site.value) +
                   " is not in network " + number(token.network.value));
  }
  state.tokens.put(token.id, token);
  state.token_by_expiry.put({token.expires_at, token.id}, true);
  change_use(state.site_use, token.site, [](Use& use) { ++use.tokens; });
  return {};
}

base::Status add_replica(State& state, const Replica& replica) {
  const Site* site = state.sites.find(replica.site);
  if (state.replicas.contains(replica.id)) {
    return damaged("replica " + number(replica.id.value) + " exists already");
  }
  if (site == nullptr || site->network != replica.network) {
    return damaged("replica " + number(replica.id.value) + ": site " + number(replica.site.value) +
                   " is not in network " + number(replica.network.value));
  }
  if (const auto status = model::check_fact(fact_of(replica)); !status.ok()) {
    return status.error();
  }
  state.replicas.put(replica.id, replica);
  change_use(state.network_use, replica.network, [&](Use& use) {
    ++use.replicas;
    use.fact_bytes += fact_bytes_of(fact_of(replica));
  });
  change_use(state.site_use, replica.site, [](Use& use) { ++use.replicas; });
  return {};
}

base::Status add_api_key(State& state, const ApiKey& key) {
  if (state.api_keys.contains(key.id)) {
    return damaged("API key " + model::text_of(key.id) + " exists already");
  }
  state.api_keys.put(key.id, key);
  return {};
}

base::Status add_released(State& state, const ReleasedKey& key,
                          const crypto::IdentityPublicKey& last_holder) {
  const Site* site = state.sites.find(key.site);
  if (site == nullptr || key.offset < 1 || key.offset >= site->next_offset ||
      state.node_by_offset.contains({key.site, key.offset}) || state.released.contains(key)) {
    return damaged("released offset " + number(key.offset) + " of site " + number(key.site.value) +
                   " was not held");
  }
  state.released.put(key, last_holder);
  if (last_holder == crypto::IdentityPublicKey{}) {
    return {};
  }
  // Only the address that a server had last is kept for it.
  if (const ReleasedKey* before = state.released_by_identity.find(last_holder); before != nullptr) {
    state.released.put(*before, {});
  }
  state.released_by_identity.put(last_holder, key);
  return {};
}

void drop_released(State& state, const ReleasedKey& key) {
  const crypto::IdentityPublicKey* found = state.released.find(key);
  if (found == nullptr) {
    return;
  }
  const crypto::IdentityPublicKey last_holder = *found;
  const ReleasedKey copy = key;  // `key` may live in the table
  state.released.erase(copy);
  if (last_holder != crypto::IdentityPublicKey{}) {
    state.released_by_identity.erase(last_holder);
  }
}

void drop_network(State& state, const Network& network) {
  state.network_by_name.erase(network.name);
  state.network_use.erase(network.id);
  for (auto it = state.name_suffixes.lower_bound({network.id, ""});
       it != state.name_suffixes.end() && it->first.first == network.id;
       it = state.name_suffixes.lower_bound({network.id, ""})) {
    state.name_suffixes.erase(State::Name(it->first));
  }
  for (auto it = state.retired_blocks.lower_bound({network.id, {}});
       it != state.retired_blocks.end() && it->first.first == network.id;
       it = state.retired_blocks.lower_bound({network.id, {}})) {
    state.retired_blocks.erase(std::pair(it->first));
  }
  state.confirmations.erase(network.id);
  state.networks.erase(model::NetworkId(network.id));
}

void drop_site(State& state, const Site& site) {
  std::vector<Token> tokens;  // removing a site is rare enough to look at all of them
  for (const auto& [id, token] : state.tokens) {
    if (token.site == site.id) {
      tokens.push_back(token);
    }
  }
  for (const Token& token : tokens) {
    drop_token(state, token);
  }
  const ReleasedKey first{.site = site.id, .at = {}, .offset = 0};
  for (auto it = state.released.lower_bound(first);
       it != state.released.end() && it->first.site == site.id;
       it = state.released.lower_bound(first)) {
    drop_released(state, it->first);
  }
  state.site_by_name.erase({site.network, site.name});
  state.site_use.erase(site.id);
  change_use(state.network_use, site.network, [&](Use& use) {
    --use.sites;
    use.fact_bytes -= fact_bytes_of(fact_of(site));
  });
  state.sites.erase(model::SiteId(site.id));
}

void drop_node(State& state, const Node& node) {
  state.node_by_name.erase({node.network, node.name});
  state.node_by_identity.erase(node.identity_key);
  state.node_by_wireguard_key.erase(node.wireguard_key);
  state.node_by_offset.erase({node.site, node.offset});
  state.gateways.erase({node.network, node.id});
  const auto count = [is_gateway = node.role == model::Role::Gateway](Use& use) {
    --use.nodes;
    use.gateways -= is_gateway ? 1 : 0;
  };
  change_use(state.network_use, node.network, count);
  change_use(state.site_use, node.site, count);
  change_fact_bytes(state, node, fact_bytes_of(node, *state.sites.find(node.site)), 0);
  state.nodes.erase(model::NodeId(node.id));
}

void drop_token(State& state, const Token& token) {
  state.token_by_expiry.erase({token.expires_at, token.id});
  change_use(state.site_use, token.site, [](Use& use) { --use.tokens; });
  state.tokens.erase(model::TokenId(token.id));
}

void drop_replica(State& state, const Replica& replica) {
  change_use(state.network_use, replica.network, [&](Use& use) {
    --use.replicas;
    use.fact_bytes -= fact_bytes_of(fact_of(replica));
  });
  change_use(state.site_use, replica.site, [](Use& use) { --use.replicas; });
  state.replicas.erase(model::ReplicaId(replica.id));
}

void add_audit(State& state, const AuditEntry& entry) {
  const bool is_of_node = entry.actor.starts_with("node ") || entry.actor.starts_with("token ");
  auto& ids = is_of_node ? state.node_audit : state.operator_audit;
  const std::size_t max = is_of_node ? kNodeAuditMax : kOperatorAuditMax;
  state.audit.put(entry.id, entry);
  ids.put(entry.id, true);
  if (ids.size() > max) {
    const std::uint64_t oldest = ids.begin()->first;
    ids.erase(oldest);
    state.audit.erase(oldest);
  }
}

base::Status add_idempotency(State& state, const Idempotency& entry) {
  if (const Idempotency* before = state.idempotency.find(entry.key); before != nullptr) {
    state.idempotency_by_expiry.erase({before->expires_at, before->key});
  }
  state.idempotency.put(entry.key, entry);
  state.idempotency_by_expiry.put({entry.expires_at, entry.key}, true);
  return {};
}

}  // namespace coordinator
