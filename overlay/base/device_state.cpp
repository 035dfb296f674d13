#include "overlay/base/device_state.h"

#include "overlay/base/hex.h"

namespace base {
namespace {

// Enough of a key to recognise it in `wg show`, which people put beside the log.
std::string short_key(const TunnelKey& key) {
  return base64_encode(key).substr(0, 8);
}

std::string_view family_name(Family family) {
  return family == Family::V4 ? "ipv4" : "ipv6";
}

struct Text {
  std::string operator()(const AddInterface& step) const {
    return "interface " + step.name + ": add, port " + std::to_string(step.settings.listen_port);
  }
  std::string operator()(const SetInterface& step) const {
    std::string text = "interface " + step.name + ":";
    text += step.key.has_value() ? " key" : "";
    text += step.listen_port.has_value() ? " port " + std::to_string(*step.listen_port) : "";
    text += step.mtu.has_value() ? " mtu " + std::to_string(*step.mtu) : "";
    return text + (step.is_brought_up ? " up" : "");
  }
  std::string operator()(const RemoveInterface& step) const {
    return "interface " + step.name + ": remove";
  }
  std::string operator()(const AddAddress& step) const {
    return "interface " + step.interface + ": add address " + step.address.text();
  }
  std::string operator()(const RemoveAddress& step) const {
    return "interface " + step.interface + ": remove address " + step.address.text();
  }
  std::string operator()(const SetPeer& step) const {
    std::string text = "peer " + short_key(step.key) + " on " + step.interface + ":";
    text += step.endpoint.has_value() ? " endpoint " + step.endpoint->text() : "";
    if (step.allowed.has_value()) {
      text += " " + std::to_string(step.allowed->size()) + " allowed prefixes";
    }
    return text + (step.keepalive_s.has_value()
                       ? " keepalive " + std::to_string(*step.keepalive_s) + " s"
                       : "");
  }
  std::string operator()(const RemovePeer& step) const {
    return "peer " + short_key(step.key) + " on " + step.interface + ": remove";
  }
  std::string operator()(const SetRoute& step) const {
    return "route " + step.prefix.text() + ": set";
  }
  std::string operator()(const RemoveRoute& step) const {
    return "route " + step.prefix.text() + ": remove";
  }
  std::string operator()(const AddRule& step) const {
    return "rule " + std::string(family_name(step.family)) + ": add";
  }
  std::string operator()(const RemoveRule& step) const {
    return "rule " + std::string(family_name(step.family)) + ": remove";
  }
  std::string operator()(const SetFirewall&) const { return "firewall: set"; }
  std::string operator()(const RemoveFirewall&) const { return "firewall: remove"; }
  std::string operator()(const SetSysctl& step) const {
    return "sysctl " + step.key + ": set " + step.value;
  }
  std::string operator()(const RestoreSysctl& step) const {
    return "sysctl " + step.key + ": restore";
  }
};

}  // namespace

std::string text_of(const Change& change) {
  return std::visit(Text{}, change);
}

}  // namespace base
