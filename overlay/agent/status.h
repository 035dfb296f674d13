// status.json: how this server is doing, written by the agent for `linkspan status` and for people.
// What changes by the second (handshake ages) is not in it; the command asks WireGuard itself.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "overlay/base/result.h"
#include "overlay/base/time.h"

namespace agent {

inline constexpr std::size_t kStatusBytesMax = 4U << 20;
// Peers shown; a mesh may have more, and a file read by people need not list them all.
inline constexpr std::size_t kStatusPeersMax = 1000;
inline constexpr std::size_t kStatusProblemsMax = 64;

struct Status {
  struct Peer {
    std::string name;
    std::string role;
    std::string site;
    std::string address;    // first overlay address
    std::string interface;  // "ls0"
    std::string key;        // as wg shows it

    friend bool operator==(const Peer&, const Peer&) = default;
  };

  std::string version;
  int pid = 0;
  base::WallTime written_at;
  std::string node;  // id
  std::string name;
  std::string network;
  std::string site;
  std::string role;
  std::vector<std::string> addresses;

  std::string coordinator;
  bool is_connected = false;  // the view stream is open
  std::optional<base::WallTime> heard_at;
  std::string error;  // why not connected

  std::string view;  // "1/2/member"
  std::uint64_t epoch = 0;
  std::uint64_t sequence = 0;
  bool is_applied = false;  // the devices are as that view wants them
  std::string held_back;    // an update that is not put into effect, and why

  bool is_up = false;
  bool is_alone = false;  // nobody else to ping
  std::optional<std::uint64_t> first_ping_ms;
  std::optional<std::uint64_t> ping_us;  // latest round trip
  std::string ping_peer;

  std::string mirror;  // "off", "no replicas", "running", ... for people
  std::vector<std::string> sources;
  std::vector<Peer> peers;
  std::vector<std::string> problems;

  friend bool operator==(const Status&, const Status&) = default;
};

// Lists beyond the limits are cut. Ends with a newline.
std::string encode(const Status& status);

// Lenient towards what a newer agent adds; strict about types. Errors: Malformed, LimitExceeded.
base::Result<Status> decode_status(std::string_view json);

}  // namespace agent
