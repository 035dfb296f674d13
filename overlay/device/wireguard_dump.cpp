// The pure half of wireguard.h: the text of `wg show IF dump` (wg(8)). Tab-separated; the first
// line is the interface (private key, public key, port, fwmark), each later one a peer (public key,
// preshared key, endpoint, allowed ips, latest handshake, received, sent, keepalive).
#include <algorithm>
#include <array>
#include <charconv>
#include <limits>

#include "overlay/base/hex.h"
#include "overlay/device/wireguard.h"

namespace device {
namespace {

constexpr std::string_view kNone = "(none)";

// The text up to `separator`, which is taken off `rest` together with it.
std::string_view next(std::string_view& rest, char separator) {
  const auto at = rest.find(separator);
  const auto field = rest.substr(0, at);
  rest.remove_prefix(at == std::string_view::npos ? rest.size() : at + 1);
  return field;
}

template <std::size_t Count>
bool split(std::string_view line, std::array<std::string_view, Count>& fields) {
  if (static_cast<std::size_t>(std::ranges::count(line, '\t')) != Count - 1) {
    return false;
  }
  for (auto& field : fields) {
    field = next(line, '\t');
  }
  return true;
}

// Reads the fields of one line; the first failure sticks and names the field. No error text repeats
// a field: one of them is the private key.
class LineReader {
 public:
  explicit LineReader(std::size_t number) : where_("wg dump: line " + std::to_string(number)) {}

  base::TunnelKey key(std::string_view field, std::string_view text) {
    base::TunnelKey key{};
    if (text == kNone) {
      return key;
    }
    const auto bytes = base::base64_decode(text);
    if (!bytes.ok() || bytes.value().size() != key.size()) {
      reject(field, "expected base64 of 32 bytes");
      return key;
    }
    std::ranges::copy(bytes.value(), key.begin());
    return key;
  }

  template <typename Number>
  Number number(std::string_view field, std::string_view text) {
    Number value = 0;
    const auto* end = text.data() + text.size();
    const auto result = std::from_chars(text.data(), end, value);
    if (result.ec != std::errc() || result.ptr != end) {
      reject(field,
             "expected a number up to " + std::to_string(std::numeric_limits<Number>::max()));
      return 0;
    }
    return value;
  }

  std::optional<base::Endpoint> endpoint(std::string_view text) {
    // One with a scope ("[fe80::1%eth0]:51820") has no form of ours; as if it were not known.
    if (text == kNone || text.find('%') != std::string_view::npos) {
      return std::nullopt;
    }
    const auto endpoint = base::Endpoint::parse(text);
    if (!endpoint.ok()) {
      reject("endpoint", "expected ADDRESS:PORT or (none)");
      return std::nullopt;
    }
    return endpoint.value();
  }

  std::set<base::Prefix> allowed(std::string_view text) {
    std::set<base::Prefix> prefixes;
    if (text == kNone) {
      return prefixes;
    }
    do {
      const auto prefix = base::Prefix::parse(next(text, ','));
      if (!prefix.ok()) {
        reject("allowed ips", "expected ADDRESS/LENGTH");
        return {};
      }
      prefixes.insert(prefix.value());
    } while (!text.empty());
    return prefixes;
  }

  void reject(std::string_view field, const std::string& expected) {
    if (!error_.has_value()) {
      error_ =
          base::Error(base::Errc::Malformed, std::string(field) + ": " + expected).within(where_);
    }
  }

  base::Status finish() const {
    return error_.has_value() ? base::Status(*error_) : base::Status();
  }

 private:
  std::string where_;
  std::optional<base::Error> error_;
};

base::Status read_interface(std::string_view line, Wireguard& wireguard) {
  LineReader reader(1);
  if (std::array<std::string_view, 4> fields; split(line, fields)) {
    wireguard.key = reader.key("public key", fields[1]);
    wireguard.listen_port = reader.number<std::uint16_t>("listen port", fields[2]);
  } else {
    reader.reject("interface", "expected 4 fields");
  }
  return reader.finish();
}

base::Status read_peer(std::size_t number, std::string_view line, Wireguard& wireguard) {
  LineReader reader(number);
  std::array<std::string_view, 8> fields;
  if (!split(line, fields)) {
    reader.reject("peer", "expected 8 fields");
    return reader.finish();
  }
  const auto key = reader.key("public key", fields[0]);
  WireguardPeer peer;
  peer.settings.endpoint = reader.endpoint(fields[2]);
  peer.settings.allowed = reader.allowed(fields[3]);
  peer.last_handshake_unix_s = reader.number<std::int64_t>("latest handshake", fields[4]);
  peer.received_bytes = reader.number<std::uint64_t>("received", fields[5]);
  peer.sent_bytes = reader.number<std::uint64_t>("sent", fields[6]);
  if (fields[7] != "off") {
    peer.settings.keepalive_s = reader.number<std::uint16_t>("keepalive", fields[7]);
  }
  if (!wireguard.peers.emplace(key, std::move(peer)).second) {
    reader.reject("public key", "is there twice");
  }
  return reader.finish();
}

}  // namespace

base::Result<Wireguard> parse_wireguard_dump(std::string_view text) {
  Wireguard wireguard;
  if (auto status = read_interface(next(text, '\n'), wireguard); !status.ok()) {
    return status.error();
  }
  for (std::size_t number = 2; !text.empty(); ++number) {
    if (number - 2 >= kPeersMax) {
      return base::Error(base::Errc::LimitExceeded,
                         "wg dump: over " + std::to_string(kPeersMax) + " peers");
    }
    if (auto status = read_peer(number, next(text, '\n'), wireguard); !status.ok()) {
      return status.error();
    }
  }
  return wireguard;
}

}  // namespace device
