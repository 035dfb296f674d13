#include "mirror/oci/quote.h"

#include <cstddef>

namespace mirror {

std::string quote(std::string_view text) {
  constexpr std::size_t kShownMax = 80;
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string out = "\"";
  for (const char c : text.substr(0, kShownMax)) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte >= 0x7f || c == '"' || c == '\\') {
      out += "\\x";
      out += kHex[byte >> 4];
      out += kHex[byte & 15];
    } else {
      out += c;
    }
  }
  out += text.size() > kShownMax ? "...\"" : "\"";
  return out;
}

}  // namespace mirror
