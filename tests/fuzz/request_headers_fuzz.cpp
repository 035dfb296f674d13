// The four headers of a signed request, one a line: what parses formats to the same texts, and no
// input verifies against a key that did not sign it.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "overlay/base/bytes.h"
#include "overlay/base/check.h"
#include "overlay/model/request_signature.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = base::as_text(std::span(data, size));
  std::array<std::string, 4> lines;
  std::size_t begin = 0;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const std::size_t end = i + 1 == lines.size() ? text.size() : text.find('\n', begin);
    if (end == std::string_view::npos) {
      return 0;
    }
    lines[i] = text.substr(begin, end - begin);
    begin = std::min(end + 1, text.size());
  }
  const auto& [node, time, host, signature] = lines;
  const auto claim = model::parse_request_headers({node, time, host, signature});
  if (!claim.ok()) {
    CHECK(!claim.error().text().empty());
    return 0;
  }
  CHECK(claim.value().node == node);
  CHECK(std::to_string(claim.value().time.unix_ms) == time);
  CHECK(claim.value().host.text() == host);
  CHECK(claim.value().signature.text() == signature);
  static const auto key = crypto::IdentityKey::generate();
  CHECK(
      !model::verify_request(key.public_key(), claim.value(), {"GET", "/", {}}, claim.value().time)
           .ok());
  return 0;
}
