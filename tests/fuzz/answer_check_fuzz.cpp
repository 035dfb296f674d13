#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "mirror/oci/manifest.h"
#include "mirror/oci/range.h"
#include "mirror/registry/answer_check.h"
#include "overlay/base/bytes.h"
#include "overlay/base/check.h"

// The head of a replica's answer, a line each: status, the first byte asked for, the size that a
// manifest told (or nothing), then headers. A part that is taken begins where it was asked for, or
// at 0, and lies inside a blob of the size that was told.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view rest = base::as_text({data, size});
  const auto take_line = [&rest] {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    return line;
  };
  loop::HttpHead head;
  head.status = static_cast<int>(mirror::parse_decimal(take_line()).value_or(206) % 1000);
  const std::uint64_t first = mirror::parse_decimal(take_line()).value_or(0);
  const std::optional<std::uint64_t> told = mirror::parse_decimal(take_line());
  while (!rest.empty()) {
    const std::string_view line = take_line();
    const std::size_t colon = std::min(line.find(':'), line.size());
    const std::string_view value = line.substr(std::min(colon + 1, line.size()));
    head.headers.push_back({std::string(line.substr(0, colon)), std::string(value)});
  }
  if (mirror::outcome_of(head, base::WallTime{1'800'000'000'000})) {
    return 0;
  }
  CHECK(head.status == 200 || head.status == 206);
  const auto part = mirror::blob_part_of(head, first, told);
  if (!part.ok()) {
    CHECK(!part.error().text().empty());
    return 0;
  }
  CHECK(part.value().size_bytes <= mirror::kBlobBytesMax);
  CHECK(part.value().first == (head.status == 206 ? first : 0));
  CHECK(part.value().first <= part.value().size_bytes);
  CHECK(!told || part.value().size_bytes == *told);
  return 0;
}
