#include <array>
#include <cstddef>
#include <cstdint>
#include <ctime>
#include <string_view>

#include "overlay/base/bytes.h"
#include "overlay/base/check.h"
#include "overlay/cli/doctor_checks.h"

// A Date header: what is one is the text that its moment is written as, and nothing else is.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = base::as_text({data, size});
  const auto at = cli::parse_http_date(text);
  if (!at) {
    return 0;
  }
  const std::time_t seconds = at->unix_ms / 1000;
  std::tm parts{};
  CHECK(::gmtime_r(&seconds, &parts) != nullptr);
  std::array<char, 64> again{};
  const std::size_t length =
      std::strftime(again.data(), again.size(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
  CHECK(std::string_view(again.data(), length) == text);
  return 0;
}
