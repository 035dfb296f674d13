#include "overlay/model/token.h"

#include <algorithm>
#include <vector>

#include "overlay/base/bytes.h"
#include "overlay/base/hex.h"

namespace model {
namespace {

constexpr std::string_view kApiKeyPrefix = "lsk.";

base::Error malformed(std::string_view what, std::string_view why) {
  return base::Error(base::Errc::Malformed, std::string(what) + ": " + std::string(why));
}

std::vector<std::string_view> parts_of(std::string_view text) {
  std::vector<std::string_view> parts;
  for (;;) {
    const std::size_t dot = text.find('.');
    parts.push_back(text.substr(0, dot));
    if (dot == std::string_view::npos || parts.size() > 3) {
      return parts;
    }
    text.remove_prefix(dot + 1);
  }
}

// 43 characters of base64url. The text may be secret, so errors say only what was expected.
base::Result<crypto::Secret<32>> parse_secret(std::string_view what, std::string_view part,
                                              std::string_view text) {
  auto decoded = base::base64url_decode(text);
  if (!decoded.ok() || decoded.value().size() != 32) {
    return malformed(what, std::string(part) + ": expected 43 characters of base64url");
  }
  std::vector<std::uint8_t> bytes = std::move(decoded).value();
  crypto::Secret<32> secret(bytes);
  crypto::wipe(bytes);
  return secret;
}

base::Result<std::uint64_t> parse_id(std::string_view what, std::string_view text) {
  const auto id = parse_token_id(text);
  if (!id.ok()) {
    return malformed(what, "id: expected 16 lower-case hex digits, not zero");
  }
  return id.value().value;
}

// The three parts that tokens and API keys share.
struct Parts {
  std::uint64_t id = 0;
  crypto::Secret<32> secret{};
  crypto::Digest256 pin{};
};

base::Result<Parts> parse_parts(std::string_view what, std::string_view text) {
  const auto texts = parts_of(text);
  if (texts.size() != 3) {
    return malformed(what, "expected three parts with dots between: id, secret, pin");
  }
  const auto id = parse_id(what, texts[0]);
  if (!id.ok()) {
    return id.error();
  }
  auto secret = parse_secret(what, "secret", texts[1]);
  if (!secret.ok()) {
    return secret.error();
  }
  const auto pin = parse_secret(what, "pin", texts[2]);
  if (!pin.ok()) {
    return pin.error();
  }
  Parts parts{.id = id.value(), .secret = std::move(secret).value()};
  std::ranges::copy(pin.value().bytes(), parts.pin.begin());
  return parts;
}

std::string text_of_parts(const std::string& id, const crypto::Secret<32>& secret,
                          const crypto::Digest256& pin) {
  return id + "." + base::base64url_encode(secret.bytes()) + "." + base::base64url_encode(pin);
}

// Keyed by a constant, so a token's hash is of no use as an API key's.
crypto::Digest256 hash_for(std::string_view purpose, const crypto::Secret<32>& secret) {
  crypto::Secret<32> key;
  std::ranges::copy(base::as_bytes(purpose), key.writable().begin());
  return crypto::keyed_blake2b(key, secret.bytes());
}

}  // namespace

std::string JoinToken::text() const {
  return text_of_parts(text_of(id), secret, pin);
}

base::Result<JoinToken> JoinToken::parse(std::string_view text) {
  auto parts = parse_parts("token", text);
  if (!parts.ok()) {
    return parts.error();
  }
  Parts taken = std::move(parts).value();
  return JoinToken{TokenId{taken.id}, std::move(taken.secret), taken.pin};
}

std::string TokenClaim::text() const {
  return text_of(id) + "." + base::base64url_encode(secret.bytes());
}

base::Result<TokenClaim> TokenClaim::parse(std::string_view text) {
  const auto texts = parts_of(text);
  if (texts.size() != 2) {
    return malformed("token", "expected two parts with a dot between: id, secret");
  }
  const auto id = parse_id("token", texts[0]);
  if (!id.ok()) {
    return id.error();
  }
  auto secret = parse_secret("token", "secret", texts[1]);
  if (!secret.ok()) {
    return secret.error();
  }
  return TokenClaim{TokenId{id.value()}, std::move(secret).value()};
}

std::string ApiKey::text() const {
  return std::string(kApiKeyPrefix) + text_of_parts(text_of(id), secret, pin);
}

base::Result<ApiKey> ApiKey::parse(std::string_view text) {
  if (!text.starts_with(kApiKeyPrefix)) {
    return malformed("api key", "expected it to begin with \"lsk.\"");
  }
  auto parts = parse_parts("api key", text.substr(kApiKeyPrefix.size()));
  if (!parts.ok()) {
    return parts.error();
  }
  Parts taken = std::move(parts).value();
  return ApiKey{ApiKeyId{taken.id}, std::move(taken.secret), taken.pin};
}

crypto::Digest256 token_hash(const crypto::Secret<32>& secret) {
  return hash_for("linkspan-token-v1", secret);
}

crypto::Digest256 api_key_hash(const crypto::Secret<32>& secret) {
  return hash_for("linkspan-api-key-v1", secret);
}

}  // namespace model
