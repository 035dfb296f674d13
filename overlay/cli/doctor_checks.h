// The checks of `linkspan doctor`, each on its own. Blocking, change nothing.
#pragma once

#include <optional>
#include <string_view>

#include "overlay/agent/identity.h"
#include "overlay/agent/paths.h"
#include "overlay/base/time.h"
#include "overlay/cli/findings.h"
#include "overlay/loop/loop.h"
#include "overlay/model/view.h"

namespace cli {

// Of a joined server.
struct Joined {
  const agent::Identity& identity;
  model::View view;  // the last good one; empty when there is none yet
};

void check_tools(Findings& findings);
void check_wireguard(Findings& findings);
void check_agent(Findings& findings, const agent::Paths& paths);
// Forwarding, on a gateway.
void check_forwarding(Findings& findings, const Joined& joined);
// The overlay's packets with WireGuard's header fit through this host's links.
void check_mtu(Findings& findings, const Joined& joined);
// No network of this host overlaps the overlay.
void check_overlaps(Findings& findings, const Joined& joined);
// The coordinator answers, with the pinned key, and the clocks agree.
void check_coordinator(Findings& findings, loop::Loop& loop, const agent::Identity& identity);
// The container runtime is pointed at the mirror, and the mirror answers.
void check_mirror(Findings& findings, loop::Loop& loop, const Joined& joined);

// An HTTP date (RFC 9110, 5.6.7, the preferred form); nothing when it is none. Pure.
std::optional<base::WallTime> parse_http_date(std::string_view text);
// True if containerd's configuration names a directory of registry hosts (config_path). Pure.
bool names_hosts_directory(std::string_view containerd_config);

}  // namespace cli
