// Tokens, API keys, ids, view names and keys: what parses has exactly the text it was parsed from,
// and errors about secrets never repeat them.
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

template <typename T>
void check_secret(std::string_view text) {
  check_exact<T>(text);
  const auto value = T::parse(text);
  if (!value.ok() && text.size() > 40) {
    CHECK(value.error().text().find(text) == std::string::npos);
  }
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
