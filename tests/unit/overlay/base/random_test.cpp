#include "overlay/base/random.h"

#include <array>
#include <vector>

#include <gtest/gtest.h>

namespace base {
namespace {

TEST(SeededRandomTest, OneSeedGivesTheSameBytes) {
  SeededRandom left(42);
  SeededRandom right(42);
  std::array<std::uint8_t, 33> left_bytes{};
  std::array<std::uint8_t, 33> right_bytes{};

  left.fill(left_bytes);
  right.fill(right_bytes);

  EXPECT_EQ(left_bytes, right_bytes);
}

// The first outputs of splitmix64 from 1234567, as its author publishes them.
TEST(SeededRandomTest, IsSplitmix64) {
  SeededRandom random(1234567);
  std::array<std::uint64_t, 2> words{};

  for (std::uint64_t& word : words) {
    std::array<std::uint8_t, 8> bytes{};
    random.fill(bytes);
    for (std::size_t i = bytes.size(); i-- > 0;) {
      word = word << 8 | bytes[i];
    }
  }

  EXPECT_EQ(words[0], 6457827717110365317U);
  EXPECT_EQ(words[1], 3203168211198807973U);
}

TEST(RandomSourceTest, BelowStaysBelowAndReachesEveryValue) {
  SeededRandom random(1);
  for (const std::uint64_t bound : {1U, 2U, 3U, 7U, 10U}) {
    std::vector<int> seen(bound, 0);
    for (int i = 0; i < 1000; ++i) {
      const std::uint64_t draw = random.below(bound);
      ASSERT_LT(draw, bound);
      ++seen[draw];
    }
    for (const int count : seen) {
      EXPECT_GT(count, 0);
    }
  }
}

TEST(RandomSourceTest, BelowTakesTheWholeRange) {
  SeededRandom random(1);
  bool is_upper_half_seen = false;
  for (int i = 0; i < 64; ++i) {
    is_upper_half_seen |= random.below(~std::uint64_t{0}) > (~std::uint64_t{0} >> 1);
  }
  EXPECT_TRUE(is_upper_half_seen);
}

TEST(RandomSourceDeathTest, BelowZeroIsABug) {
  SeededRandom random(1);
  EXPECT_DEATH((void)random.below(0), "check failed: bound > 0");
}

}  // namespace
}  // namespace base
