// Little-endian fields in and out, as the puzzle writes all of its numbers.
#pragma once

#include <algorithm>
#include <array>
#include <concepts>
#include <cstdint>
#include <span>
#include <vector>

#include "overlay/base/check.h"

namespace prover {

// The number that begins at bytes[at]. Requires its bytes to be there.
template <std::unsigned_integral T>
T read_le(std::span<const std::uint8_t> bytes, std::size_t at) {
  CHECK(at <= bytes.size() && bytes.size() - at >= sizeof(T));
  T out = 0;
  for (std::size_t i = sizeof(T); i-- > 0;) {
    out = static_cast<T>((out << 8) | bytes[at + i]);
  }
  return out;
}

// The N bytes that begin at bytes[at]. Requires them to be there.
template <std::size_t N>
std::array<std::uint8_t, N> read_array(std::span<const std::uint8_t> bytes, std::size_t at) {
  CHECK(at <= bytes.size() && bytes.size() - at >= N);
  std::array<std::uint8_t, N> out{};
  std::copy_n(bytes.begin() + static_cast<std::ptrdiff_t>(at), N, out.begin());
  return out;
}

class LittleEndianWriter {
 public:
  template <std::unsigned_integral T>
  LittleEndianWriter& number(T value) {
    for (std::size_t i = 0; i < sizeof(T); ++i) {
      bytes_.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
    }
    return *this;
  }
  LittleEndianWriter& raw(std::span<const std::uint8_t> bytes) {
    bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
    return *this;
  }
  const std::vector<std::uint8_t>& bytes() const { return bytes_; }

 private:
  std::vector<std::uint8_t> bytes_;
};

}  // namespace prover
