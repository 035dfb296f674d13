// Enrol bodies: what decodes encodes to a body that decodes to the same; errors that name a field
// read as the failure does.
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "overlay/base/bytes.h"
#include "overlay/base/check.h"
#include "overlay/model/enrol.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = base::as_text(std::span(data, size));
  model::FieldFailure failure;
  const auto request = model::decode_enrol_request(text, &failure);
  if (request.ok()) {
    const std::string encoded = model::encode(request.value());
    const auto again = model::decode_enrol_request(encoded);
    CHECK(again.ok() && model::encode(again.value()) == encoded);
  } else {
    CHECK(failure.field.empty() || request.error().text() == "enrol: " + failure.text());
  }
  const auto response = model::decode_enrol_response(text);
  if (response.ok()) {
    const auto again = model::decode_enrol_response(model::encode(response.value()));
    CHECK(again.ok() && again.value() == response.value());
  }
  return 0;
}
