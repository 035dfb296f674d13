#include <cstddef>
#include <cstdint>
#include <span>

#include "overlay/base/bytes.h"
#include "overlay/base/check.h"
#include "overlay/device/wireguard.h"

// Whatever `wg show dump` prints is read or refused with a reason, and no prefix comes with host
// bits, which `wg set` would be given back.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto dump = device::parse_wireguard_dump(base::as_text({data, size}));
  if (!dump.ok()) {
    CHECK(!dump.error().text().empty());
    return 0;
  }
  for (const auto& [key, peer] : dump.value().peers) {
    for (const auto& prefix : peer.settings.allowed) {
      CHECK(base::Prefix::parse(prefix.text()).value() == prefix);
    }
  }
  return 0;
}
