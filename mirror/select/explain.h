#pragma once

#include <string>

#include "mirror/select/selector.h"
#include "overlay/base/time.h"

namespace mirror {

// The selector's whole view as one JSON document: replicas with health and figures, the preferred
// one of each source with who would be asked next, the last switches with their causes. Ages in
// milliseconds before `now`.
std::string explain_json(const Selector& selector, base::TimePoint now);

// The same for a terminal: from explain_json's text. Text that is no such document is given back
// as it is.
std::string explain_text(const std::string& json_text);

}  // namespace mirror
