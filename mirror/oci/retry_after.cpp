#include "mirror/oci/retry_after.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <optional>

#include "mirror/oci/range.h"

namespace mirror {
namespace {

constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

// IMF-fixdate, the only form that may be sent: "Wed, 21 Oct 2026 07:28:00 GMT".
std::optional<std::int64_t> unix_seconds(std::string_view text) {
  if (text.size() != 29 || text.substr(25) != " GMT" || text[3] != ',') {
    return std::nullopt;
  }
  const auto number = [&](std::size_t at, std::size_t size) {
    return parse_decimal(text.substr(at, size));
  };
  const auto day = number(5, 2);
  const auto year = number(12, 4);
  const auto hour = number(17, 2);
  const auto minute = number(20, 2);
  const auto second = number(23, 2);
  const auto month = std::find(kMonths.begin(), kMonths.end(), text.substr(8, 3));
  if (!day || !year || !hour || !minute || !second || month == kMonths.end() || *hour > 23 ||
      *minute > 59 || *second > 60) {
    return std::nullopt;
  }
  const std::chrono::year_month_day date(
      std::chrono::year(static_cast<int>(*year)),
      std::chrono::month(static_cast<unsigned>(month - kMonths.begin()) + 1),
      std::chrono::day(static_cast<unsigned>(*day)));
  if (!date.ok()) {
    return std::nullopt;
  }
  const std::int64_t days = std::chrono::sys_days(date).time_since_epoch().count();
  return days * 86400 + static_cast<std::int64_t>(*hour * 3600 + *minute * 60 + *second);
}

}  // namespace

base::Duration parse_retry_after(std::string_view header, base::WallTime now) {
  constexpr std::uint64_t kSecondsMax = 1'000'000;
  if (const auto seconds = parse_decimal(header)) {
    return std::chrono::seconds(std::min(*seconds, kSecondsMax));
  }
  const auto at = unix_seconds(header);
  if (!at) {
    return base::Duration::zero();
  }
  const std::int64_t wait_ms = *at * 1000 - now.unix_ms;
  return std::chrono::milliseconds(
      std::clamp<std::int64_t>(wait_ms, 0, static_cast<std::int64_t>(kSecondsMax) * 1000));
}

}  // namespace mirror
