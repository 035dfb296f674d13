// Decides when this server is asked for its GPUs, and what counts as known of them.
//
//   feed    start, handle_answer, handle_timeout
//   drain   poll_ask
//   sleep   next_timeout
//
//   Idle --(start, kInterval)--> Asking --(answer or error)--> Idle
//                                   \--(kSilenceMax)--> Overdue --(answer or error)--> Idle
//
// What was known stays known when there is no answer, and when the driver that was there has gone:
// the cards are still in the server, and people are told. They are told too where a driver hangs or
// crashes who asks before it was ever known. That there is no driver and never was one is an answer
// like another, and no problem.
//
// Invariant: at most one question is open. A driver can hang where no signal reaches its caller, so
// an overdue question is a failure, but no other is asked beside it.
#pragma once

#include <optional>
#include <string>

#include "overlay/base/result.h"
#include "overlay/base/time.h"
#include "overlay/model/gpu_inventory.h"

namespace agent {

class GpuWatch {
 public:
  static constexpr base::Duration kInterval = std::chrono::hours(1);
  // What the child may take: a driver that is not kept loaded needs seconds for each card.
  static constexpr base::Duration kAnswerMax = std::chrono::seconds(60);
  static constexpr base::Duration kKillGrace = std::chrono::seconds(3);
  // After this the child was killed, and has not ended.
  static constexpr base::Duration kSilenceMax = kAnswerMax + 2 * kKillGrace;

  void start(base::TimePoint now);
  // What the question led to. Ignored when none is open.
  void handle_answer(base::TimePoint now, const base::Result<model::GpuAnswer>& answer);
  void handle_timeout(base::TimePoint now);

  // True once for each question that is to be asked now.
  bool poll_ask();
  std::optional<base::TimePoint> next_timeout() const { return wake_at_; }

  // None: no answer so far.
  const std::optional<model::GpuInventory>& known() const { return known_; }
  // A sentence for people; empty while all is well.
  const std::string& problem() const { return problem_; }

 private:
  enum class State { Idle, Asking, Overdue };

  bool has_driver() const;  // as far as is known
  void fail(const std::string& why);

  State state_ = State::Idle;
  bool is_ask_due_ = false;
  std::optional<base::TimePoint> wake_at_;
  std::optional<model::GpuInventory> known_;
  std::string problem_;
};

}  // namespace agent
