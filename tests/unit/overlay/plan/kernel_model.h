// What a kernel does with each step: small enough to be obviously right. A step that finds things
// other than it expects, or that alters nothing, is counted as a fault.
#pragma once

#include <string>
#include <vector>

#include "overlay/base/device_state.h"

namespace plan {

class KernelModel {
 public:
  explicit KernelModel(base::DeviceState state) : state_(std::move(state)) {}

  void apply(const std::vector<base::Change>& changes) {
    for (const auto& change : changes) {
      const auto before = state_;
      std::visit(*this, change);
      if (state_ == before) {
        faults_.push_back("alters nothing: " + base::text_of(change));
      }
    }
  }

  const base::DeviceState& state() const { return state_; }
  const std::vector<std::string>& faults() const { return faults_; }

  void operator()(const base::AddInterface& step) {
    expect(state_.interfaces.emplace(step.name, step.settings).second, "interface is there");
    expect(step.settings.peers.empty() && step.settings.addresses.empty(), "interface not bare");
  }
  void operator()(const base::SetInterface& step) {
    auto& tunnel = find(step.name);
    tunnel.key = step.key.value_or(tunnel.key);
    tunnel.listen_port = step.listen_port.value_or(tunnel.listen_port);
    tunnel.mtu = step.mtu.value_or(tunnel.mtu);
    tunnel.is_up = tunnel.is_up || step.is_brought_up;
  }
  void operator()(const base::RemoveInterface& step) {
    expect(state_.interfaces.erase(step.name) == 1, "interface is not there");
  }
  void operator()(const base::AddAddress& step) {
    expect(find(step.interface).addresses.insert(step.address).second, "address is there");
  }
  void operator()(const base::RemoveAddress& step) {
    expect(find(step.interface).addresses.erase(step.address) == 1, "address is not there");
  }
  void operator()(const base::SetPeer& step) {
    auto& peers = find(step.interface).peers;
    auto& peer = peers[step.key];
    peer.endpoint = step.endpoint.has_value() ? step.endpoint : peer.endpoint;
    peer.keepalive_s = step.keepalive_s.value_or(peer.keepalive_s);
    if (step.allowed.has_value()) {
      for (auto& [key, other] : peers) {
        for (const auto& prefix : *step.allowed) {
          other.allowed.erase(prefix);
        }
      }
      peers[step.key].allowed = *step.allowed;
    }
  }
  void operator()(const base::RemovePeer& step) {
    expect(find(step.interface).peers.erase(step.key) == 1, "peer is not there");
  }
  void operator()(const base::SetRoute& step) {
    for (const auto& hop : step.route.hops) {
      expect(hop.interface.empty() || state_.interfaces.count(hop.interface) == 1,
             "route over no interface");
    }
    state_.routes[step.prefix] = step.route;
  }
  void operator()(const base::RemoveRoute& step) {
    expect(state_.routes.erase(step.prefix) == 1, "route is not there");
  }
  void operator()(const base::AddRule& step) {
    expect(state_.rules.insert(step.family).second, "rule is there");
  }
  void operator()(const base::RemoveRule& step) {
    expect(state_.rules.erase(step.family) == 1, "rule is not there");
  }
  void operator()(const base::SetFirewall& step) { state_.firewall = step.firewall; }
  void operator()(const base::RemoveFirewall&) { state_.firewall.reset(); }
  void operator()(const base::SetSysctl& step) { state_.sysctls[step.key] = step.value; }
  void operator()(const base::RestoreSysctl& step) { state_.sysctls.erase(step.key); }

 private:
  base::TunnelInterface& find(const std::string& name) {
    expect(state_.interfaces.count(name) == 1, "no interface " + name);
    return state_.interfaces[name];
  }
  void expect(bool holds, const std::string& fault) {
    if (!holds) {
      faults_.push_back(fault);
    }
  }

  base::DeviceState state_;
  std::vector<std::string> faults_;
};

}  // namespace plan
