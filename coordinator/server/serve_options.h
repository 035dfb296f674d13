// Texts of `linkspan-coordinator serve`'s options, taken apart, and the one that it greets with.
// Pure.
#pragma once

#include <string_view>

#include "overlay/base/result.h"

namespace coordinator {

// "https://host[:port]", or empty. It ends in a shell line, so only letters, digits and ".:[]-".
// Errors: Malformed.
base::Status check_url(std::string_view text);

struct Welcome {
  std::string url;
  std::string pin;
  std::string admin_key_path;
  bool is_admin_key_there = true;
  bool is_new = false;  // the data directory was made just now
};
std::string welcome_text(const Welcome& welcome);

}  // namespace coordinator
