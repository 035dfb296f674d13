#pragma once

#include <string>
#include <string_view>

namespace model {

constexpr bool is_plain(char c) {  // printable ASCII
  return c >= 0x20 && c <= 0x7e;
}

// At most `size_max` bytes of the text, those that are not plain as '?': what people and drivers
// say, as strict decoders take it.
std::string plain_text(std::string_view text, std::size_t size_max);

}  // namespace model
