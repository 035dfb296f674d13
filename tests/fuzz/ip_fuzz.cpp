// What parses as an address, prefix or endpoint has a text that parses to the same value; prefixes
// contain their own address.
#include <cstddef>
#include <cstdint>
#include <span>

#include "overlay/base/bytes.h"
#include "overlay/base/check.h"
#include "overlay/base/ip.h"

namespace {

template <typename T>
void check_text(std::string_view text) {
  const auto value = T::parse(text);
  if (!value.ok()) {
    CHECK(!value.error().text().empty());
    return;
  }
  const auto again = T::parse(value.value().text());
  CHECK(again.ok() && again.value() == value.value());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = base::as_text(std::span(data, size));
  check_text<base::Address>(text);
  check_text<base::Prefix>(text);
  check_text<base::Endpoint>(text);
  if (const auto prefix = base::Prefix::parse(text); prefix.ok()) {
    CHECK(prefix.value().contains(prefix.value().address()));
  }
  return 0;
}
