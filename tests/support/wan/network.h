#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "overlay/base/random.h"
#include "overlay/base/result.h"
#include "overlay/base/time.h"
#include "tests/support/wan/frame_kind.h"
#include "tests/support/wan/link.h"

namespace wan {

// A frame that has arrived, and the port to write it to.
struct Delivery {
  std::size_t port = 0;
  std::vector<std::uint8_t> frame;
};

struct KindCounters {
  std::uint64_t frames = 0;
  std::uint64_t bytes = 0;
};

// What was sent from one port to another.
struct PairCounters {
  LinkCounters link;
  std::array<KindCounters, kFrameKinds> kinds{};
  // Bytes by "udp/51820" of the frame's lower port; at most kServicesMax of them.
  std::map<std::string, std::uint64_t> services;
};

// The emulated WAN: an Ethernet switch whose ports lie far apart. Learns which address is behind
// which port; sends what is for all, or for an unknown address, to every other port. Feed, drain,
// sleep.
class Network {
 public:
  static constexpr std::size_t kPortsMax = 8;
  static constexpr std::size_t kAddressesMax = 256;  // learnt; later ones are flooded
  static constexpr std::size_t kServicesMax = 64;    // a pair; later ones are not counted by name

  // Names become the ports 0, 1, ...  Keeps a reference to `random`, which must outlive this.
  // Requires 2..kPortsMax names.
  Network(const std::vector<std::string>& names, base::RandomSource& random);

  const std::vector<std::string>& names() const { return names_; }
  // Errors: NotFound, with the ports that exist.
  base::Result<std::size_t> port(std::string_view name) const;

  // Requires different ports.
  void set_path(std::size_t from, std::size_t to, const Path& path);
  const Path& path(std::size_t from, std::size_t to) const;
  PairCounters counters(std::size_t from, std::size_t to) const;

  void handle_frame(std::size_t port, std::vector<std::uint8_t> frame, base::TimePoint now);

  // The next frame that has arrived anywhere by `now`. O(ports^2) looks, no search in queues.
  std::optional<Delivery> poll(base::TimePoint now);
  std::optional<base::TimePoint> next_timeout() const;

 private:
  using Mac = std::array<std::uint8_t, 6>;
  struct Pair {
    Link link;
    std::array<KindCounters, kFrameKinds> kinds{};
    std::map<std::uint32_t, std::uint64_t> services;  // kind << 16 | lower port
  };

  Pair& pair(std::size_t from, std::size_t to);
  const Pair& pair(std::size_t from, std::size_t to) const;
  void send(std::size_t from, std::size_t to, std::vector<std::uint8_t> frame, base::TimePoint now);

  std::vector<std::string> names_;
  std::vector<Pair> pairs_;  // from * ports + to
  std::map<Mac, std::size_t> port_of_;
};

}  // namespace wan
