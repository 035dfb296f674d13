#include "overlay/model/request_signature.h"

#include <charconv>

#include "overlay/base/bytes.h"
#include "overlay/base/hex.h"

namespace model {
namespace {

constexpr std::string_view kDomain = "linkspan-request-v1\n";
constexpr std::size_t kNodeBytesMax = 64;
constexpr std::size_t kTimeDigitsMax = 15;  // to the year 33658

base::Error malformed(std::string_view header, std::string_view expected) {
  return base::Error(base::Errc::Malformed,
                     std::string(header) + ": expected " + std::string(expected));
}

bool is_hex(std::string_view text) {
  return text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

}  // namespace

std::string canonical_request(const SignedParts& parts, std::span<const std::uint8_t> body) {
  std::string text(kDomain);
  for (const std::string_view part : {parts.method, parts.target, parts.node}) {
    text += part;
    text += '\n';
  }
  text += std::to_string(parts.time.unix_ms) + '\n';
  text += base::hex_encode(crypto::sha256(body)) + '\n';
  return text;
}

RequestHeaders sign_request(const crypto::IdentityKey& key, const SignedParts& parts,
                            std::span<const std::uint8_t> body) {
  const std::string text = canonical_request(parts, body);
  return RequestHeaders{.node = std::string(parts.node),
                        .time = std::to_string(parts.time.unix_ms),
                        .signature = key.sign(base::as_bytes(text)).text()};
}

base::Result<RequestClaim> parse_request_headers(std::string_view node, std::string_view time,
                                                 std::string_view signature) {
  RequestClaim claim;
  if ((node.size() != 16 && node.size() != kNodeBytesMax) || !is_hex(node)) {
    return malformed(kNodeHeader, "16 hex digits, or the 64 of an identity key");
  }
  claim.node = node;
  const auto [end, code] =
      std::from_chars(time.data(), time.data() + time.size(), claim.time.unix_ms);
  if (code != std::errc() || end != time.data() + time.size() || time.size() > kTimeDigitsMax ||
      time.front() == '-' || time.front() == '0') {
    return malformed(kTimeHeader, "milliseconds since 1970");
  }
  const auto parsed = crypto::Signature::parse(signature);
  if (!parsed.ok()) {
    return malformed(kSignatureHeader, "86 characters of base64url");
  }
  claim.signature = parsed.value();
  return claim;
}

base::Status verify_request(const crypto::IdentityPublicKey& key, const RequestClaim& claim,
                            const Request& request, base::WallTime now) {
  const SignedParts parts{request.method, request.target, claim.node, claim.time};
  if (!crypto::verify(key, base::as_bytes(canonical_request(parts, request.body)),
                      claim.signature)) {
    return base::Error(base::Errc::Unauthenticated,
                       "request: signature does not fit the key of node " + claim.node);
  }
  const base::Duration skew = claim.time - now;
  if (skew > kClockSkewMax || skew < -kClockSkewMax) {
    return base::Error(base::Errc::Unauthenticated,
                       "request: time " + std::to_string(claim.time.unix_ms) +
                           " ms, expected within 120 s of " + std::to_string(now.unix_ms) + " ms");
  }
  return {};
}

}  // namespace model
