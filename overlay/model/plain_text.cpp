#include "overlay/model/plain_text.h"

#include <algorithm>

namespace model {

std::string plain_text(std::string_view text, std::size_t size_max) {
  std::string out(text.substr(0, size_max));
  std::replace_if(
      out.begin(), out.end(), [](char c) { return !is_plain(c); }, '?');
  return out;
}

}  // namespace model
