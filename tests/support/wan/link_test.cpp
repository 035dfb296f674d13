#include "tests/support/wan/link.h"

#include <gtest/gtest.h>

namespace wan {
namespace {

using namespace std::chrono_literals;

class LinkTest : public ::testing::Test {
 protected:
  void send(std::uint8_t mark, std::size_t size = 100) {
    std::vector<std::uint8_t> frame(size, mark);
    link_.handle_frame(std::move(frame), now_);
  }

  // When and what arrives from now on, until nothing is in flight.
  std::vector<std::pair<base::Duration, std::uint8_t>> arrivals() {
    std::vector<std::pair<base::Duration, std::uint8_t>> seen;
    while (const auto at = link_.next_timeout()) {
      EXPECT_FALSE(link_.poll_frame(*at - 1ns).has_value());
      const auto frame = link_.poll_frame(*at);
      EXPECT_TRUE(frame.has_value());
      seen.emplace_back(*at - start_, frame->front());
    }
    return seen;
  }

  base::TimePoint start_{1s};
  base::TimePoint now_ = start_;
  base::SeededRandom random_{7};
  Link link_{random_};
};

TEST_F(LinkTest, FrameArrivesAfterTheDelay) {
  link_.set_path({.delay = 20ms});

  send(1);
  now_ += 3ms;
  send(2);

  const std::vector<std::pair<base::Duration, std::uint8_t>> expected{{20ms, 1}, {23ms, 2}};
  EXPECT_EQ(arrivals(), expected);
}

TEST_F(LinkTest, JitterStaysInItsBoundAndNeverReorders) {
  link_.set_path({.delay = 10ms, .jitter = 5ms});

  for (std::uint8_t i = 0; i < 200; ++i) {
    send(i);
  }

  const auto seen = arrivals();
  ASSERT_EQ(seen.size(), 200U);
  for (std::size_t i = 0; i < seen.size(); ++i) {
    EXPECT_EQ(seen[i].second, i);
    EXPECT_GE(seen[i].first, 10ms);
    EXPECT_LE(seen[i].first, 15ms);
  }
  EXPECT_GT(seen.back().first, seen.front().first);
}

TEST_F(LinkTest, RateSpacesFramesByTheirSize) {
  link_.set_path({.delay = 1ms, .rate_bit_s = 8'000'000});

  send(1, 1000);
  send(2, 500);

  const std::vector<std::pair<base::Duration, std::uint8_t>> expected{{2ms, 1}, {2500us, 2}};
  EXPECT_EQ(arrivals(), expected);
}

TEST_F(LinkTest, FullQueueRefusesFrames) {
  link_.set_path({.rate_bit_s = 8'000'000});

  for (int i = 0; i < 400; ++i) {
    send(1, 1000);
  }

  // 200 ms of queue at 1 ms a frame, and the one that is being sent.
  EXPECT_EQ(arrivals().size(), 201U);
  EXPECT_EQ(link_.counters().refused_frames, 199U);
}

TEST_F(LinkTest, LossTakesItsShare) {
  link_.set_path({.loss_ppm = 100'000});

  for (int i = 0; i < 10'000; ++i) {
    send(1, 64);
  }

  EXPECT_NEAR(static_cast<double>(link_.counters().lost_frames), 1000.0, 100.0);
  EXPECT_EQ(arrivals().size(), 10'000U - link_.counters().lost_frames);
}

TEST_F(LinkTest, CutPathTakesNothingAndWhatIsInFlightArrives) {
  link_.set_path({.delay = 10ms});
  send(1);
  link_.set_path({.delay = 10ms, .is_cut = true});
  send(2);

  EXPECT_EQ(arrivals().size(), 1U);
  EXPECT_EQ(link_.counters().cut_frames, 1U);
}

TEST_F(LinkTest, BytesInFlightAreBounded) {
  link_.set_path({.delay = 10s});
  constexpr std::size_t kFrameBytes = 1 << 20;

  for (int i = 0; i < 70; ++i) {
    send(1, kFrameBytes);
  }

  EXPECT_EQ(arrivals().size(), Link::kInFlightBytesMax / kFrameBytes);
}

}  // namespace
}  // namespace wan
