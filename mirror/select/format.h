#pragma once

#include <string>

#include "overlay/base/time.h"

namespace mirror {

// "0.42 ms", "17 ms": two digits that matter.
std::string format_ms(base::Duration span);
// "118 MB/s"; bytes in millions.
std::string format_rate(double bytes_per_s);

}  // namespace mirror
