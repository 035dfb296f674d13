#include "overlay/agent/supervisor.h"

#include <functional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace agent {
namespace {

using namespace std::chrono_literals;
using State = Supervisor::State;
using Action = Supervisor::Action;

class SupervisorTest : public ::testing::Test {
 protected:
  void reach(State state) {
    if (state == State::Stopped) {
      return;
    }
    supervisor_.set_wanted(now_, true);
    supervisor_.poll_action();
    if (state == State::Stopping) {
      supervisor_.set_wanted(now_, false);
      supervisor_.poll_action();
    }
    if (state == State::Waiting) {
      supervisor_.handle_exit(now_);
    }
    ASSERT_EQ(supervisor_.state(), state);
  }

  base::TimePoint now_{100s};
  base::SeededRandom random_{7};
  Supervisor supervisor_{random_};
};

struct Step {
  std::string name;
  State from;
  std::function<void(Supervisor&, base::TimePoint)> event;
  State to;
  std::optional<Action> action;
};

class SupervisorStepTest : public SupervisorTest, public ::testing::WithParamInterface<Step> {};

TEST_P(SupervisorStepTest, GoesWhereTheTableSays) {
  reach(GetParam().from);

  GetParam().event(supervisor_, now_);

  EXPECT_EQ(supervisor_.state(), GetParam().to);
  EXPECT_EQ(supervisor_.poll_action(), GetParam().action);
  EXPECT_EQ(supervisor_.next_timeout().has_value(), GetParam().to == State::Waiting);
}

const auto kWant = [](Supervisor& s, base::TimePoint now) { s.set_wanted(now, true); };
const auto kUnwant = [](Supervisor& s, base::TimePoint now) { s.set_wanted(now, false); };
const auto kExit = [](Supervisor& s, base::TimePoint now) { s.handle_exit(now); };
const auto kTimeout = [](Supervisor& s, base::TimePoint now) { s.handle_timeout(now + 1min); };

INSTANTIATE_TEST_SUITE_P(
    EveryStateAndEvent, SupervisorStepTest,
    ::testing::Values(
        Step{"StoppedWanted", State::Stopped, kWant, State::Running, Action::Start},
        Step{"StoppedUnwanted", State::Stopped, kUnwant, State::Stopped, std::nullopt},
        Step{"StoppedExit", State::Stopped, kExit, State::Stopped, std::nullopt},
        Step{"StoppedTimeout", State::Stopped, kTimeout, State::Stopped, std::nullopt},
        Step{"RunningWanted", State::Running, kWant, State::Running, std::nullopt},
        Step{"RunningUnwanted", State::Running, kUnwant, State::Stopping, Action::Stop},
        Step{"RunningExit", State::Running, kExit, State::Waiting, std::nullopt},
        Step{"RunningTimeout", State::Running, kTimeout, State::Running, std::nullopt},
        Step{"StoppingWanted", State::Stopping, kWant, State::Stopping, std::nullopt},
        Step{"StoppingUnwanted", State::Stopping, kUnwant, State::Stopping, std::nullopt},
        Step{"StoppingExit", State::Stopping, kExit, State::Stopped, std::nullopt},
        Step{"StoppingTimeout", State::Stopping, kTimeout, State::Stopping, std::nullopt},
        Step{"WaitingWanted", State::Waiting, kWant, State::Waiting, std::nullopt},
        Step{"WaitingUnwanted", State::Waiting, kUnwant, State::Stopped, std::nullopt},
        Step{"WaitingExit", State::Waiting, kExit, State::Waiting, std::nullopt},
        Step{"WaitingTimeout", State::Waiting, kTimeout, State::Running, Action::Start}),
    [](const auto& test) { return test.param.name; });

TEST_F(SupervisorTest, ChildWantedAgainWhileStoppingStartsWhenItHasGone) {
  reach(State::Stopping);

  supervisor_.set_wanted(now_, true);
  supervisor_.handle_exit(now_);

  EXPECT_EQ(supervisor_.poll_action(), Action::Start);
}

TEST_F(SupervisorTest, StableRunResetsTheBackoff) {
  reach(State::Waiting);
  for (int i = 0; i < 10; ++i) {
    now_ = *supervisor_.next_timeout();
    supervisor_.handle_timeout(now_);
    supervisor_.handle_exit(now_);
  }
  EXPECT_GT(supervisor_.failures(), 1);

  now_ = *supervisor_.next_timeout();
  supervisor_.handle_timeout(now_);
  supervisor_.handle_exit(now_ + Supervisor::kStableMin);

  EXPECT_EQ(supervisor_.failures(), 1);
}

TEST_F(SupervisorTest, RestartsNeverWaitLongerThanTheBound) {
  reach(State::Running);
  for (int i = 0; i < 100; ++i) {
    supervisor_.handle_exit(now_);
    ASSERT_LE(*supervisor_.next_timeout() - now_, Supervisor::kRestartMax);
    now_ = *supervisor_.next_timeout();
    supervisor_.handle_timeout(now_);
  }
}

}  // namespace
}  // namespace agent
