// The host's devices as one thing: read them, take the steps of a diff, undo everything.
//
// Blocking: at boot, or in a WorkQueue job, one call at a time. Holds no cache: each read asks the
// kernel, so what somebody else changed is seen and mended.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <span>
#include <string>
#include <utility>

#include "overlay/base/device_state.h"
#include "overlay/base/result.h"
#include "overlay/base/time.h"
#include "overlay/device/journal.h"
#include "overlay/device/wireguard.h"

namespace device {

class Device {
 public:
  struct Options {
    std::string journal_path = "/var/lib/linkspan/journal.json";
    // The WireGuard private key, 32 bytes. Read only while an interface is made or its key set; the
    // owner keeps it alive as long as the Device.
    std::span<const std::uint8_t> private_key = {};
  };

  // Errors: the journal cannot be read.
  static base::Result<Device> open(Options options);

  // What is there of ours. `sysctls`: the keys of the wanted state; keys in the journal are read
  // too. `now` tells which peers are alive. One `wg` call per interface, five netlink dumps, one
  // nft list.
  base::Result<base::DeviceState> read(const std::set<std::string>& sysctls,
                                       base::WallTime now) const;

  // Takes the steps in order, journal first; steps for peers in a row share `wg` processes. Gives
  // the first error, which names the step. After one the additions go on, each by itself, so that
  // one bad route does not keep the rest of the network away; removals are not begun. Read again
  // and diff to go on. Requires the private key in the options.
  base::Status apply(std::span<const base::Change> changes);

  // Takes away what the journal names, newest first, and empties it. Goes on after an error, gives
  // the first one; what could not be undone stays in the journal.
  base::Status undo();

  // Handshakes and traffic of each of our interfaces.
  base::Result<std::map<std::string, Wireguard>> read_tunnels() const;

  const Journal& journal() const { return journal_; }

 private:
  Device(Options options, Journal journal)
      : options_(std::move(options)), journal_(std::move(journal)) {}

  Options options_;
  Journal journal_;
};

}  // namespace device
