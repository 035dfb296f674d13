#include <cstddef>
#include <cstdint>

#include "mirror/oci/target.h"
#include "overlay/base/bytes.h"
#include "overlay/base/check.h"

// What parses as a manifest or a blob has one plain form: formatting it and parsing that again
// gives the same. What does not parse says why.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto target = mirror::parse_target(base::as_text({data, size}));
  if (!target.ok()) {
    CHECK(!target.error().text().empty());
    return 0;
  }
  using Kind = mirror::Target::Kind;
  if (target.value().kind == Kind::Manifest || target.value().kind == Kind::Blob) {
    const std::string text = mirror::format_target(target.value(), "");
    const auto again = mirror::parse_target(text);
    CHECK(again.ok());
    CHECK(mirror::format_target(again.value(), "") == text);
    CHECK(text.find("..") == std::string::npos);
  }
  return 0;
}
