#pragma once

#include <cstddef>
#include <string_view>

namespace mirror {

// The deepest nesting of brackets and braces in `text`, counted outside strings, without parsing:
// asked before a parser whose memory grows with depth sees the text. O(n).
std::size_t json_depth(std::string_view text);

}  // namespace mirror
