// One nft table, `inet linkspan`, through libnftables. It is ours alone and no other table is ever
// touched. Blocking.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "overlay/base/device_state.h"
#include "overlay/base/result.h"

namespace device {

// The transaction that makes the table exactly this, whatever it was: nft(8) text. Pure.
std::string format_firewall(const base::Firewall& firewall);

// Reads `nft --json list table inet linkspan` back. Pure. Nothing when the chains are not those of
// format_firewall(): somebody changed the table, or an older version made it; set it again.
// Errors: Malformed.
base::Result<std::optional<base::Firewall>> parse_firewall(std::string_view json);

// Nothing when the table is not there or not as we make it.
base::Result<std::optional<base::Firewall>> read_firewall();
// Whatever is in it.
base::Result<bool> is_firewall_there();
// All or nothing.
base::Status set_firewall(const base::Firewall& firewall);
// Ok when it was not there.
base::Status remove_firewall();

}  // namespace device
