#include "overlay/base/backoff.h"

#include <chrono>

#include <gtest/gtest.h>

namespace base {
namespace {

using namespace std::chrono_literals;

// Gives the largest number that is asked for: the wait is then its bound.
class LargestRandom : public RandomSource {
 public:
  void fill(std::span<std::uint8_t> out) override {
    // Below the rejection limit for every bound, and far up in the range.
    for (std::uint8_t& byte : out) {
      byte = 0x7f;
    }
  }
};

TEST(BackoffTest, EveryWaitIsWithinItsDoublingBound) {
  SeededRandom random(7);
  for (int round = 0; round < 200; ++round) {
    Backoff backoff(1s, 60s, random);
    Duration bound = 1s;
    for (int attempt = 0; attempt < 20; ++attempt) {
      const Duration wait = backoff.next();
      EXPECT_GE(wait, 0s);
      EXPECT_LE(wait, bound);
      bound = std::min<Duration>(bound * 2, 60s);
    }
  }
}

TEST(BackoffTest, WaitsUseTheWholeRange) {
  SeededRandom random(7);
  int below_half = 0;
  Duration largest = 0s;
  for (int round = 0; round < 1000; ++round) {
    Backoff backoff(10s, 10s, random);
    const Duration wait = backoff.next();
    below_half += wait < 5s ? 1 : 0;
    largest = std::max(largest, wait);
  }
  EXPECT_GT(below_half, 400);
  EXPECT_LT(below_half, 600);
  EXPECT_GT(largest, 9900ms);
}

TEST(BackoffTest, ResetBeginsAnew) {
  SeededRandom random(7);
  Backoff backoff(1s, 1h, random);
  for (int attempt = 0; attempt < 10; ++attempt) {
    (void)backoff.next();
  }

  backoff.reset();

  EXPECT_EQ(backoff.attempts(), 0);
  EXPECT_LE(backoff.next(), 1s);
}

TEST(BackoffTest, AYearOfAttemptsNeitherOverflowsNorPassesTheCap) {
  LargestRandom random;
  Backoff backoff(1ms, 60s, random);
  for (int attempt = 0; attempt < 100'000; ++attempt) {
    EXPECT_LE(backoff.next(), 60s);
  }
  EXPECT_LT(backoff.attempts(), 64);
}

TEST(BackoffTest, AFirstWaitOverTheCapIsCapped) {
  SeededRandom random(7);
  Backoff backoff(10min, 1s, random);

  EXPECT_LE(backoff.next(), 1s);
}

}  // namespace
}  // namespace base
