#include "mirror/registry/answer_check.h"

#include <string>
#include <string_view>

#include "mirror/oci/manifest.h"
#include "mirror/oci/quote.h"
#include "mirror/oci/range.h"
#include "mirror/oci/retry_after.h"

namespace mirror {
namespace {

base::Error malformed(std::string text) {
  return {base::Errc::Malformed, std::move(text)};
}

std::optional<std::uint64_t> length_of(const loop::HttpHead& head) {
  const std::string* const text = head.find("content-length");
  return text == nullptr ? std::nullopt : parse_decimal(*text);
}

base::Result<BlobPart> whole_part_of(const loop::HttpHead& head) {
  const auto length = length_of(head);
  if (!length) {
    return malformed("200 without a length");
  }
  return BlobPart{0, *length};
}

base::Result<BlobPart> ranged_part_of(const loop::HttpHead& head, std::uint64_t first) {
  const std::string* const text = head.find("content-range");
  if (text == nullptr) {
    return malformed("206 without Content-Range");
  }
  const auto value = parse_content_range(*text);
  if (!value.ok()) {
    return value.error();
  }
  if (!value.value().range || !value.value().size_bytes) {
    return malformed("206 with " + quote(*text) + ", expected a range and a size");
  }
  const ByteRange range = *value.value().range;
  const std::uint64_t size_bytes = *value.value().size_bytes;
  if (range.first != first) {
    return malformed("206 begins at " + std::to_string(range.first) + ", expected " +
                     std::to_string(first));
  }
  if (range.last + 1 != size_bytes) {
    return malformed("206 ends at " + std::to_string(range.last) + " of " +
                     std::to_string(size_bytes) + ", expected the end");
  }
  if (const auto length = length_of(head); length && *length != range.size_bytes()) {
    return malformed("206 of " + std::to_string(*length) + " bytes, expected " +
                     std::to_string(range.size_bytes()));
  }
  return BlobPart{first, size_bytes};
}

}  // namespace

std::optional<Outcome> outcome_of(const loop::HttpHead& head, base::WallTime now) {
  if (head.status == 404) {
    return NotFound{};
  }
  if (head.status == 401 || head.status == 403) {
    return Denied{};
  }
  if (head.status == 429) {
    const std::string* const after = head.find("retry-after");
    return Busy{after == nullptr ? base::Duration::zero() : parse_retry_after(*after, now)};
  }
  if (head.status == 400 || head.status == 406 || head.status == 410 || head.status == 416 ||
      head.status == 451) {
    return Unfit{"status " + std::to_string(head.status)};
  }
  if (head.status != 200 && head.status != 206) {
    return Failed{"status " + std::to_string(head.status)};
  }
  if (const std::string* const type = head.find("content-type");
      type != nullptr && type->starts_with("text/html")) {
    return Failed{"an HTML page"};
  }
  if (const std::string* const encoding = head.find("content-encoding");
      encoding != nullptr && *encoding != "identity") {
    return Failed{"content encoding " + quote(*encoding)};
  }
  return std::nullopt;
}

base::Result<BlobPart> blob_part_of(const loop::HttpHead& head, std::uint64_t first,
                                    std::optional<std::uint64_t> expected_bytes) {
  const auto part = head.status == 206 ? ranged_part_of(head, first) : whole_part_of(head);
  if (!part.ok()) {
    return part.error();
  }
  const std::uint64_t size_bytes = part.value().size_bytes;
  if (size_bytes > kBlobBytesMax) {
    return base::Error(base::Errc::LimitExceeded, "a blob of " + std::to_string(size_bytes) +
                                                      " bytes, expected at most " +
                                                      std::to_string(kBlobBytesMax));
  }
  if (expected_bytes && size_bytes != *expected_bytes) {
    return base::Error(base::Errc::Conflict, "a blob of " + std::to_string(size_bytes) +
                                                 " bytes, expected " +
                                                 std::to_string(*expected_bytes));
  }
  return part.value();
}

}  // namespace mirror
