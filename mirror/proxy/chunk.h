#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <span>

#include "overlay/base/check.h"

namespace mirror {

// A piece of a blob in memory, aligned so that it can be written past the page cache. Grows on the
// loop's thread; once full, or at the blob's end, it is only read, from any thread.
class Chunk {
 public:
  static constexpr std::size_t kBytes = 1U << 20;
  static constexpr std::size_t kAlignment = 4096;  // of memory, offset and size, for O_DIRECT

  Chunk() : bytes_(static_cast<std::uint8_t*>(std::aligned_alloc(kAlignment, kBytes))) {
    CHECK(bytes_ != nullptr);
  }

  std::span<const std::uint8_t> bytes() const { return {bytes_.get(), size_bytes_}; }
  bool is_full() const { return size_bytes_ == kBytes; }

  // Copies what still fits; tells how many bytes that was.
  std::size_t append(std::span<const std::uint8_t> bytes) {
    const std::size_t taken = std::min(bytes.size(), kBytes - size_bytes_);
    std::memcpy(bytes_.get() + size_bytes_, bytes.data(), taken);
    size_bytes_ += taken;
    return taken;
  }
  void clear() { size_bytes_ = 0; }

 private:
  struct Free {
    void operator()(std::uint8_t* bytes) const noexcept { std::free(bytes); }
  };
  std::unique_ptr<std::uint8_t, Free> bytes_;
  std::size_t size_bytes_ = 0;
};

}  // namespace mirror
