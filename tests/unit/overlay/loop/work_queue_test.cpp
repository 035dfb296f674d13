#include "overlay/loop/work_queue.h"

#include <atomic>
#include <future>
#include <memory>
#include <thread>

#include <gtest/gtest.h>

namespace loop {
namespace {

TEST(WorkQueueTest, WorksElsewhereAndReportsOnTheLoop) {
  Loop loop;
  WorkQueue queue(loop, 4);
  std::thread::id worked;
  std::thread::id reported;
  ASSERT_TRUE(queue
                  .submit([&] { worked = std::this_thread::get_id(); },
                          [&] { reported = std::this_thread::get_id(); })
                  .ok());

  loop.run();

  EXPECT_NE(worked, std::this_thread::get_id());
  EXPECT_EQ(reported, std::this_thread::get_id());
  EXPECT_EQ(queue.pending(), 0U);
}

TEST(WorkQueueTest, RefusesBeyondItsLimit) {
  Loop loop;
  WorkQueue queue(loop, 1);
  ASSERT_TRUE(queue.submit([] {}, [] {}).ok());

  const auto status = queue.submit([] {}, [] { FAIL(); });

  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code(), base::Errc::LimitExceeded);
  EXPECT_EQ(status.error().text(), "work queue: 1 jobs are waiting");
  loop.run();
}

TEST(WorkQueueTest, TakesWorkAgainFromDone) {
  Loop loop;
  WorkQueue queue(loop, 1);
  int count = 0;
  std::function<void()> again = [&] {
    if (++count < 10) {
      ASSERT_TRUE(queue.submit([] {}, again).ok());
    }
  };
  ASSERT_TRUE(queue.submit([] {}, again).ok());

  loop.run();

  EXPECT_EQ(count, 10);
}

TEST(WorkQueueTest, ReportsNothingOnceDestroyedAndFreesWhatItHeld) {
  // Shared by the test and the job, to see that the job's copy goes.
  const auto held = std::make_shared<std::atomic<int>>(0);
  {
    Loop loop;
    std::promise<void> release;
    auto queue = std::make_unique<WorkQueue>(loop, 8);
    ASSERT_TRUE(queue
                    ->submit([held, &release] { release.get_future().wait(); },
                             [] { FAIL() << "reported after its queue"; })
                    .ok());
    queue.reset();
    release.set_value();
  }
  EXPECT_EQ(held.use_count(), 1);
}

}  // namespace
}  // namespace loop
