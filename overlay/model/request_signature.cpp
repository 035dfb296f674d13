#include "overlay/model/request_signature.h"

#include <algorithm>
#include <charconv>

#include "overlay/base/bytes.h"
#include "overlay/base/hex.h"

namespace model {
namespace {

constexpr std::string_view kDomain = "linkspan-request-v1\n";
constexpr std::size_t kNodeBytesMax = 64;
constexpr std::size_t kTimeDigitsMax = 15;  // to the year 33658
constexpr std::size_t kHostPartBytesMax = 64;
constexpr std::size_t kShownBytesMax = 64;  // of a value in a problem document

bool is_hex(std::string_view text) {
  return text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

bool is_host_part(std::string_view text) {
  return !text.empty() && text.size() <= kHostPartBytesMax &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                  c == '-' || c == '.' || c == '_';
         });
}

void note(FieldFailure* failure, std::string_view header, std::string_view value,
          std::string_view expected) {
  if (failure != nullptr) {
    *failure = {.field = std::string(header),
                .value = std::string(value.substr(0, kShownBytesMax)),
                .expected = std::string(expected)};
  }
}

}  // namespace

std::string canonical_request(const SignedParts& parts, std::span<const std::uint8_t> body) {
  std::string text(kDomain);
  for (const std::string_view part : {parts.method, parts.target, parts.node}) {
    text += part;
    text += '\n';
  }
  text += std::to_string(parts.time.unix_ms) + '\n';
  text += std::string(parts.host) + '\n';
  text += base::hex_encode(crypto::sha256(body)) + '\n';
  return text;
}

RequestHeaders sign_request(const crypto::IdentityKey& key, const SignedParts& parts,
                            std::span<const std::uint8_t> body) {
  const std::string text = canonical_request(parts, body);
  return RequestHeaders{.node = std::string(parts.node),
                        .time = std::to_string(parts.time.unix_ms),
                        .host = std::string(parts.host),
                        .signature = key.sign(base::as_bytes(text)).text()};
}

base::Result<HostId> HostId::parse(std::string_view text) {
  const std::size_t slash = std::min(text.find('/'), text.size());
  const std::string_view machine = text.substr(0, slash);
  const std::string_view boot = text.substr(std::min(slash + 1, text.size()));
  if (!is_host_part(machine) || !is_host_part(boot)) {
    return base::Error(base::Errc::Malformed,
                       "expected MACHINE/BOOT, each 1..64 letters and digits");
  }
  return HostId{.machine_id = std::string(machine), .boot_id = std::string(boot)};
}

base::Result<RequestClaim> parse_request_headers(const RequestHeaders& headers,
                                                 FieldFailure* failure) {
  const auto malformed = [&](std::string_view header, std::string_view value,
                             const std::string& expected) {
    note(failure, header, value, expected);
    return base::Error(base::Errc::Malformed, std::string(header) + ": " + expected);
  };
  RequestClaim claim;
  const std::string& node = headers.node;
  if ((node.size() != 16 && node.size() != kNodeBytesMax) || !is_hex(node)) {
    return malformed(kNodeHeader, node, "expected 16 hex digits, or the 64 of an identity key");
  }
  claim.node = node;
  const std::string& time = headers.time;
  const auto [end, code] =
      std::from_chars(time.data(), time.data() + time.size(), claim.time.unix_ms);
  if (code != std::errc() || end != time.data() + time.size() || time.size() > kTimeDigitsMax ||
      time.front() == '-' || time.front() == '0') {
    return malformed(kTimeHeader, time, "expected milliseconds since 1970");
  }
  auto host = HostId::parse(headers.host);
  if (!host.ok()) {
    return malformed(kHostHeader, headers.host, host.error().text());
  }
  claim.host = std::move(host).value();
  const auto parsed = crypto::Signature::parse(headers.signature);
  if (!parsed.ok()) {
    return malformed(kSignatureHeader, "", "expected 86 characters of base64url");
  }
  claim.signature = parsed.value();
  return claim;
}

base::Status verify_request(const crypto::IdentityPublicKey& key, const RequestClaim& claim,
                            const Request& request, base::WallTime now, FieldFailure* failure) {
  const std::string host = claim.host.text();
  const SignedParts parts{request.method, request.target, claim.node, claim.time, host};
  if (!crypto::verify(key, base::as_bytes(canonical_request(parts, request.body)),
                      claim.signature)) {
    note(failure, kSignatureHeader, "", "");
    return base::Error(base::Errc::Unauthenticated,
                       "request: signature does not fit the key of node " + claim.node);
  }
  const base::Duration skew = claim.time - now;
  if (skew > kClockSkewMax || skew < -kClockSkewMax) {
    note(failure, kTimeHeader, std::to_string(claim.time.unix_ms), "");
    return base::Error(base::Errc::Unauthenticated,
                       "request: time " + std::to_string(claim.time.unix_ms) +
                           " ms, expected within 120 s of " + std::to_string(now.unix_ms) + " ms");
  }
  return {};
}

}  // namespace model
