// Bytes that must not leak: wiped when they die, not copyable by accident, not printable, not
// comparable except in constant time.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "overlay/base/check.h"
#include "overlay/crypto/random.h"

namespace crypto {

// Overwrites the bytes in a way that the compiler does not remove.
void wipe(std::span<std::uint8_t> bytes);

// True if both are the same bytes. The time depends on the sizes alone.
bool equal(std::span<const std::uint8_t> left, std::span<const std::uint8_t> right);

template <std::size_t N>
class Secret {
 public:
  Secret() = default;  // all zero
  // Requires bytes.size() == N. The caller wipes its own copy.
  explicit Secret(std::span<const std::uint8_t> bytes) {
    CHECK(bytes.size() == N);
    std::ranges::copy(bytes, bytes_.begin());
  }
  ~Secret() { wipe(bytes_); }

  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;
  Secret(Secret&& other) noexcept : bytes_(other.bytes_) { wipe(other.bytes_); }
  Secret& operator=(Secret&& other) noexcept {
    if (this != &other) {
      bytes_ = other.bytes_;
      wipe(other.bytes_);
    }
    return *this;
  }

  // Fresh from the system's generator.
  static Secret random() {
    Secret secret;
    SystemRandom().fill(secret.bytes_);
    return secret;
  }

  // A second one with the same bytes, where two owners are meant.
  Secret copy() const { return Secret(bytes_); }

  std::span<const std::uint8_t, N> bytes() const { return bytes_; }
  std::span<std::uint8_t, N> writable() { return bytes_; }

 private:
  std::array<std::uint8_t, N> bytes_{};
};

}  // namespace crypto
