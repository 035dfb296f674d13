// WireGuard interfaces of the kernel and of wireguard-go, both through the `wg` tool. Blocking.
//
// Always incremental: never "replace all peers", never an unchanged key, so that sessions live on.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "overlay/base/device_state.h"
#include "overlay/base/result.h"

namespace device {

struct WireguardPeer {
  base::TunnelPeer settings;               // endpoint: set or learned
  std::int64_t last_handshake_unix_s = 0;  // 0: never
  std::uint64_t received_bytes = 0;
  std::uint64_t sent_bytes = 0;

  friend bool operator==(const WireguardPeer&, const WireguardPeer&) = default;
};

struct Wireguard {
  base::TunnelKey key{};  // public; all zero: none set
  std::uint16_t listen_port = 0;
  std::map<base::TunnelKey, WireguardPeer> peers;

  friend bool operator==(const Wireguard&, const Wireguard&) = default;
};

inline constexpr std::size_t kPeersMax = 20'000;  // more in one dump is refused

// Reads the output of `wg show IF dump`. Pure. The private and preshared keys in it are skipped and
// never reach an error text. Errors: Malformed ("wg dump: line 3: ..."), LimitExceeded.
base::Result<Wireguard> parse_wireguard_dump(std::string_view text);

// Errors: NotFound when there is no such interface.
base::Result<Wireguard> read_wireguard(const std::string& name);

// Makes the interface, down and bare: the kernel's where it has one, else a `wireguard-go` daemon
// that outlives this process. Errors: Conflict when the name is taken, Unavailable when neither
// works; nothing is left behind.
base::Status create_wireguard(const std::string& name);

// Removes the interface and what its wireguard-go may have left in /run/wireguard, with the
// directory when it is empty then. Ok when there is no such interface.
base::Status remove_wireguard(const std::string& name);

struct WireguardSettings {
  std::optional<std::span<const std::uint8_t>> private_key;  // 32 bytes; goes through a pipe
  std::optional<std::uint16_t> listen_port;
};
base::Status set_wireguard(const std::string& name, const WireguardSettings& settings);

// One step for one peer, of the interface that the call names.
using PeerStep = std::variant<base::SetPeer, base::RemovePeer>;

// A new peer (SetPeer::is_new) with an endpoint gets a handshake at once, not with the first
// packet: whoever hears of the other second completes it, where the first one's attempt was lost
// and would be repeated 5 s later only (whitepaper, 6.1: REKEY_TIMEOUT).
//
// Applies the steps in order, several hundred per `wg` process. Not atomic: after an error some of
// them hold; read again and diff.
base::Status set_peers(const std::string& name, std::span<const PeerStep> steps);

}  // namespace device
