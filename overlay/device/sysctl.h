// Kernel settings under /proc/sys of this network namespace. Blocking, but never waits.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "overlay/base/result.h"

namespace device {

// `key` as in sysctl.conf: "net.ipv4.ip_forward". Errors: NotFound; Malformed for a key that is no
// path below net.
base::Result<std::string> read_sysctl(const std::string& key);
base::Status write_sysctl(const std::string& key, const std::string& value);

// Whether this network namespace takes IPv6 addresses and routes: the protocol is there, and
// disabled neither for all interfaces nor for those to come (kernel: networking/ip-sysctl,
// disable_ipv6).
bool is_ipv6_usable();

// Keys whose value writing `key` changes behind our back, with what they hold now, in the order to
// write them back after `key` itself. Forwarding for all interfaces sets it on each one, and IPv6
// hosts that forward stop listening to router advertisements (accept_ra 1).
struct SysctlValue {
  std::string key;
  std::string value;

  friend bool operator==(const SysctlValue&, const SysctlValue&) = default;
};
base::Result<std::vector<SysctlValue>> read_side_effects(const std::string& key);

// True for a key that read_side_effects() gives for another one. Pure.
bool is_side_effect(std::string_view key);

}  // namespace device
