// Files of this folder that are part of the program.
#pragma once

#include <string_view>

namespace coordinator {

// join.sh.in, with @URL@, @PIN@ and @PACKAGES@ to be filled in.
std::string_view join_script();
// openapi.json.
std::string_view openapi_document();

}  // namespace coordinator
