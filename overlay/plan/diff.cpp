#include "overlay/plan/diff.h"

#include <algorithm>
#include <string>
#include <utility>

namespace plan {
namespace {

using base::DeviceState;
using base::Prefix;
using base::TunnelInterface;
using base::TunnelKey;
using base::TunnelPeer;
using Changes = std::vector<base::Change>;
using Peers = std::map<TunnelKey, TunnelPeer>;

TunnelInterface bare(const TunnelInterface& settings) {
  TunnelInterface result = settings;
  result.addresses.clear();
  result.peers.clear();
  return result;
}

void diff_settings(const std::string& name, const TunnelInterface& wanted,
                   const TunnelInterface& actual, Changes& changes) {
  base::SetInterface step{.name = name, .key = {}, .listen_port = {}, .mtu = {}};
  if (wanted.key != actual.key) {
    step.key = wanted.key;
  }
  if (wanted.listen_port != actual.listen_port) {
    step.listen_port = wanted.listen_port;
  }
  if (wanted.mtu != actual.mtu) {
    step.mtu = wanted.mtu;
  }
  step.is_brought_up = wanted.is_up && !actual.is_up;
  if (step != base::SetInterface{.name = name, .key = {}, .listen_port = {}, .mtu = {}}) {
    changes.emplace_back(std::move(step));
  }
}

// What the kernel's peers become while steps are planned: giving a prefix to one peer takes it from
// the peer that had it.
class PeerModel {
 public:
  explicit PeerModel(Peers peers) : peers_(std::move(peers)) {
    for (const auto& [key, peer] : peers_) {
      for (const auto& prefix : peer.allowed) {
        holders_[prefix] = key;
      }
    }
  }

  const TunnelPeer* find(const TunnelKey& key) const {
    const auto found = peers_.find(key);
    return found == peers_.end() ? nullptr : &found->second;
  }

  void set(const base::SetPeer& step) {
    auto& peer = peers_[step.key];
    peer.endpoint = step.endpoint.has_value() ? step.endpoint : peer.endpoint;
    peer.keepalive_s = step.keepalive_s.value_or(peer.keepalive_s);
    if (!step.allowed.has_value()) {
      return;
    }
    for (const auto& prefix : peer.allowed) {
      holders_.erase(prefix);
    }
    for (const auto& prefix : *step.allowed) {
      if (const auto holder = holders_.find(prefix); holder != holders_.end()) {
        peers_[holder->second].allowed.erase(prefix);
      }
      holders_[prefix] = step.key;
    }
    peer.allowed = *step.allowed;
  }

 private:
  Peers peers_;
  std::map<Prefix, TunnelKey> holders_;
};

// First pass: every peer gets what it lacks and keeps what it has, so a prefix that moves is with
// its new holder before its old one is touched.
void add_to_peers(const std::string& name, const Peers& wanted, PeerModel& model,
                  Changes& changes) {
  for (const auto& [key, peer] : wanted) {
    const auto* now = model.find(key);
    base::SetPeer step{
        .interface = name, .key = key, .endpoint = {}, .allowed = {}, .keepalive_s = {}};
    step.is_new = now == nullptr;
    if (peer.endpoint.has_value() &&
        (now == nullptr || (!now->is_alive && now->endpoint != peer.endpoint))) {
      step.endpoint = peer.endpoint;
    }
    if (peer.keepalive_s != (now == nullptr ? 0 : now->keepalive_s)) {
      step.keepalive_s = peer.keepalive_s;
    }
    auto allowed = now == nullptr ? std::set<Prefix>{} : now->allowed;
    const auto count = allowed.size();
    allowed.insert(peer.allowed.begin(), peer.allowed.end());
    if (allowed.size() != count) {
      step.allowed = std::move(allowed);
    }
    if (now == nullptr || step.endpoint.has_value() || step.allowed.has_value() ||
        step.keepalive_s.has_value()) {
      model.set(step);
      changes.emplace_back(std::move(step));
    }
  }
}

// Second pass: what a peer still has too much and nobody took over.
void trim_peers(const std::string& name, const Peers& wanted, PeerModel& model, Changes& changes) {
  for (const auto& [key, peer] : wanted) {
    if (model.find(key)->allowed != peer.allowed) {
      base::SetPeer step{.interface = name,
                         .key = key,
                         .endpoint = {},
                         .allowed = peer.allowed,
                         .keepalive_s = {}};
      model.set(step);
      changes.emplace_back(std::move(step));
    }
  }
}

void add_interfaces(const DeviceState& wanted, const DeviceState& actual, Changes& changes) {
  for (const auto& [name, settings] : wanted.interfaces) {
    const auto found = actual.interfaces.find(name);
    if (found == actual.interfaces.end()) {
      changes.emplace_back(base::AddInterface{name, bare(settings)});
    } else {
      diff_settings(name, settings, found->second, changes);
    }
  }
}

const TunnelInterface& find_or_none(const DeviceState& state, const std::string& name) {
  static const TunnelInterface none;
  const auto found = state.interfaces.find(name);
  return found == state.interfaces.end() ? none : found->second;
}

void add_addresses(const DeviceState& wanted, const DeviceState& actual, Changes& changes) {
  for (const auto& [name, settings] : wanted.interfaces) {
    const auto& there = find_or_none(actual, name).addresses;
    for (const auto& address : settings.addresses) {
      if (there.count(address) == 0) {
        changes.emplace_back(base::AddAddress{name, address});
      }
    }
  }
}

void add_routes(const DeviceState& wanted, const DeviceState& actual, Changes& changes) {
  std::vector<std::pair<Prefix, base::Route>> missing;
  for (const auto& [prefix, route] : wanted.routes) {
    const auto found = actual.routes.find(prefix);
    if (found == actual.routes.end() || found->second != route) {
      missing.emplace_back(prefix, route);
    }
  }
  // Longest first: a short `unreachable` must not stand alone for a moment.
  std::ranges::stable_sort(
      missing, [](const auto& a, const auto& b) { return a.first.length() > b.first.length(); });
  for (auto& [prefix, route] : missing) {
    changes.emplace_back(base::SetRoute{prefix, std::move(route)});
  }
  for (const auto family : wanted.rules) {
    if (actual.rules.count(family) == 0) {
      changes.emplace_back(base::AddRule{family});
    }
  }
}

void remove_routes(const DeviceState& wanted, const DeviceState& actual, Changes& changes) {
  for (const auto family : actual.rules) {
    if (wanted.rules.count(family) == 0) {
      changes.emplace_back(base::RemoveRule{family});
    }
  }
  for (const auto& [prefix, route] : actual.routes) {
    if (wanted.routes.count(prefix) == 0) {
      changes.emplace_back(base::RemoveRoute{prefix});
    }
  }
}

void remove_from_interfaces(const DeviceState& wanted, const DeviceState& actual,
                            Changes& changes) {
  for (const auto& [name, there] : actual.interfaces) {
    const auto found = wanted.interfaces.find(name);
    if (found == wanted.interfaces.end()) {
      changes.emplace_back(base::RemoveInterface{name});
      continue;
    }
    for (const auto& [key, peer] : there.peers) {
      if (found->second.peers.count(key) == 0) {
        changes.emplace_back(base::RemovePeer{name, key});
      }
    }
    for (const auto& address : there.addresses) {
      if (found->second.addresses.count(address) == 0) {
        changes.emplace_back(base::RemoveAddress{name, address});
      }
    }
  }
}

void diff_sysctls_and_firewall(const DeviceState& wanted, const DeviceState& actual,
                               Changes& changes) {
  for (const auto& [key, value] : wanted.sysctls) {
    const auto found = actual.sysctls.find(key);
    if (found == actual.sysctls.end() || found->second != value) {
      changes.emplace_back(base::SetSysctl{key, value});
    }
  }
  if (wanted.firewall.has_value() && wanted.firewall != actual.firewall) {
    changes.emplace_back(base::SetFirewall{*wanted.firewall});
  }
}

std::set<TunnelKey> peer_keys(const DeviceState& state) {
  std::set<TunnelKey> keys;
  for (const auto& [name, tunnel] : state.interfaces) {
    for (const auto& [key, peer] : tunnel.peers) {
      keys.insert(key);
    }
  }
  return keys;
}

}  // namespace

std::vector<base::Change> diff(const DeviceState& wanted, const DeviceState& actual) {
  Changes changes;
  add_interfaces(wanted, actual, changes);
  diff_sysctls_and_firewall(wanted, actual, changes);
  add_addresses(wanted, actual, changes);
  for (const auto& [name, settings] : wanted.interfaces) {
    PeerModel model(find_or_none(actual, name).peers);
    add_to_peers(name, settings.peers, model, changes);
    trim_peers(name, settings.peers, model, changes);
  }
  add_routes(wanted, actual, changes);

  remove_routes(wanted, actual, changes);
  remove_from_interfaces(wanted, actual, changes);
  if (!wanted.firewall.has_value() && actual.firewall.has_value()) {
    changes.emplace_back(base::RemoveFirewall{});
  }
  for (const auto& [key, value] : actual.sysctls) {
    if (wanted.sysctls.count(key) == 0) {
      changes.emplace_back(base::RestoreSysctl{key});
    }
  }
  return changes;
}

base::Status check_removals(const DeviceState& wanted, const DeviceState& actual,
                            const std::set<TunnelKey>& excused) {
  const auto before = peer_keys(actual);
  const auto after = peer_keys(wanted);
  const auto removed =
      static_cast<std::size_t>(std::ranges::count_if(before, [&](const TunnelKey& key) {
        return after.count(key) == 0 && excused.count(key) == 0;
      }));
  if (removed <= kRemovalsAlwaysAllowed || removed * 100 <= before.size() * kRemovedPercentMax) {
    return {};
  }
  return base::Error(base::Errc::Conflict, "plan: drops " + std::to_string(removed) + " of " +
                                               std::to_string(before.size()) +
                                               " peers at once, at most " +
                                               std::to_string(kRemovedPercentMax) +
                                               " % unless the coordinator signs it as meant");
}

}  // namespace plan
