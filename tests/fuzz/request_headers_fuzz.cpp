// The three headers of a signed request, one a line: what parses formats to the same texts, and no
// input verifies against a key that did not sign it.
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "overlay/base/bytes.h"
#include "overlay/base/check.h"
#include "overlay/model/request_signature.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = base::as_text(std::span(data, size));
  const std::size_t first = text.find('\n');
  const std::size_t second = first == std::string_view::npos ? first : text.find('\n', first + 1);
  if (second == std::string_view::npos) {
    return 0;
  }
  const std::string_view node = text.substr(0, first);
  const std::string_view time = text.substr(first + 1, second - first - 1);
  const std::string_view signature = text.substr(second + 1);
  const auto claim = model::parse_request_headers(node, time, signature);
  if (!claim.ok()) {
    CHECK(!claim.error().text().empty());
    return 0;
  }
  CHECK(claim.value().node == node);
  CHECK(std::to_string(claim.value().time.unix_ms) == time);
  CHECK(claim.value().signature.text() == signature);
  static const auto key = crypto::IdentityKey::generate();
  CHECK(
      !model::verify_request(key.public_key(), claim.value(), {"GET", "/", {}}, claim.value().time)
           .ok());
  return 0;
}
