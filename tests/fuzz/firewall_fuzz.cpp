#include <cstddef>
#include <cstdint>

#include "overlay/base/bytes.h"
#include "overlay/base/check.h"
#include "overlay/device/nft.h"

// Whatever nft lists is read, or counts as not ours, or is refused with a reason.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto firewall = device::parse_firewall(base::as_text({data, size}));
  if (!firewall.ok()) {
    CHECK(!firewall.error().text().empty());
  } else if (firewall.value().has_value()) {
    CHECK(!device::format_firewall(*firewall.value()).empty());
  }
  return 0;
}
