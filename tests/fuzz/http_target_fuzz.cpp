#include <cstddef>
#include <cstdint>
#include <string_view>

#include "overlay/base/bytes.h"
#include "overlay/base/check.h"
#include "overlay/loop/http_target.h"

// What decodes survives an encoding and a second decoding; what does not says why.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = base::as_text({data, size});
  const auto decoded = loop::percent_decode(text);
  if (decoded.ok()) {
    CHECK(decoded.value().size() <= text.size());
    CHECK(loop::percent_decode(loop::percent_encode(decoded.value())).value() == decoded.value());
  } else {
    CHECK(!decoded.error().text().empty());
  }
  const auto query = loop::parse_query(text);
  if (query.ok()) {
    CHECK(query.value().size() <= loop::kQueryParametersMax);
    CHECK(query.value().empty() == text.empty());
    for (const auto& [name, value] : query.value()) {
      const auto again =
          loop::parse_query(loop::percent_encode(name) + "=" + loop::percent_encode(value));
      CHECK(again.value().at(name) == value);
    }
  } else {
    CHECK(!query.error().text().empty());
  }
  return 0;
}
