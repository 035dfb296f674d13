#include "overlay/agent/gpu_watch.h"

#include <utility>

namespace agent {

void GpuWatch::start(base::TimePoint now) {
  if (state_ == State::Idle && !wake_at_) {
    wake_at_ = now;
  }
}

void GpuWatch::handle_answer(base::TimePoint now, const base::Result<model::GpuAnswer>& answer) {
  if (state_ == State::Idle) {
    return;
  }
  state_ = State::Idle;
  wake_at_ = now + kInterval;
  if (!answer.ok()) {
    const bool is_command_missing = answer.error().code() == base::Errc::NotFound;
    if (!is_command_missing || has_driver()) {
      fail(answer.error().text());
    }
    return;
  }
  const bool is_without_driver = answer.value().gpus.driver.empty();
  if (is_without_driver && has_driver()) {
    fail(answer.value().why);
    return;
  }
  known_ = answer.value().gpus;
  problem_.clear();
}

void GpuWatch::handle_timeout(base::TimePoint now) {
  if (!wake_at_ || now < *wake_at_) {
    return;
  }
  wake_at_.reset();
  switch (state_) {
    case State::Idle:
      state_ = State::Asking;
      is_ask_due_ = true;
      wake_at_ = now + kSilenceMax;
      break;
    case State::Asking:
      state_ = State::Overdue;
      fail("the driver does not answer, and the process that asks it cannot be ended");
      break;
    case State::Overdue:
      break;
  }
}

bool GpuWatch::poll_ask() {
  return std::exchange(is_ask_due_, false);
}

bool GpuWatch::has_driver() const {
  return known_ && !known_->driver.empty();
}

void GpuWatch::fail(const std::string& why) {
  problem_ = (has_driver() ? "GPUs, known with driver " + known_->driver : "GPUs are not known") +
             ": " + why;
}

}  // namespace agent
