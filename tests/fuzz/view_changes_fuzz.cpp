// A list of changes has one byte form, and a view takes it or refuses it without a trace. The first
// byte chooses: even, the list itself; odd, a compressed list with a size of two bytes in front.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

#include "overlay/base/check.h"
#include "overlay/model/view_changes.h"

namespace {

void check_apply(const std::vector<model::FactChange>& changes) {
  model::View view;
  CHECK(view.apply(changes).ok());
  model::View again;
  CHECK(again.apply(view.snapshot(), view.hash()).ok());
  CHECK(again.facts() == view.facts());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::span<const std::uint8_t> input(data, size);
  if (input.size() < 3) {
    return 0;
  }
  const bool is_compressed = input[0] % 2 == 1;
  if (is_compressed) {
    const auto size_bytes = static_cast<std::uint32_t>(input[1] << 8 | input[2]);
    const auto changes = model::unpack_changes(input.subspan(3), true, size_bytes);
    if (changes.ok()) {
      check_apply(changes.value());
    }
    return 0;
  }
  input = input.subspan(1);
  const auto changes = model::decode_changes(input);
  if (!changes.ok()) {
    CHECK(!changes.error().text().empty());
    return 0;
  }
  CHECK(std::ranges::equal(model::encode_changes(changes.value()), input));
  check_apply(changes.value());
  return 0;
}
