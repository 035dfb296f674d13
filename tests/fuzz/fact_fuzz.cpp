// Whatever decodes as a fact is valid, canonical, and encodes to the very bytes it came from.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

#include "overlay/base/check.h"
#include "overlay/model/facts.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::span<const std::uint8_t> input(data, size);
  const auto fact = model::decode_fact(input);
  if (!fact.ok()) {
    CHECK(!fact.error().text().empty());
    return 0;
  }
  CHECK(model::check_fact(fact.value()).ok());
  CHECK(std::ranges::equal(model::encode(fact.value()), input));
  model::Fact canonical = fact.value();
  model::canonicalise(canonical);
  CHECK(canonical == fact.value());
  return 0;
}
