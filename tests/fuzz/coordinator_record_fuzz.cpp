#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "coordinator/domain/codec.h"
#include "overlay/base/check.h"

// What decodes encodes to the very bytes it came from, and whatever it says, applying it either
// works or is refused and can be undone.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::span<const std::uint8_t> input(data, size);
  const auto record = coordinator::decode_record(input);
  if (!record.ok()) {
    CHECK(!record.error().text().empty());
    return 0;
  }
  CHECK(std::ranges::equal(coordinator::encode(record.value()), input));
  coordinator::State state;
  if (coordinator::apply(state, record.value(), nullptr).ok()) {
    state.commit();
    coordinator::encode_snapshot(state);
  } else {
    state.roll_back();
    CHECK(state == coordinator::State{});
  }
  return 0;
}
