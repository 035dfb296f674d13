// HTTP byte ranges (RFC 9110, section 14), as blobs are asked for and answered.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "overlay/base/result.h"

namespace mirror {

// Bytes first..last of something, both counted from 0 and both included.
struct ByteRange {
  std::uint64_t first = 0;
  std::uint64_t last = 0;  // >= first

  std::uint64_t size_bytes() const { return last - first + 1; }

  friend bool operator==(const ByteRange&, const ByteRange&) = default;
};

// What a Range header means for a body of known size.
struct RangeAnswer {
  enum class Kind {
    Whole,    // 200: no range, or one that a server may ignore: other units, several, malformed
    Partial,  // 206 with `range`
    Unsatisfiable,  // 416
  };
  Kind kind = Kind::Whole;
  ByteRange range;  // for Partial; last is clipped to size - 1
};

// `header` is the field value: "bytes=0-99", "bytes=100-", "bytes=-5". Never fails: RFC 9110 14.2
// lets a server ignore what it does not understand, and a 200 is always right.
RangeAnswer answer_range(std::string_view header, std::uint64_t size_bytes);

// A Content-Range field value: "bytes 0-99/1000", "bytes */1000", "bytes 0-99/*".
struct ContentRange {
  std::optional<ByteRange> range;           // none in a 416
  std::optional<std::uint64_t> size_bytes;  // none where the sender does not know

  friend bool operator==(const ContentRange&, const ContentRange&) = default;
};

// Errors: Malformed: other units, not numbers, last before first, last not below the size.
base::Result<ContentRange> parse_content_range(std::string_view header);
std::string format_content_range(const ContentRange& value);

// The whole of `text` as a decimal number: no sign, no space, no overflow. For Content-Length too.
std::optional<std::uint64_t> parse_decimal(std::string_view text);

}  // namespace mirror
