// How `linkspan status` shows what it knows. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "overlay/agent/status.h"
#include "overlay/base/time.h"

namespace cli {

// What WireGuard says about a peer, by interface and key.
struct PeerTraffic {
  std::string endpoint;
  std::optional<std::int64_t> handshake_age_s;  // none: never
  std::uint64_t received_bytes = 0;
  std::uint64_t sent_bytes = 0;
};
using Traffic = std::map<std::pair<std::string, std::string>, PeerTraffic>;

struct StatusReport {
  agent::Status status;
  bool is_running = false;  // the agent
  Traffic traffic;          // empty without the right to ask
  base::WallTime now;
};

// For people; lines, each ended.
std::string format_status(const StatusReport& report);
// The file's fields, "joined" and "running", and in each peer what WireGuard says. Ends with a
// newline.
std::string format_status_json(const StatusReport& report);

// "3 s", "5 min", "2 h", "4 d".
std::string format_age(base::Duration age);
// "512 B", "1.5 KiB", "12 MiB".
std::string format_bytes(std::uint64_t count);

}  // namespace cli
