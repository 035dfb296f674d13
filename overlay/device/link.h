// Links and addresses through rtnetlink (libnl-3). Blocking; each call opens its own socket, so it
// works in whatever network namespace its thread is in.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "overlay/base/device_state.h"
#include "overlay/base/ip.h"
#include "overlay/base/result.h"

namespace device {

struct Link {
  std::string name;
  int index = 0;
  int master_index = 0;  // the bridge or bond it belongs to; 0: none
  std::uint16_t mtu = 0;
  bool is_up = false;
  std::string kind;  // "wireguard", "tun", "bridge", "veth", ...; empty for hardware

  friend bool operator==(const Link&, const Link&) = default;
};

struct LinkAddress {
  int link_index = 0;
  base::Address address;
  std::uint8_t length = 0;
  bool is_passing = false;  // temporary (RFC 8981), deprecated or not yet known to be unique

  friend bool operator==(const LinkAddress&, const LinkAddress&) = default;
};

base::Result<std::vector<Link>> read_links();
// Of every link and both families, as the kernel lists them.
base::Result<std::vector<LinkAddress>> read_addresses();

// True for ls0, ls1, ...
bool is_our_interface(std::string_view name);
// That, and a tunnel, of the kernel or of wireguard-go.
bool is_our_tunnel(const Link& link);

struct LinkSettings {
  std::optional<std::uint16_t> mtu;
  bool is_brought_up = false;
};
// Errors: NotFound when there is no such link.
base::Status set_link(const std::string& name, const LinkSettings& settings);
// Ok when it was not there.
base::Status remove_link(const std::string& name);

// Adds the address as /32 or /128. Ok when it is there already.
base::Status add_address(const std::string& interface, const base::Address& address);
// Ok when it was not there.
base::Status remove_address(const std::string& interface, const base::Address& address);

}  // namespace device
