#pragma once

#include <string>
#include <string_view>

namespace mirror {

// `text` as an error or a log line may show it: in double quotes, control and non-ASCII bytes as
// \xNN, shortened to 80 characters of input. What peers send is shown through this and nothing
// else.
std::string quote(std::string_view text);

}  // namespace mirror
