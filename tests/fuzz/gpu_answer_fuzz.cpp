// What decodes encodes to text that decodes to the same.
#include <cstddef>
#include <cstdint>
#include <span>

#include "overlay/base/bytes.h"
#include "overlay/base/check.h"
#include "overlay/model/gpu_inventory.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto answer = model::decode_gpu_answer(base::as_text(std::span(data, size)));
  if (!answer.ok()) {
    CHECK(!answer.error().text().empty());
    return 0;
  }
  const auto cards = nlohmann::ordered_json::array();
  const auto again = model::decode_gpu_answer(model::encode(answer.value(), cards));
  CHECK(again.ok() && again.value() == answer.value());
  return 0;
}
