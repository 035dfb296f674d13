#include "overlay/base/random.h"

#include <cstring>
#include <limits>

#include "overlay/base/check.h"

namespace base {

std::uint64_t RandomSource::below(std::uint64_t bound) {
  CHECK(bound > 0);
  // The largest multiple of bound that fits; draws at or above it would favour small results.
  const std::uint64_t limit =
      std::numeric_limits<std::uint64_t>::max() - std::numeric_limits<std::uint64_t>::max() % bound;
  for (;;) {
    std::uint64_t draw = 0;
    std::uint8_t bytes[sizeof draw];
    fill(bytes);
    std::memcpy(&draw, bytes, sizeof draw);
    if (draw < limit) {
      return draw % bound;
    }
  }
}

std::uint64_t SeededRandom::next() {
  state_ += 0x9e3779b97f4a7c15U;
  std::uint64_t mixed = state_;
  mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9U;
  mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebU;
  return mixed ^ (mixed >> 31);
}

void SeededRandom::fill(std::span<std::uint8_t> out) {
  while (!out.empty()) {
    const std::uint64_t word = next();
    const std::size_t count = out.size() < sizeof word ? out.size() : sizeof word;
    std::memcpy(out.data(), &word, count);
    out = out.subspan(count);
  }
}

}  // namespace base
