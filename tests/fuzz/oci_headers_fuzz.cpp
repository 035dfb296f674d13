#include <cstddef>
#include <cstdint>

#include "mirror/oci/digest.h"
#include "mirror/oci/range.h"
#include "mirror/oci/reference.h"
#include "mirror/oci/retry_after.h"
#include "overlay/base/bytes.h"
#include "overlay/base/check.h"

// One input through every parser of a header value.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto text = base::as_text({data, size});
  constexpr std::uint64_t kSize = 1000;
  const auto answer = mirror::answer_range(text, kSize);
  if (answer.kind == mirror::RangeAnswer::Kind::Partial) {
    CHECK(answer.range.first <= answer.range.last && answer.range.last < kSize);
  }
  if (const auto range = mirror::parse_content_range(text); range.ok()) {
    const auto again = mirror::parse_content_range(mirror::format_content_range(range.value()));
    CHECK(again.ok() && again.value() == range.value());
  }
  if (const auto digest = mirror::Digest::parse(text); digest.ok()) {
    CHECK(digest.value().text() == text);
    CHECK(text.find('/') == std::string_view::npos);
  }
  for (const std::int64_t now_ms : {std::int64_t{0}, std::int64_t{1'800'000'000'000}}) {
    const base::Duration wait = mirror::parse_retry_after(text, base::WallTime{now_ms});
    CHECK(wait >= base::Duration::zero() && wait <= std::chrono::seconds(1'000'000));
  }
  if (const auto source = mirror::parse_source(text); source.ok()) {
    CHECK(mirror::parse_source(source.value().name).ok());
  }
  return 0;
}
