// What people carry: join tokens and API keys. Both hold an id, a secret and the SHA-256 pin of the
// coordinator's public key, so neither needs any other trust to begin with.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "overlay/base/result.h"
#include "overlay/crypto/digest.h"
#include "overlay/crypto/secret.h"
#include "overlay/model/ids.h"

namespace model {

inline constexpr std::size_t kTokenTextBytes = 16 + 1 + 43 + 1 + 43;

// "<id>.<secret>.<pin>": 16 hex digits, 43 and 43 base64url characters.
struct JoinToken {
  TokenId id;
  crypto::Secret<32> secret;
  crypto::Digest256 pin{};

  std::string text() const;
  // Errors: Malformed, saying which part; never repeats the input.
  static base::Result<JoinToken> parse(std::string_view text);
};

// "<id>.<secret>": what the enrol body carries, the pin having done its work.
struct TokenClaim {
  TokenId id;
  crypto::Secret<32> secret;

  std::string text() const;
  // Errors: Malformed, never repeating the input.
  static base::Result<TokenClaim> parse(std::string_view text);
};

// "lsk.<id>.<secret>.<pin>".
struct ApiKey {
  ApiKeyId id;
  crypto::Secret<32> secret;
  crypto::Digest256 pin{};

  std::string text() const;
  // Errors: Malformed, never repeating the input.
  static base::Result<ApiKey> parse(std::string_view text);
};

// What is stored in the secret's place. Secrets are 256 random bits, so one plain keyed hash is
// enough; compare with crypto::equal().
crypto::Digest256 token_hash(const crypto::Secret<32>& secret);
crypto::Digest256 api_key_hash(const crypto::Secret<32>& secret);

}  // namespace model
