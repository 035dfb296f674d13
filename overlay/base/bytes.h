// Big-endian bytes in and out: the sticky reader that decoders read straight through, and its
// writing counterpart.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "overlay/base/result.h"

namespace base {

// Reads big-endian fields from bytes it does not own. The first failure sticks: later reads return
// zero or empty and change nothing, so a decoder reads straight through and asks once, in finish().
class ByteReader {
 public:
  // `what` names the message in error texts; it must outlive the reader.
  ByteReader(std::string_view what, std::span<const std::uint8_t> bytes)
      : what_(what), bytes_(bytes) {}

  std::uint8_t u8(std::string_view field) { return static_cast<std::uint8_t>(number(field, 1)); }
  std::uint16_t u16(std::string_view field) { return static_cast<std::uint16_t>(number(field, 2)); }
  std::uint32_t u32(std::string_view field) { return static_cast<std::uint32_t>(number(field, 4)); }
  std::uint64_t u64(std::string_view field) { return number(field, 8); }

  // Exactly `size` bytes, borrowed from the input; empty after a failure.
  std::span<const std::uint8_t> take(std::string_view field, std::size_t size);

  // A u16 length and that many bytes of text. Fails above `size_max`.
  std::string text16(std::string_view field, std::size_t size_max);

  // Records `text` against the field just read, unless an earlier failure is already recorded.
  void reject(Errc code, std::string_view field, std::string_view text);

  bool failed() const { return failure_.has_value(); }
  std::size_t remaining() const { return failed() ? 0 : bytes_.size() - offset_; }

  // The first failure, or an error if bytes are left over, or ok.
  Status finish() const;

 private:
  std::uint64_t number(std::string_view field, std::size_t size);

  std::string_view what_;
  std::span<const std::uint8_t> bytes_;
  std::size_t offset_ = 0;
  std::size_t field_offset_ = 0;  // where the latest field began
  std::optional<Error> failure_;
};

class ByteWriter {
 public:
  void u8(std::uint8_t value) { number(value, 1); }
  void u16(std::uint16_t value) { number(value, 2); }
  void u32(std::uint32_t value) { number(value, 4); }
  void u64(std::uint64_t value) { number(value, 8); }
  void raw(std::span<const std::uint8_t> bytes);
  // Requires text.size() <= 65535.
  void text16(std::string_view text);

  const std::vector<std::uint8_t>& bytes() const& { return bytes_; }
  std::vector<std::uint8_t> bytes() && { return std::move(bytes_); }

 private:
  void number(std::uint64_t value, std::size_t size);

  std::vector<std::uint8_t> bytes_;
};

inline std::span<const std::uint8_t> as_bytes(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}
inline std::string_view as_text(std::span<const std::uint8_t> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace base
