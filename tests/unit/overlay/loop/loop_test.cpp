#include "overlay/loop/loop.h"

#include <optional>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "overlay/loop/timer.h"

namespace loop {
namespace {

using namespace std::chrono_literals;

TEST(LoopTest, RunsPostedTasksInOrderOnALaterTurn) {
  Loop loop;
  std::vector<int> ran;
  loop.post([&] { ran.push_back(1); });
  loop.post([&] { ran.push_back(2); });
  EXPECT_TRUE(ran.empty());

  loop.run();

  EXPECT_EQ(ran, (std::vector<int>{1, 2}));
}

TEST(LoopTest, RunsWhatATaskPosts) {
  Loop loop;
  int depth = 0;
  std::function<void()> next = [&] {
    if (++depth < 100) {
      loop.post(next);
    }
  };
  loop.post(next);

  loop.run();

  EXPECT_EQ(depth, 100);
}

TEST(LoopTest, WakesForATaskFromAnotherThread) {
  Loop loop;
  Timer keep(loop, [] {});
  keep.start_after(1h);
  std::thread other([&] { loop.post([&] { loop.stop(); }); });

  loop.run();

  other.join();
}

TEST(LoopTest, DropsTasksLeftOverAndFreesWhatTheyHold) {
  // Shared by this test and the task, to see that the task's copy goes.
  const auto held = std::make_shared<int>(1);
  {
    Loop loop;
    loop.post([held] { FAIL() << "ran in the destructor"; });
  }
  EXPECT_EQ(held.use_count(), 1);
}

TEST(TimerTest, FiresInOrderOfTimeAndNeverInsideStart) {
  Loop loop;
  std::vector<int> fired;
  Timer late(loop, [&] { fired.push_back(2); });
  Timer early(loop, [&] { fired.push_back(1); });
  late.start_after(5ms);
  early.start_at(loop.now() - 1s);
  EXPECT_TRUE(fired.empty());
  EXPECT_TRUE(early.is_started());

  loop.run();

  EXPECT_EQ(fired, (std::vector<int>{1, 2}));
  EXPECT_FALSE(early.is_started());
}

TEST(TimerTest, StartReplacesAndStopCancels) {
  Loop loop;
  int count = 0;
  Timer replaced(loop, [&] { ++count; });
  replaced.start_after(1h);
  replaced.start_after(1ms);
  Timer stopped(loop, [&] { FAIL(); });
  stopped.start_after(1ms);
  stopped.stop();

  loop.run();

  EXPECT_EQ(count, 1);
}

TEST(TimerTest, MayBeDestroyedFromItsCallback) {
  Loop loop;
  std::optional<Timer> timer;
  timer.emplace(loop, [&] { timer.reset(); });
  timer->start_after(1ms);

  loop.run();

  EXPECT_FALSE(timer.has_value());
}

}  // namespace
}  // namespace loop
