#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "coordinator/domain/codec.h"
#include "overlay/base/check.h"

// A state that decodes encodes to the very bytes it came from, unless they are an older version's.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::span<const std::uint8_t> input(data, size);
  const auto state = coordinator::decode_snapshot(input);
  if (!state.ok()) {
    CHECK(!state.error().text().empty());
    return 0;
  }
  if (input[0] == coordinator::kSnapshotVersion) {
    CHECK(std::ranges::equal(coordinator::encode_snapshot(state.value()), input));
  }
  return 0;
}
