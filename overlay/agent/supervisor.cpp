#include "overlay/agent/supervisor.h"

#include <utility>

namespace agent {

void Supervisor::start(base::TimePoint now) {
  state_ = State::Running;
  started_at_ = now;
  wake_at_.reset();
  action_ = Action::Start;
}

void Supervisor::set_wanted(base::TimePoint now, bool is_wanted) {
  is_wanted_ = is_wanted;
  switch (state_) {
    case State::Stopped:
      if (is_wanted) {
        start(now);
      }
      return;
    case State::Running:
      if (!is_wanted) {
        state_ = State::Stopping;
        action_ = Action::Stop;
      }
      return;
    case State::Waiting:
      if (!is_wanted) {
        state_ = State::Stopped;
        wake_at_.reset();
        backoff_.reset();
      }
      return;
    case State::Stopping:
      return;  // what is wanted by then is looked at when the child has gone
  }
}

void Supervisor::handle_exit(base::TimePoint now) {
  switch (state_) {
    case State::Stopped:
    case State::Waiting:
      return;
    case State::Stopping:
      state_ = State::Stopped;
      backoff_.reset();
      if (is_wanted_) {
        start(now);
      }
      return;
    case State::Running:
      if (now - started_at_ >= kStableMin) {
        backoff_.reset();
      }
      state_ = State::Waiting;
      wake_at_ = now + backoff_.next();
      return;
  }
}

void Supervisor::handle_timeout(base::TimePoint now) {
  if (wake_at_ && now >= *wake_at_) {
    start(now);
  }
}

std::optional<Supervisor::Action> Supervisor::poll_action() {
  return std::exchange(action_, std::nullopt);
}

}  // namespace agent
