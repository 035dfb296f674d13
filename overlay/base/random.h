#pragma once

#include <cstdint>
#include <span>

namespace base {

// Where pure code gets its randomness: crypto::SystemRandom in programs, SeededRandom in tests.
class RandomSource {
 public:
  virtual ~RandomSource() = default;

  virtual void fill(std::span<std::uint8_t> out) = 0;

  // Uniform in 0..bound-1. Requires bound > 0. Rejection sampling, so no value is favoured.
  std::uint64_t below(std::uint64_t bound);
};

// splitmix64: the same seed gives the same bytes everywhere. Never for keys.
class SeededRandom : public RandomSource {
 public:
  explicit SeededRandom(std::uint64_t seed) : state_(seed) {}

  void fill(std::span<std::uint8_t> out) override;

 private:
  std::uint64_t next();

  std::uint64_t state_;
};

}  // namespace base
