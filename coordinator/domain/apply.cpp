#include <utility>

#include "coordinator/domain/indexing.h"
#include "coordinator/domain/state.h"

namespace coordinator {
namespace {

base::Error missing(std::string_view kind, std::uint64_t id) {
  return damaged(std::string(kind) + " " + std::to_string(id) + " does not exist");
}

// One event at a time; each overload is one kind.
class Applier {
 public:
  Applier(State& state, std::vector<Touch>* touched) : state_(state), touched_(touched) {}

  base::Status operator()(const NetworkCreated& event) {
    Network network = event.network;
    network.changed_at = state_.sequence.get();
    if (auto status = add_network(state_, network); !status.ok()) {
      return status;
    }
    change_counters([&](Counters& next) { raise(next.network, network.id.value); });
    touch(network.id, fact_of(network), false);
    return {};
  }

  base::Status operator()(const NetworkRemoved& event) {
    const Network* found = state_.networks.find(event.id);
    if (found == nullptr) {
      return missing("network", event.id.value);
    }
    const Network network = *found;
    if (!state_.network_use.find(network.id)->is_zero()) {
      return damaged("network " + std::to_string(network.id.value) + " is in use");
    }
    touch(network.id, fact_of(network), true);
    drop_network(state_, network);
    return {};
  }

  // Touches the network, so that every one of its views moves on.
  base::Status operator()(const RemovalsConfirmed& event) {
    const Network* found = state_.networks.find(event.network);
    if (found == nullptr) {
      return missing("network", event.network.value);
    }
    Network network = *found;
    network.changed_at = state_.sequence.get();
    state_.networks.put(network.id, network);
    state_.confirmations.put(network.id, {.epoch = event.epoch, .sequence = state_.sequence.get()});
    touch(network.id, fact_of(network), false);
    if (touched_ != nullptr) {
      touched_->back().confirmed_epoch = event.epoch;
    }
    return {};
  }

  base::Status operator()(const SiteCreated& event) {
    Site site = event.site;
    site.changed_at = state_.sequence.get();
    site.next_offset = 1;
    if (auto status = add_site(state_, site); !status.ok()) {
      return status;
    }
    change_counters([&](Counters& next) { raise(next.site, site.id.value); });
    forget_retired_blocks(site);
    touch(site.network, fact_of(site), false);
    return {};
  }

  base::Status operator()(const SiteRemoved& event) {
    const Site* found = state_.sites.find(event.id);
    if (found == nullptr) {
      return missing("site", event.id.value);
    }
    const Site site = *found;
    const Use& use = *state_.site_use.find(site.id);
    if (use.nodes != 0 || use.replicas != 0) {
      return damaged("site " + std::to_string(site.id.value) + " is in use");
    }
    touch(site.network, fact_of(site), true);
    retire_blocks(site);
    drop_site(state_, site);
    return {};
  }

  base::Status operator()(const TokenCreated& event) { return add_token(state_, event.token); }

  base::Status operator()(const TokenRevoked& event) {
    const Token* found = state_.tokens.find(event.id);
    if (found == nullptr) {
      return missing("token", event.id.value);
    }
    Token token = *found;
    token.is_revoked = true;
    state_.tokens.put(token.id, token);
    return {};
  }

  base::Status operator()(const TokenForgotten& event) {
    const Token* found = state_.tokens.find(event.id);
    if (found == nullptr) {
      return missing("token", event.id.value);
    }
    drop_token(state_, Token(*found));
    return {};
  }

  base::Status operator()(const NodeEnrolled& event) {
    Node node = event.node;
    node.changed_at = state_.sequence.get();
    const Site* site = state_.sites.find(node.site);
    if (site == nullptr) {
      return missing("site", node.site.value);
    }
    if (auto status = take_offset(*site, node); !status.ok()) {
      return status;
    }
    if (auto status = add_node(state_, node); !status.ok()) {
      return status;
    }
    if (auto status = note_suffix(node, event.name_suffix); !status.ok()) {
      return status;
    }
    if (const Token* token = state_.tokens.find(node.token); token != nullptr) {
      Token used = *token;
      used.uses_left -= used.uses_left == 0 ? 0 : 1;
      state_.tokens.put(used.id, used);
    }
    change_counters([&](Counters& next) { raise(next.node, node.id.value); });
    touch_node(node, *state_.sites.find(node.site), false);
    return {};
  }

  base::Status operator()(const NodeUpdated& event) {
    const Node* found = state_.nodes.find(event.id);
    if (found == nullptr) {
      return missing("node", event.id.value);
    }
    Node node = *found;
    const auto* holder = state_.node_by_wireguard_key.find(event.wireguard_key);
    if (holder != nullptr && *holder != node.id) {
      return damaged("node " + std::to_string(node.id.value) + ": WireGuard key is taken");
    }
    const Site& site = *state_.sites.find(node.site);
    const model::Fact before = fact_of(node, site);
    const std::size_t bytes_before = fact_bytes_of(node, site);
    state_.node_by_wireguard_key.erase(node.wireguard_key);
    node.wireguard_key = event.wireguard_key;
    node.listen_port = event.listen_port;
    node.lan_addresses = event.lan_addresses;
    node.public_endpoints = event.public_endpoints;
    node.boot_id = event.boot_id;
    node.agent_version = event.agent_version;
    const model::Fact after = fact_of(node, site);
    if (auto status = model::check_fact(after); !status.ok()) {
      return status;
    }
    if (before != after) {
      node.changed_at = state_.sequence.get();
      change_fact_bytes(state_, node, bytes_before, fact_bytes_of(node, site));
      touch(node.network, after, false);
    }
    state_.node_by_wireguard_key.put(node.wireguard_key, node.id);
    state_.nodes.put(node.id, node);
    return {};
  }

  base::Status operator()(const NodeRemoved& event) {
    const Node* found = state_.nodes.find(event.id);
    if (found == nullptr) {
      return missing("node", event.id.value);
    }
    const Node node = *found;
    touch_node(node, *state_.sites.find(node.site), true);
    drop_node(state_, node);
    return add_released(state_, {.site = node.site, .at = event.at, .offset = node.offset},
                        node.identity_key);
  }

  base::Status operator()(const ReplicaCreated& event) {
    Replica replica = event.replica;
    replica.changed_at = state_.sequence.get();
    if (auto status = add_replica(state_, replica); !status.ok()) {
      return status;
    }
    change_counters([&](Counters& next) { raise(next.replica, replica.id.value); });
    touch(replica.network, fact_of(replica), false);
    return {};
  }

  base::Status operator()(const ReplicaRemoved& event) {
    const Replica* found = state_.replicas.find(event.id);
    if (found == nullptr) {
      return missing("replica", event.id.value);
    }
    const Replica replica = *found;
    touch(replica.network, fact_of(replica), true);
    drop_replica(state_, replica);
    return {};
  }

  base::Status operator()(const ApiKeyCreated& event) { return add_api_key(state_, event.key); }

  base::Status operator()(const ApiKeyRevoked& event) {
    if (!state_.api_keys.erase(event.id)) {
      return missing("API key", event.id.value);
    }
    return {};
  }

  base::Status operator()(const Audited& event) {
    AuditEntry entry = event.entry;
    change_counters([&](Counters& next) { entry.id = next.audit++; });
    add_audit(state_, entry);
    return {};
  }

  base::Status operator()(const IdempotencyKept& event) {
    if (auto status = add_idempotency(state_, event.entry); !status.ok()) {
      return status;
    }
    if (state_.idempotency.size() > kIdempotencyMax) {
      const auto oldest = state_.idempotency_by_expiry.begin()->first;
      state_.idempotency.erase(oldest.second);
      state_.idempotency_by_expiry.erase(oldest);
    }
    return {};
  }

 private:
  template <typename Change>
  void change_counters(Change change) {
    Counters next = state_.counters.get();
    change(next);
    state_.counters.put(next);
  }

  template <typename Number>
  static void raise(Number& next, Number used) {
    if (used >= next) {
      next = used + 1;
    }
  }

  void touch(model::NetworkId network, model::Fact fact, bool is_removal) {
    const model::Topology topology = state_.networks.find(network)->topology;
    if (is_removal) {
      bury(network, fact);
    }
    if (touched_ != nullptr) {
      touched_->push_back({.network = network,
                           .topology = topology,
                           .fact = std::move(fact),
                           .is_removal = is_removal,
                           .confirmed_epoch = 0});
    }
  }

  void touch_node(const Node& node, const Site& site, bool is_removal) {
    touch(node.network, fact_of(node, site), is_removal);
    if (node.role == model::Role::Gateway) {
      touch(node.network, gateway_fact_of(node), is_removal);
    }
  }

  void bury(model::NetworkId network, const model::Fact& fact) {
    Tombstone tombstone{.sequence = state_.sequence.get(),
                        .key = model::key_of(fact),
                        .network = network,
                        .site = {},
                        .role = model::Role::Member};
    if (const auto* node = std::get_if<model::NodeFact>(&fact); node != nullptr) {
      tombstone.site = node->site;
      tombstone.role = node->role;
    } else if (const auto* gateway = std::get_if<model::GatewayFact>(&fact); gateway != nullptr) {
      tombstone.site = gateway->site;
      tombstone.role = model::Role::Gateway;
    }
    change_counters([&](Counters& next) { state_.tombstones.put(next.tombstone++, tombstone); });
    if (state_.tombstones.size() > kTombstonesMax) {
      const auto oldest = *state_.tombstones.begin();
      change_counters([&](Counters& next) { next.tombstone_floor = oldest.second.sequence; });
      state_.tombstones.erase(oldest.first);
    }
  }

  base::Status note_suffix(const Node& node, std::uint32_t suffix) {
    if (suffix == 0) {
      return {};
    }
    const std::string ending = "-" + std::to_string(suffix);
    if (!node.name.ends_with(ending)) {
      return damaged("node name \"" + node.name + "\" does not end in \"" + ending + "\"");
    }
    const std::string stem = node.name.substr(0, node.name.size() - ending.size());
    state_.name_suffixes.put({node.network, stem}, suffix);
    return {};
  }

  // Takes the node's offset from the ones never held, or from the released ones.
  base::Status take_offset(const Site& site, const Node& node) {
    if (node.offset == site.next_offset && node.offset <= pool_size(site)) {
      Site advanced = site;
      ++advanced.next_offset;
      state_.sites.put(advanced.id, advanced);
      return {};
    }
    const ReleasedKey key{.site = site.id, .at = node.offset_free_since, .offset = node.offset};
    if (!state_.released.contains(key)) {
      return damaged("node " + std::to_string(node.id.value) + ": offset " +
                     std::to_string(node.offset) + " of site " + std::to_string(site.id.value) +
                     " is not free");
    }
    drop_released(state_, key);
    return {};
  }

  // A site's blocks go through quarantine like the addresses in them.
  void retire_blocks(const Site& site) {
    base::WallTime latest{};
    for (auto it = state_.released.lower_bound({.site = site.id, .at = {}, .offset = 0});
         it != state_.released.end() && it->first.site == site.id; ++it) {
      latest = it->first.at;  // they are in the order of time
    }
    if (latest == base::WallTime{}) {
      return;  // nobody ever lived there
    }
    for (const base::Prefix& prefix : site.prefixes) {
      state_.retired_blocks.put({site.network, prefix}, latest);
    }
  }

  void forget_retired_blocks(const Site& site) {
    std::vector<std::pair<model::NetworkId, base::Prefix>> taken;
    for (auto it = state_.retired_blocks.lower_bound({site.network, {}});
         it != state_.retired_blocks.end() && it->first.first == site.network; ++it) {
      for (const base::Prefix& prefix : site.prefixes) {
        if (prefix.overlaps(it->first.second)) {
          taken.push_back(it->first);
        }
      }
    }
    for (const auto& key : taken) {
      state_.retired_blocks.erase(key);
    }
  }

  State& state_;
  std::vector<Touch>* touched_;
};

}  // namespace

void begin_record(State& state) {
  state.sequence.put(state.sequence.get() + 1);
}

base::Status apply_event(State& state, const Event& event, std::vector<Touch>* touched) {
  Applier applier(state, touched);
  return std::visit(applier, event);
}

base::Status apply(State& state, const Record& record, std::vector<Touch>* touched) {
  begin_record(state);
  for (std::size_t i = 0; i < record.events.size(); ++i) {
    if (auto status = apply_event(state, record.events[i], touched); !status.ok()) {
      return status.error().within("record " + std::to_string(state.sequence.get()) + ": event " +
                                   std::to_string(i));
    }
  }
  return {};
}

}  // namespace coordinator
