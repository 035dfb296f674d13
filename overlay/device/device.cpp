#include "overlay/device/device.h"

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

#include "overlay/base/check.h"
#include "overlay/device/link.h"
#include "overlay/device/nft.h"
#include "overlay/device/route.h"
#include "overlay/device/sysctl.h"

namespace device {
namespace {

// WireGuard refuses a session older than this (whitepaper, 6.2: REJECT_AFTER_TIME).
constexpr std::int64_t kSessionAgeMaxSeconds = 180;
constexpr std::string_view kForwardV6 = "net.ipv6.conf.all.forwarding";

std::string family_name(base::Family family) {
  return family == base::Family::V4 ? "4" : "6";
}

// Settings of an interface of ours go with it: nothing to put back.
bool is_of_our_interface(std::string_view key) {
  constexpr std::string_view kConf = ".conf.";
  const auto at = key.find(kConf);
  if (at == std::string_view::npos) {
    return false;
  }
  key.remove_prefix(at + kConf.size());
  return is_our_interface(key.substr(0, key.find('.')));
}

// A removed peer may have been shut out: it goes, whatever else fails.
bool waits_for_additions(const base::Change& change) {
  return !std::holds_alternative<base::RemovePeer>(change);
}

bool is_removal(const base::Change& change) {
  return std::holds_alternative<base::RemoveInterface>(change) ||
         std::holds_alternative<base::RemoveAddress>(change) ||
         std::holds_alternative<base::RemovePeer>(change) ||
         std::holds_alternative<base::RemoveRoute>(change) ||
         std::holds_alternative<base::RemoveRule>(change) ||
         std::holds_alternative<base::RemoveFirewall>(change) ||
         std::holds_alternative<base::RestoreSysctl>(change);
}

// Ok for what is not there any more: then there is nothing to undo.
base::Status unless_gone(const base::Status& status) {
  return !status.ok() && status.error().code() == base::Errc::NotFound ? base::Status() : status;
}

// Takes one step. The journal is written before the thing is made, and cleared after it is gone.
class Stepper {
 public:
  Stepper(Journal& journal, std::span<const std::uint8_t> private_key)
      : journal_(journal), private_key_(private_key) {}

  base::Status operator()(const base::AddInterface& step) {
    if (auto status = journal_.add({Made::Interface, step.name, {}}); !status.ok()) {
      return status;
    }
    if (auto status = create_wireguard(step.name); !status.ok()) {
      return status;
    }
    // No link-local address: nothing on a tunnel speaks neighbour discovery. Not there without
    // IPv6.
    auto mode = unless_gone(write_sysctl("net.ipv6.conf." + step.name + ".addr_gen_mode", "1"));
    if (!mode.ok()) {
      return mode;
    }
    auto status = set_wireguard(
        step.name, {.private_key = private_key_, .listen_port = step.settings.listen_port});
    return status.ok() ? set_link(step.name,
                                  {.mtu = step.settings.mtu, .is_brought_up = step.settings.is_up})
                       : status;
  }
  base::Status operator()(const base::SetInterface& step) {
    WireguardSettings settings{.private_key = {}, .listen_port = step.listen_port};
    if (step.key.has_value()) {
      settings.private_key = private_key_;
    }
    if (settings.private_key.has_value() || settings.listen_port.has_value()) {
      if (auto status = set_wireguard(step.name, settings); !status.ok()) {
        return status;
      }
    }
    return step.mtu.has_value() || step.is_brought_up
               ? set_link(step.name, {.mtu = step.mtu, .is_brought_up = step.is_brought_up})
               : base::Status();
  }
  base::Status operator()(const base::RemoveInterface& step) {
    auto status = remove_wireguard(step.name);
    return status.ok() ? journal_.remove(Made::Interface, step.name) : status;
  }
  base::Status operator()(const base::AddAddress& step) {
    return add_address(step.interface, step.address);
  }
  base::Status operator()(const base::RemoveAddress& step) {
    return remove_address(step.interface, step.address);
  }
  // Device::apply() gives these to set_peers() in groups.
  base::Status operator()(const base::SetPeer&) { return {}; }
  base::Status operator()(const base::RemovePeer&) { return {}; }
  base::Status operator()(const base::SetRoute& step) {
    auto status = journal_.add({Made::RouteTable, std::to_string(base::kRouteTable), {}});
    return status.ok() ? set_route(step.prefix, step.route) : status;
  }
  base::Status operator()(const base::RemoveRoute& step) { return remove_route(step.prefix); }
  base::Status operator()(const base::AddRule& step) {
    auto status = journal_.add({Made::Rule, family_name(step.family), {}});
    return status.ok() ? add_rule(step.family) : status;
  }
  base::Status operator()(const base::RemoveRule& step) {
    auto status = remove_rule(step.family);
    return status.ok() ? journal_.remove(Made::Rule, family_name(step.family)) : status;
  }
  base::Status operator()(const base::SetFirewall& step) {
    auto status = journal_.add({Made::Firewall, std::string(base::kFirewallTable), {}});
    return status.ok() ? set_firewall(step.firewall) : status;
  }
  base::Status operator()(const base::RemoveFirewall&) {
    auto status = remove_firewall();
    return status.ok() ? journal_.remove(Made::Firewall, base::kFirewallTable) : status;
  }
  base::Status operator()(const base::SetSysctl& step);
  base::Status operator()(const base::RestoreSysctl& step);

 private:
  Journal& journal_;
  std::span<const std::uint8_t> private_key_;
};

base::Status Stepper::operator()(const base::SetSysctl& step) {
  if (is_of_our_interface(step.key)) {
    return write_sysctl(step.key, step.value);
  }
  auto former = read_sysctl(step.key);
  auto effects = read_side_effects(step.key);
  if (!former.ok() || !effects.ok()) {
    return former.ok() ? effects.error() : former.error();
  }
  // Undone newest first: the key itself, then what its change did to others.
  std::vector<JournalEntry> entries;
  for (const auto& effect : effects.value()) {
    entries.push_back({Made::Sysctl, effect.key, effect.value});
  }
  entries.push_back({Made::Sysctl, step.key, former.value()});
  if (auto status = journal_.add(entries); !status.ok()) {
    return status;
  }
  if (auto status = write_sysctl(step.key, step.value); !status.ok()) {
    return status;
  }
  // A forwarding host ignores router advertisements unless told 2: it would lose its own address.
  for (const auto& effect : effects.value()) {
    if (step.key == kForwardV6 && effect.key.ends_with(".accept_ra") && effect.value == "1") {
      if (auto status = unless_gone(write_sysctl(effect.key, "2")); !status.ok()) {
        return status;
      }
    }
  }
  return {};
}

base::Status Stepper::operator()(const base::RestoreSysctl& step) {
  const auto* entry = journal_.find(Made::Sysctl, step.key);
  if (entry == nullptr) {
    return {};
  }
  std::vector<JournalEntry> restored{*entry};
  const auto effects = read_side_effects(step.key);
  if (!effects.ok()) {
    return effects.error();
  }
  for (const auto& effect : effects.value()) {
    if (const auto* former = journal_.find(Made::Sysctl, effect.key); former != nullptr) {
      restored.push_back(*former);
    }
  }
  for (const auto& former : restored) {
    if (auto status = unless_gone(write_sysctl(former.name, former.former.value_or("")));
        !status.ok()) {
      return status;
    }
  }
  for (const auto& former : restored) {
    if (auto status = journal_.remove(Made::Sysctl, former.name); !status.ok()) {
      return status;
    }
  }
  return {};
}

base::Status remove_all_routes() {
  const auto routes = read_routes();
  if (!routes.ok()) {
    return routes.error();
  }
  for (const auto& [prefix, route] : routes.value()) {
    if (auto status = remove_route(prefix); !status.ok()) {
      return status;
    }
  }
  return {};
}

base::Status undo_entry(const JournalEntry& entry) {
  switch (entry.made) {
    case Made::Interface:
      return is_our_interface(entry.name) ? remove_wireguard(entry.name) : base::Status();
    case Made::Rule:
      return remove_rule(entry.name == "4" ? base::Family::V4 : base::Family::V6);
    case Made::RouteTable:
      return remove_all_routes();
    case Made::Firewall:
      return remove_firewall();
    case Made::Sysctl:
      return unless_gone(write_sysctl(entry.name, entry.former.value_or("")));
  }
  return {};
}

// The interface and the step, if the change is about a peer.
std::optional<std::pair<std::string, PeerStep>> peer_step(const base::Change& change) {
  if (const auto* set = std::get_if<base::SetPeer>(&change); set != nullptr) {
    return std::pair{set->interface, PeerStep(*set)};
  }
  if (const auto* removed = std::get_if<base::RemovePeer>(&change); removed != nullptr) {
    return std::pair{removed->interface, PeerStep(*removed)};
  }
  return std::nullopt;
}

base::Status add_tunnel(const Link& link, base::WallTime now, base::DeviceState& state) {
  auto wireguard = read_wireguard(link.name);
  if (!wireguard.ok()) {
    return wireguard.error();
  }
  auto& tunnel = state.interfaces[link.name];
  tunnel.key = wireguard.value().key;
  tunnel.listen_port = wireguard.value().listen_port;
  tunnel.mtu = link.mtu;
  tunnel.is_up = link.is_up;
  for (const auto& [key, peer] : wireguard.value().peers) {
    auto& settings = tunnel.peers[key];
    settings = peer.settings;
    settings.is_alive = peer.last_handshake_unix_s > 0 &&
                        now.unix_ms / 1000 - peer.last_handshake_unix_s < kSessionAgeMaxSeconds;
  }
  return {};
}

}  // namespace

base::Result<Device> Device::open(Options options) {
  auto journal = Journal::open(options.journal_path);
  if (!journal.ok()) {
    return journal.error();
  }
  return Device(std::move(options), std::move(journal).value());
}

base::Result<base::DeviceState> Device::read(const std::set<std::string>& sysctls,
                                             base::WallTime now) const {
  const auto links = read_links();
  const auto addresses = read_addresses();
  auto routes = read_routes();
  auto rules = read_rules();
  auto firewall = read_firewall();
  for (const auto* error :
       {links.ok() ? nullptr : &links.error(), addresses.ok() ? nullptr : &addresses.error(),
        routes.ok() ? nullptr : &routes.error(), rules.ok() ? nullptr : &rules.error(),
        firewall.ok() ? nullptr : &firewall.error()}) {
    if (error != nullptr) {
      return *error;
    }
  }
  base::DeviceState state{.interfaces = {},
                          .routes = std::move(routes).value(),
                          .rules = std::move(rules).value(),
                          .firewall = std::move(firewall).value(),
                          .sysctls = {}};
  for (const auto& link : links.value()) {
    if (!is_our_tunnel(link)) {
      continue;
    }
    if (auto status = add_tunnel(link, now, state); !status.ok()) {
      return status.error();
    }
    for (const auto& entry : addresses.value()) {
      if (entry.link_index == link.index && !entry.address.is_link_local()) {
        state.interfaces[link.name].addresses.insert(entry.address);
      }
    }
  }
  auto keys = sysctls;
  for (const auto& entry : journal_.entries()) {
    // What a change did to other keys is put back with it, not by itself.
    if (entry.made == Made::Sysctl && !is_side_effect(entry.name)) {
      keys.insert(entry.name);
    }
  }
  for (const auto& key : keys) {
    if (const auto value = read_sysctl(key); value.ok()) {
      state.sysctls[key] = value.value();
    }
  }
  return state;
}

base::Status Device::apply(std::span<const base::Change> changes) {
  CHECK(options_.private_key.size() == base::TunnelKey{}.size());
  Stepper stepper(journal_, options_.private_key);
  base::Status first;
  const auto note = [&first](const base::Status& status, const base::Change& change) {
    if (first.ok() && !status.ok()) {
      first = status.error().within(base::text_of(change));
    }
  };
  // Both sides greet: whichever handshake comes before the other side is ready is lost, and keeps
  // its sender from trying again for 5 s. A new interface greets only so many: a thousand
  // handshakes at every boot of a large site are not worth it.
  constexpr std::size_t kGreetingsMax = 64;
  std::size_t greetings = 0;
  std::set<std::string> new_interfaces;
  for (std::size_t i = 0; i < changes.size();) {
    if (const auto* added = std::get_if<base::AddInterface>(&changes[i]); added != nullptr) {
      new_interfaces.insert(added->name);
    }
    if (!first.ok() && is_removal(changes[i]) && waits_for_additions(changes[i])) {
      ++i;  // what shall take its place is not there
      continue;
    }
    auto peer = peer_step(changes[i]);
    if (!peer.has_value()) {
      note(std::visit(stepper, changes[i]), changes[i]);
      ++i;
      continue;
    }
    const auto interface = peer->first;
    const auto begin = i;
    std::vector<PeerStep> group;
    while (peer.has_value() && peer->first == interface &&
           is_removal(changes[i]) == is_removal(changes[begin])) {
      if (auto* set = std::get_if<base::SetPeer>(&peer->second);
          set != nullptr && new_interfaces.count(interface) > 0) {
        set->is_new = set->is_new && ++greetings <= kGreetingsMax;
      }
      group.push_back(std::move(peer->second));
      peer = ++i < changes.size() ? peer_step(changes[i]) : std::nullopt;
    }
    note(set_peers(interface, group), changes[begin]);
  }
  return first;
}

base::Status Device::undo() {
  base::Status first;
  const std::vector<JournalEntry> newest_first(journal_.entries().rbegin(),
                                               journal_.entries().rend());
  for (const auto& entry : newest_first) {
    auto status = undo_entry(entry);
    if (status.ok()) {
      status = journal_.remove(entry.made, entry.name);
    }
    if (first.ok() && !status.ok()) {
      first = status.error().within("undo " + entry.name);
    }
  }
  return first;
}

base::Result<std::map<std::string, Wireguard>> Device::read_tunnels() const {
  const auto links = read_links();
  if (!links.ok()) {
    return links.error();
  }
  std::map<std::string, Wireguard> tunnels;
  for (const auto& link : links.value()) {
    if (!is_our_tunnel(link)) {
      continue;
    }
    auto wireguard = read_wireguard(link.name);
    if (!wireguard.ok()) {
      return wireguard.error();
    }
    tunnels.emplace(link.name, std::move(wireguard).value());
  }
  return tunnels;
}

}  // namespace device
