// What is taken for a reply has its identifier and sequence where the packet says, and a reply made
// of a request is taken for it.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "overlay/base/check.h"
#include "overlay/loop/icmp_echo.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::span<const std::uint8_t> bytes(data, size);
  for (const auto family : {base::Family::V4, base::Family::V6}) {
    const auto echo = loop::parse_echo_reply(family, bytes);
    if (!echo) {
      continue;
    }
    const std::size_t header_bytes =
        family == base::Family::V4 ? std::size_t{bytes[0] & 0x0fU} * 4 : 0;
    CHECK(size >= header_bytes + 8);
    std::vector<std::uint8_t> packet(bytes.begin(),
                                     bytes.begin() + static_cast<std::ptrdiff_t>(header_bytes));
    auto reply = loop::make_echo_request(family, *echo);
    reply[0] = bytes[header_bytes];  // the type alone tells a reply from a request here
    packet.insert(packet.end(), reply.begin(), reply.end());
    CHECK(loop::parse_echo_reply(family, packet) == echo);
  }
  return 0;
}
