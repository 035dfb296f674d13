#include "prover/pool/vardiff.h"

#include <gtest/gtest.h>

namespace prover {
namespace {

constexpr std::uint64_t kCap = 1'000'000;
constexpr auto kSecond = std::chrono::seconds(1);

class VardiffTest : public ::testing::Test {
 protected:
  base::TimePoint at(int second) const { return base::TimePoint() + second * kSecond; }
};

// 100 proofs a second are worth a target of 2000 every 20 s.
TEST_F(VardiffTest, SettlesWhereOneShareComesEveryTwentySeconds) {
  Vardiff vardiff(512, kCap, at(0));
  double work = 0;
  int shares_late = 0;
  for (int second = 1; second <= 1200; ++second) {
    for (work += 100; work >= static_cast<double>(vardiff.target());) {
      work -= static_cast<double>(vardiff.target());
      shares_late += second > 600 ? 1 : 0;
      vardiff.handle_share(vardiff.target(), at(second));
    }
    vardiff.handle_time(at(second));
  }
  EXPECT_NEAR(static_cast<double>(vardiff.target()), 2000, 300);
  EXPECT_NEAR(shares_late, 30, 5);
}

TEST_F(VardiffTest, TakesTheSumPerSecondTimesTwentySeconds) {
  Vardiff vardiff(512, kCap, at(0));
  vardiff.handle_share(512, at(3));
  vardiff.handle_share(512, at(5));
  EXPECT_FALSE(vardiff.poll_change());

  vardiff.handle_time(at(10));

  EXPECT_EQ(vardiff.poll_change(), 2048U);  // 1024 / 10 s * 20 s
  EXPECT_FALSE(vardiff.poll_change());
}

TEST_F(VardiffTest, StaysWithinTenPercent) {
  Vardiff vardiff(1000, kCap, at(0));
  vardiff.handle_share(545, at(1));  // 545 / 10 * 20 = 1090
  vardiff.handle_time(at(10));
  EXPECT_FALSE(vardiff.poll_change());
  EXPECT_EQ(vardiff.target(), 1000U);
}

TEST_F(VardiffTest, NeverExceedsTheNetworksTarget) {
  Vardiff vardiff(512, 3000, at(0));
  vardiff.handle_share(1'000'000, at(1));
  vardiff.handle_time(at(10));
  EXPECT_EQ(vardiff.poll_change(), 3000U);
  vardiff.set_cap(100);
  EXPECT_EQ(vardiff.poll_change(), 100U);
  EXPECT_EQ(Vardiff(512, 100, at(0)).target(), 100U);
}

TEST_F(VardiffTest, FallsByAQuarterAtATimeAndNeverBelowOne) {
  Vardiff vardiff(64, kCap, at(0));
  vardiff.handle_time(at(10));
  EXPECT_EQ(vardiff.poll_change(), 16U);
  vardiff.handle_time(at(20));
  EXPECT_EQ(vardiff.poll_change(), 4U);
  vardiff.handle_time(at(30));
  EXPECT_EQ(vardiff.poll_change(), 1U);
  vardiff.handle_time(at(40));
  EXPECT_FALSE(vardiff.poll_change());
}

TEST_F(VardiffTest, LooksEarlyWhenSharesRain) {
  Vardiff vardiff(512, kCap, at(0));
  for (std::uint64_t i = 0; i < Vardiff::kSharesEarly; ++i) {
    vardiff.handle_share(512, at(1));
  }
  EXPECT_EQ(vardiff.poll_change(), 512 * Vardiff::kSharesEarly * 20);
}

TEST_F(VardiffTest, ForgetsWhatIsOlderThanTwoMinutes) {
  Vardiff vardiff(1000, kCap, at(0));
  vardiff.handle_share(5500, at(100));  // 5500 / 100 * 20 = 1100
  vardiff.handle_time(at(130));         // 5500 / 120 * 20 = 917
  EXPECT_FALSE(vardiff.poll_change());
  vardiff.handle_time(at(221));
  EXPECT_EQ(vardiff.poll_change(), 250U);
}

}  // namespace
}  // namespace prover
