// identity.json: who this server is. Two private keys, made here and never sent anywhere, where the
// coordinator is, how to know it, and what it answered when the server joined.
//
//   {"format": 1, "coordinator": "https://c.example:7750", "pin": base64url, "token": token id,
//    "name": "alpha", "machine_id": hex, "listen_port": 51820, "mirror": true,
//    "identity_seed": base64url,
//    "wireguard_private_key": base64, "joined_at_ms": 1735689600000, "enrolment": {...}}
//
// And "public_endpoint": "192.0.2.7:51820" where one was given to the join.
// Without "enrolment" it is a pending identity: the coordinator was asked and it is not known
// whether it said yes. Asking again with the same keys gives the same node, and uses no token up.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "overlay/base/ip.h"
#include "overlay/base/result.h"
#include "overlay/base/time.h"
#include "overlay/crypto/digest.h"
#include "overlay/crypto/keys.h"
#include "overlay/model/enrol.h"
#include "overlay/model/request_signature.h"

namespace agent {

inline constexpr std::size_t kIdentityBytesMax = std::size_t{64} << 10;

struct Identity {
  crypto::IdentityKey identity_key;
  crypto::WireguardKey wireguard_key;
  std::string coordinator;  // URL without a slash at the end
  crypto::Digest256 pin{};
  model::TokenId token;  // the one that was presented; its secret is not kept
  std::string name;
  std::string machine_id;  // HostId's, of the machine that joined; empty if not known
  std::uint16_t listen_port = 51820;
  std::optional<base::Endpoint> public_endpoint;  // given at the join; else the coordinator sees it
  bool is_mirror_wanted = true;
  base::WallTime joined_at;
  std::optional<model::EnrolResponse> enrolment;
  model::HostId host;  // not in the file: where it is used now, read by load_identity()
};

// Of this machine, and of its boot. Blocking. Errors: what could not be read.
base::Result<model::HostId> read_host_id();

// Fresh keys; everything else is the caller's to fill in.
Identity make_identity();

// The file's text, which holds secrets: wipe it when it is written.
std::string encode(const Identity& identity);

// Strict: unknown fields are refused. Errors: Malformed, LimitExceeded; the text says
// `identity: field: ...` and never shows a key.
base::Result<Identity> decode_identity(std::string_view json);

// Errors: NotFound when there is no such file; those of decode_identity() with the path in front;
// those of read_host_id().
base::Result<Identity> load_identity(const std::string& path);

// Writes it atomically, mode 0600, making the directory (0700) if need be.
base::Status save_identity(const std::string& path, const Identity& identity);

// "https://host[:port]", lower-case scheme, no path, query or user; one slash at the end is taken
// off. Errors: Malformed.
base::Result<std::string> parse_coordinator_url(std::string_view text);

}  // namespace agent
