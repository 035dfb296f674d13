// Signed requests (PROTOCOL.md, 4): four headers, checked by any coordinator without a session.
#pragma once

#include <compare>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "overlay/base/result.h"
#include "overlay/base/time.h"
#include "overlay/crypto/digest.h"
#include "overlay/crypto/keys.h"
#include "overlay/model/json_reader.h"

namespace model {

// As HTTP/2 writes them; HTTP/1.1 does not care about case.
inline constexpr std::string_view kNodeHeader = "linkspan-node";
inline constexpr std::string_view kTimeHeader = "linkspan-time";
inline constexpr std::string_view kHostHeader = "linkspan-host";
inline constexpr std::string_view kSignatureHeader = "linkspan-signature";

// A request's time may be this far from the coordinator's clock, either way.
inline constexpr base::Duration kClockSkewMax = std::chrono::seconds(120);

// Which running system a request comes from: a copy of a server's disk has its keys, but runs on
// another machine or is another boot. Each is 1..64 letters, digits, '-', '.' and '_'.
struct HostId {
  std::string machine_id{};
  std::string boot_id{};

  std::string text() const { return machine_id + "/" + boot_id; }
  // Errors: Malformed.
  static base::Result<HostId> parse(std::string_view text);
  friend auto operator<=>(const HostId&, const HostId&) = default;
};

// What is signed. Borrows its texts.
struct SignedParts {
  std::string_view method{};  // "POST"
  std::string_view target{};  // path and query as sent: "/v1/view?epoch=1&sequence=2"
  std::string_view node{};    // text_of(NodeId); for /v1/enrol the identity key in hex
  base::WallTime time{};      // strictly increasing for one node (replay_guard.h)
  std::string_view host{};    // HostId::text()
};

struct RequestHeaders {
  std::string node{};
  std::string time{};  // unix milliseconds, decimal
  std::string host{};
  std::string signature{};
};

// The text whose bytes are signed; ends with a newline.
std::string canonical_request(const SignedParts& parts, std::span<const std::uint8_t> body);

RequestHeaders sign_request(const crypto::IdentityKey& key, const SignedParts& parts,
                            std::span<const std::uint8_t> body);

// Headers as they came, taken apart. `node` is not yet believed.
struct RequestClaim {
  std::string node{};
  base::WallTime time{};
  HostId host{};
  crypto::Signature signature{};
};

// Errors: Malformed, naming the header, as `failure` does if it is given.
base::Result<RequestClaim> parse_request_headers(const RequestHeaders& headers,
                                                 FieldFailure* failure = nullptr);

// The request as it came in, with the body's exact bytes.
struct Request {
  std::string_view method{};
  std::string_view target{};
  std::span<const std::uint8_t> body{};
};

// Verifies the signature and that the time is within kClockSkewMax of `now`. Replays are the
// ReplayGuard's to refuse, after this.
// Errors: Unauthenticated; a skewed clock is named with both times, for the node's log. `failure`,
// if given, says which header it was.
base::Status verify_request(const crypto::IdentityPublicKey& key, const RequestClaim& claim,
                            const Request& request, base::WallTime now,
                            FieldFailure* failure = nullptr);

}  // namespace model
