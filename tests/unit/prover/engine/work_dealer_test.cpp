#include "prover/engine/work_dealer.h"

#include <thread>

#include <gtest/gtest.h>

namespace prover {
namespace {

Engine::Work work_of(std::uint64_t first, std::uint64_t count) {
  return {.epoch = std::make_shared<const EpochBases>(), .address = {}, .nonces = {first, count}};
}

class WorkDealerTest : public ::testing::Test {
 protected:
  WorkDealer dealer_;
  std::atomic<bool> is_out_ = false;
};

TEST_F(WorkDealerTest, DealsEveryNonceOnceAndTheRestShorter) {
  dealer_.set_work(work_of(100, 10));
  for (const auto& [first, count] : {std::pair{100U, 4U}, {104U, 4U}, {108U, 2U}}) {
    const auto batch = dealer_.take(4, is_out_);
    ASSERT_TRUE(batch.has_value());
    EXPECT_EQ(batch->first, first);
    EXPECT_EQ(batch->count, count);
    EXPECT_FALSE(dealer_.is_worthless(*batch));
  }
}

TEST_F(WorkDealerTest, NoncesGoOnAtZeroAfterTheLast) {
  dealer_.set_work(work_of(~std::uint64_t{0}, 3));
  EXPECT_EQ(dealer_.take(1, is_out_)->first, ~std::uint64_t{0});
  EXPECT_EQ(dealer_.take(2, is_out_)->first, 0U);
}

TEST_F(WorkDealerTest, BatchesOfReplacedOrClearedWorkAreWorthless) {
  dealer_.set_work(work_of(0, 10));
  const auto first = dealer_.take(1, is_out_);
  dealer_.set_work(work_of(5, 10));
  EXPECT_TRUE(dealer_.is_worthless(*first));
  const auto second = dealer_.take(1, is_out_);
  EXPECT_EQ(second->first, 5U);
  EXPECT_FALSE(dealer_.is_worthless(*second));
  dealer_.clear_work();
  EXPECT_TRUE(dealer_.is_worthless(*second));
}

TEST_F(WorkDealerTest, EndLeavesWhatWasDealtUnlessItIsAbandoned) {
  dealer_.set_work(work_of(0, 10));
  const auto batch = dealer_.take(1, is_out_);
  dealer_.end(/*abandon=*/false);
  EXPECT_FALSE(dealer_.is_worthless(*batch));
  EXPECT_FALSE(dealer_.take(1, is_out_).has_value());
  dealer_.end(/*abandon=*/true);
  EXPECT_TRUE(dealer_.is_worthless(*batch));
}

// Whether the threads come first is up to the machine: both orders must end.
TEST_F(WorkDealerTest, WaitersGetWorkOrTheEnd) {
  std::optional<WorkDealer::Batch> got;
  std::jthread taker([&] { got = dealer_.take(4, is_out_); });
  dealer_.set_work(work_of(7, 4));
  taker.join();
  ASSERT_TRUE(got.has_value());
  EXPECT_EQ(got->first, 7U);

  std::jthread waiter([&] { got = dealer_.take(4, is_out_); });  // all were dealt
  dealer_.end(/*abandon=*/false);
  waiter.join();
  EXPECT_FALSE(got.has_value());
}

TEST_F(WorkDealerTest, WhoIsOutWaitsNoLonger) {
  std::optional<WorkDealer::Batch> got{WorkDealer::Batch{}};
  std::jthread taker([&] { got = dealer_.take(4, is_out_); });
  is_out_ = true;
  dealer_.wake();
  taker.join();
  EXPECT_FALSE(got.has_value());
}

}  // namespace
}  // namespace prover
