// Hex and base64 are strict: whatever decodes encodes to the very text that it came from.
#include <cstddef>
#include <cstdint>
#include <span>

#include "overlay/base/bytes.h"
#include "overlay/base/check.h"
#include "overlay/base/hex.h"

namespace {

template <typename Decode, typename Encode>
void check_strict(std::string_view text, Decode decode, Encode encode) {
  const auto bytes = decode(text);
  if (bytes.ok()) {
    CHECK(encode(bytes.value()) == text);
  } else {
    CHECK(!bytes.error().text().empty());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = base::as_text(std::span(data, size));
  check_strict(text, base::hex_decode, base::hex_encode);
  check_strict(text, base::base64_decode, base::base64_encode);
  check_strict(text, base::base64url_decode, base::base64url_encode);
  return 0;
}
