#include "mirror/select/format.h"

#include <cmath>
#include <cstdint>

namespace mirror {
namespace {

// One or two decimals below ten and one, so that small values do not vanish.
std::string with_decimals(double value) {
  if (value >= 10) {
    return std::to_string(static_cast<std::int64_t>(std::llround(value)));
  }
  const std::int64_t hundredths = std::llround(value * 100);
  const std::string digits = std::to_string(hundredths % 100 + 100);  // "1" in front keeps zeros
  return std::to_string(hundredths / 100).append(".").append(digits, 1);
}

}  // namespace

std::string format_ms(base::Duration span) {
  return with_decimals(std::chrono::duration<double, std::milli>(span).count()) + " ms";
}

std::string format_rate(double bytes_per_s) {
  return with_decimals(bytes_per_s / 1e6) + " MB/s";
}

}  // namespace mirror
