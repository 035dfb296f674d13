#pragma once

#include <string_view>

#include "overlay/base/time.h"

namespace mirror {

// How long a Retry-After field value asks to wait: "120" or "Wed, 21 Oct 2026 07:28:00 GMT" (RFC
// 9110, 10.2.3). Zero for a date in the past and for what is neither.
base::Duration parse_retry_after(std::string_view header, base::WallTime now);

}  // namespace mirror
