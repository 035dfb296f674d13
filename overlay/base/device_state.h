// What a host's network devices look like, as values: what the plan wants, what the adapters read,
// and the ordered steps between the two. It stands in base because plan (pure) and device
// (adapters) may not include each other and both speak these words; the agent passes them on
// unconverted.
//
// Everything here is ours alone: interfaces `ls<rank>`, routing table and rule 7750, one nft table.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "overlay/base/ip.h"

namespace base {

inline constexpr std::string_view kInterfacePrefix = "ls";
inline constexpr std::uint32_t kRouteTable = 7750;
inline constexpr std::uint32_t kRulePriority = 7750;
inline constexpr std::string_view kFirewallTable = "linkspan";

// X25519 public key. As bytes here, because crypto stands above this layer.
using TunnelKey = std::array<std::uint8_t, 32>;

struct TunnelPeer {
  std::optional<Endpoint> endpoint;  // none: passive, learned from what the peer sends
  std::set<Prefix> allowed;          // an interface gives a prefix to one peer only
  std::uint16_t keepalive_s = 0;     // 0: none
  // Actual only: a handshake within WireGuard's 180 s. An endpoint that works is not replaced.
  bool is_alive = false;

  friend bool operator==(const TunnelPeer&, const TunnelPeer&) = default;
};

struct TunnelInterface {
  TunnelKey key{};  // public; the private one goes to device::Device by itself
  std::uint16_t listen_port = 0;
  std::uint16_t mtu = 0;  // bytes
  bool is_up = true;
  std::set<Address> addresses;  // always as /32 or /128: they bring no route of their own
  std::map<TunnelKey, TunnelPeer> peers;

  friend bool operator==(const TunnelInterface&, const TunnelInterface&) = default;
};

struct NextHop {
  std::string interface;       // empty: the kernel finds it by `via`
  std::optional<Address> via;  // none: the interface is point to point

  friend auto operator<=>(const NextHop&, const NextHop&) = default;
};

enum class RouteKind : std::uint8_t {
  Unicast,
  Unreachable,  // answered with an error: overlay packets never leak to the default route
  Throw,        // look in the next table: the host itself knows better (its own pods)
};

struct Route {
  RouteKind kind = RouteKind::Unicast;
  std::set<NextHop> hops;         // several: multipath; empty unless Unicast
  std::optional<Address> source;  // preferred source of what this host sends

  friend bool operator==(const Route&, const Route&) = default;
};

// The nft table: MSS clamp to the path on what leaves by ls*; packets that claim an overlay source
// are dropped when they arrive anywhere else.
struct Firewall {
  std::set<Prefix> overlay;  // sources that may only come through ls*; no member contains another
  std::set<Prefix> exempt;   // sources that may come from elsewhere all the same (own pods)

  friend bool operator==(const Firewall&, const Firewall&) = default;
};

struct DeviceState {
  std::map<std::string, TunnelInterface> interfaces;
  std::map<Prefix, Route> routes;  // of table kRouteTable
  std::set<Family> rules;          // "from all lookup kRouteTable" at kRulePriority
  std::optional<Firewall> firewall;
  // "net.ipv4.ip_forward" -> "1". Wanted: what must hold. Actual: the same keys, and every key that
  // we changed before.
  std::map<std::string, std::string> sysctls;

  friend bool operator==(const DeviceState&, const DeviceState&) = default;
};

// The steps. Each alters something; none may be left out, and they run in the order given.
struct AddInterface {
  std::string name;
  TunnelInterface settings;  // without addresses and peers: those follow as steps of their own
  friend bool operator==(const AddInterface&, const AddInterface&) = default;
};
struct SetInterface {
  std::string name;
  std::optional<TunnelKey> key;  // setting it ends every session: only when it differs
  std::optional<std::uint16_t> listen_port;
  std::optional<std::uint16_t> mtu;
  bool is_brought_up = false;
  friend bool operator==(const SetInterface&, const SetInterface&) = default;
};
struct RemoveInterface {
  std::string name;
  friend bool operator==(const RemoveInterface&, const RemoveInterface&) = default;
};
struct AddAddress {
  std::string interface;
  Address address;
  friend bool operator==(const AddAddress&, const AddAddress&) = default;
};
struct RemoveAddress {
  std::string interface;
  Address address;
  friend bool operator==(const RemoveAddress&, const RemoveAddress&) = default;
};
// Makes the peer or changes only what is given. `allowed` is the whole new list; a prefix that
// another peer of the interface holds moves over (the kernel's "steal").
struct SetPeer {
  std::string interface;
  TunnelKey key{};
  std::optional<Endpoint> endpoint;
  std::optional<std::set<Prefix>> allowed;
  std::optional<std::uint16_t> keepalive_s;
  bool is_new = false;  // was not there: worth a handshake at once
  friend bool operator==(const SetPeer&, const SetPeer&) = default;
};
struct RemovePeer {
  std::string interface;
  TunnelKey key{};
  friend bool operator==(const RemovePeer&, const RemovePeer&) = default;
};
// Adds or replaces in one step.
struct SetRoute {
  Prefix prefix;
  Route route;
  friend bool operator==(const SetRoute&, const SetRoute&) = default;
};
struct RemoveRoute {
  Prefix prefix;
  friend bool operator==(const RemoveRoute&, const RemoveRoute&) = default;
};
struct AddRule {
  Family family = Family::V4;
  friend bool operator==(const AddRule&, const AddRule&) = default;
};
struct RemoveRule {
  Family family = Family::V4;
  friend bool operator==(const RemoveRule&, const RemoveRule&) = default;
};
// Replaces the whole table in one transaction.
struct SetFirewall {
  Firewall firewall;
  friend bool operator==(const SetFirewall&, const SetFirewall&) = default;
};
struct RemoveFirewall {
  friend bool operator==(const RemoveFirewall&, const RemoveFirewall&) = default;
};
struct SetSysctl {
  std::string key;
  std::string value;
  friend bool operator==(const SetSysctl&, const SetSysctl&) = default;
};
// Puts back the value that was there before ours.
struct RestoreSysctl {
  std::string key;
  friend bool operator==(const RestoreSysctl&, const RestoreSysctl&) = default;
};

using Change = std::variant<AddInterface, SetInterface, RemoveInterface, AddAddress, RemoveAddress,
                            SetPeer, RemovePeer, SetRoute, RemoveRoute, AddRule, RemoveRule,
                            SetFirewall, RemoveFirewall, SetSysctl, RestoreSysctl>;

// For logs: "route 10.192.16.0/20: set". Keys are public and shortened.
std::string text_of(const Change& change);

}  // namespace base
