// Tokens, API keys, ids, view names and keys: what parses has exactly the text it was parsed from,
// and errors about secrets never repeat them.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "overlay/base/bytes.h"
#include "overlay/base/check.h"
#include "overlay/model/names.h"
#include "overlay/model/state_hash.h"
#include "overlay/model/token.h"
#include "overlay/model/view.h"

namespace {

template <typename T>
void check_exact(std::string_view text) {
  const auto value = T::parse(text);
  CHECK(value.ok() ? value.value().text() == text : !value.error().text().empty());
}

// Errors about secrets are one of these, whatever was given.
constexpr std::string_view kSentences[] = {
    "token: expected three parts with dots between: id, secret, pin",
    "token: expected two parts with a dot between: id, secret",
    "token: id: expected 16 lower-case hex digits, not zero",
    "token: secret: expected 43 characters of base64url",
    "token: pin: expected 43 characters of base64url",
    "api key: expected it to begin with \"lsk.\"",
    "api key: expected three parts with dots between: id, secret, pin",
    "api key: id: expected 16 lower-case hex digits, not zero",
    "api key: secret: expected 43 characters of base64url",
    "api key: pin: expected 43 characters of base64url"};

template <typename T>
void check_secret(std::string_view text) {
  check_exact<T>(text);
  const auto value = T::parse(text);
  CHECK(value.ok() || std::ranges::find(kSentences, std::string_view(value.error().text())) !=
                          std::end(kSentences));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = base::as_text(std::span(data, size));
  check_secret<model::JoinToken>(text);
  check_secret<model::TokenClaim>(text);
  check_secret<model::ApiKey>(text);
  check_exact<model::ViewId>(text);
  check_exact<model::StateHash>(text);
  check_exact<crypto::IdentityPublicKey>(text);
  check_exact<crypto::WireguardPublicKey>(text);
  check_exact<crypto::Signature>(text);
  if (const auto id = model::parse_node_id(text); id.ok()) {
    CHECK(model::text_of(id.value()) == text);
  }
  if (model::check_name(text).ok()) {
    CHECK(model::check_source(text).ok());  // a label is a host name too
  }
  (void)model::check_replica_url(text);
  return 0;
}
