// What decodes encodes to text that decodes to the same.
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "overlay/base/bytes.h"
#include "overlay/base/check.h"
#include "overlay/model/node_update.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto value = model::decode_node_update(base::as_text(std::span(data, size)));
  if (!value.ok()) {
    CHECK(!value.error().text().empty());
    return 0;
  }
  const auto again = model::decode_node_update(model::encode(value.value()));
  CHECK(again.ok() && again.value() == value.value());
  return 0;
}
