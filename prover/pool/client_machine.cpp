#include "prover/pool/client_machine.h"

#include <algorithm>
#include <utility>

#include "overlay/base/check.h"

namespace prover {
namespace {

constexpr std::int64_t kSubscribeId = 1;
constexpr std::int64_t kAuthorizeId = 2;
constexpr std::int64_t kShareIdFirst = 3;  // of share 1

std::int64_t id_of(ShareNumber number) {
  return kShareIdFirst - 1 + static_cast<std::int64_t>(number);
}

std::string refusal_text(const Answer& answer) {
  const auto* refused = std::get_if<Answer::Refused>(&answer.result);
  return refused == nullptr ? "refused without a reason"
                            : refused->text + " (code " + std::to_string(refused->code) + ")";
}

}  // namespace

ClientMachine::ClientMachine(Options options, base::RandomSource& random, base::TimePoint now)
    : options_(std::move(options)), entered_at_(now) {
  CHECK(!options_.pools.empty());
  for (std::size_t i = 0; i < options_.pools.size(); ++i) {
    pools_.push_back(
        {.backoff = base::Backoff(kBackoffFirst, kBackoffMax, random), .next_at = now});
  }
  handle_time(now);
}

void ClientMachine::enter(State state, base::TimePoint now) {
  state_ = state;
  entered_at_ = now;
  while (state_ == State::Stopped && !shares_.empty()) {
    finish(shares_.begin()->first, ResultEvent::Outcome::Lost, 0, "stopped before an answer came");
  }
}

// The first that is not down; if all are, the one whose turn comes first.
std::size_t ClientMachine::choose_pool() const {
  const auto usable =
      std::ranges::find_if(pools_, [](const Pool& pool) { return pool.failures < kFailuresMax; });
  const auto chosen =
      usable != pools_.end() ? usable : std::ranges::min_element(pools_, {}, &Pool::next_at);
  return static_cast<std::size_t>(chosen - pools_.begin());
}

void ClientMachine::connect(base::TimePoint now) {
  current_ = choose_pool();
  enter(State::Connecting, now);
  commands_.emplace_back(Connect{current_});
}

void ClientMachine::handle_connected(base::TimePoint now) {
  if (state_ != State::Connecting) {
    return;
  }
  reader_ = {};
  output_.clear();
  subscription_ = {};
  work_.reset();
  target_ = 1;
  enter(State::Subscribing, now);
  output_ += encode(SubscribeRequest{kSubscribeId, options_.user_agent,
                                     std::string(kStratumVersion), pools_[current_].session_id});
}

// We give up on the connection.
void ClientMachine::fail(const std::string& why, base::TimePoint now) {
  commands_.emplace_back(Disconnect{});
  lose(why, now);
}

void ClientMachine::handle_disconnected(const std::string& why, base::TimePoint now) {
  if (state_ != State::Waiting && state_ != State::Stopped) {
    lose(why, now);
  }
}

void ClientMachine::lose(const std::string& why, base::TimePoint now) {
  Pool& pool = pools_[current_];
  if (state_ != State::Working) {
    ++pool.failures;
  } else if (now - entered_at_ >= kStableAfter) {
    pool.backoff.reset();
  }
  pool.next_at = now + pool.backoff.next();
  events_.emplace_back(ConnectionEvent{current_, false, why});
  for (auto& [number, waiting] : shares_) {
    waiting.sent_at.reset();
  }
  in_flight_ = 0;
  output_.clear();
  work_.reset();
  return_at_.reset();
  probing_.reset();
  leave_by_.reset();
  enter(is_stopping_ ? State::Stopped : State::Waiting, now);
}

void ClientMachine::handle_bytes(std::span<const std::uint8_t> bytes, base::TimePoint now) {
  const auto is_talking = [&] {
    return state_ == State::Subscribing || state_ == State::Authorizing || state_ == State::Working;
  };
  if (!is_talking()) {
    return;
  }
  reader_.handle_bytes(bytes);
  while (is_talking()) {
    const auto line = reader_.poll_line();
    if (!line) {
      break;
    }
    handle_line(*line, now);
  }
  if (is_talking() && reader_.is_overlong()) {
    fail("the pool sent a line of more than " + std::to_string(kLineBytesMax) + " bytes", now);
  }
  leave_if_done(now);
}

void ClientMachine::handle_line(const std::string& line, base::TimePoint now) {
  const auto message = decode_message(line);
  if (!message.ok()) {
    fail("the pool sent " + message.error().text(), now);
    return;
  }
  std::visit([&](const auto& known) { handle(known, now); }, message.value());
}

void ClientMachine::handle(const SetTarget& message, base::TimePoint) {
  target_ = message.target;
  if (state_ == State::Working) {
    announce_work();
  }
}

void ClientMachine::handle(const Notify& message, base::TimePoint now) {
  work_ =
      Work{{message.challenge, message.address.value_or(subscription_.address)}, message.job_id};
  if (state_ == State::Working) {
    announce_work();
    send_shares(now);
  }
}

void ClientMachine::handle(const Answer& message, base::TimePoint now) {
  const auto* id = std::get_if<std::int64_t>(&message.id);
  if (state_ == State::Subscribing && id != nullptr && *id == kSubscribeId) {
    handle_subscribed(message, now);
  } else if (state_ == State::Authorizing && id != nullptr && *id == kAuthorizeId) {
    handle_authorized(message, now);
  } else if (state_ == State::Working && id != nullptr && *id >= kShareIdFirst) {
    handle_result(static_cast<ShareNumber>(*id - kShareIdFirst + 1), message, now);
  }
  // Anything else answers nothing that was asked.
}

void ClientMachine::handle_subscribed(const Answer& answer, base::TimePoint now) {
  const auto* subscription = std::get_if<Subscription>(&answer.result);
  if (subscription == nullptr) {
    fail("the pool does not take the subscription: " + refusal_text(answer), now);
    return;
  }
  subscription_ = *subscription;
  pools_[current_].session_id = subscription->session_id;
  enter(State::Authorizing, now);
  output_ += encode(AuthorizeRequest{kAuthorizeId, options_.worker, options_.password});
}

void ClientMachine::handle_authorized(const Answer& answer, base::TimePoint now) {
  const auto* is_authorized = std::get_if<bool>(&answer.result);
  if (is_authorized == nullptr || !*is_authorized) {
    fail("the pool does not take worker " + options_.worker + ": " + refusal_text(answer), now);
    return;
  }
  pools_[current_].failures = 0;
  enter(State::Working, now);
  events_.emplace_back(ConnectionEvent{current_, true, ""});
  if (current_ > 0) {
    return_at_ = now + kReturnAfter;
  }
  if (work_) {
    announce_work();
    send_shares(now);
  }
}

// Says what has changed since the last time; nothing after a reconnection that found all as it was.
void ClientMachine::announce_work() {
  if (!work_) {
    return;
  }
  const bool is_same = announced_ && announced_->job == work_->job &&
                       announced_->prefix == subscription_.prefix && announced_pool_ == current_;
  if (!is_same) {
    announced_ = WorkEvent{work_->job, target_, subscription_.prefix};
    announced_pool_ = current_;
    events_.emplace_back(*announced_);
  } else if (announced_->target != target_) {
    announced_->target = target_;
    events_.emplace_back(TargetEvent{target_});
  }
}

base::Result<ShareNumber> ClientMachine::submit(const Job& job, const Share& share,
                                                base::TimePoint now) {
  if (is_stopping_ || !announced_ || announced_->job != job) {
    return base::Error(
        base::Errc::Conflict,
        "a share of epoch " + std::to_string(job.challenge.epoch_number) +
            (is_stopping_ ? ", but the client stops" : ", which is not the job worked on"));
  }
  if (shares_.size() >= kSharesMax) {
    return base::Error(base::Errc::LimitExceeded,
                       std::to_string(kSharesMax) + " shares wait for the pool's answer");
  }
  const ShareNumber number = ++last_share_;
  shares_.emplace(number, Waiting{announced_pool_, job, share, now});
  if (state_ == State::Working) {
    send_shares(now);
  }
  return number;
}

// Sends what waits for this pool. What is of another job of the same pool came too late.
void ClientMachine::send_shares(base::TimePoint now) {
  if (!work_) {
    return;
  }
  for (auto next = shares_.begin(); next != shares_.end();) {
    const auto current = next++;
    auto& [number, waiting] = *current;
    if (waiting.pool != current_ || waiting.sent_at) {
      continue;
    }
    if (waiting.job != work_->job) {
      finish(number, ResultEvent::Outcome::Lost, 0, "its epoch ended before the pool had it");
    } else if (in_flight_ < kInFlightMax) {
      waiting.sent_at = now;
      ++waiting.sends;
      ++in_flight_;
      output_ +=
          encode(SubmitRequest{id_of(number), options_.worker, work_->job_id, waiting.share});
    }
  }
}

void ClientMachine::handle_result(ShareNumber number, const Answer& answer, base::TimePoint now) {
  using Outcome = ResultEvent::Outcome;
  const auto found = shares_.find(number);
  if (found == shares_.end() || !found->second.sent_at) {
    return;
  }
  const base::Duration latency = now - *found->second.sent_at;
  const bool is_repeated = found->second.sends > 1;
  --in_flight_;
  const auto* refused = std::get_if<Answer::Refused>(&answer.result);
  const auto* flag = std::get_if<bool>(&answer.result);
  if (flag != nullptr && *flag) {
    finish(number, Outcome::Accepted, 0, "");
  } else if (refused != nullptr && is_repeated &&
             refused->code == static_cast<std::int64_t>(StratumCode::Duplicate)) {
    finish(number, Outcome::AcceptedEarlier, 0, "");
  } else {
    finish(number, Outcome::Refused,
           refused == nullptr ? static_cast<std::int64_t>(StratumCode::Other) : refused->code,
           refused == nullptr ? "refused without a reason" : refused->text);
  }
  std::get<ResultEvent>(events_.back()).latency = latency;
  send_shares(now);
}

void ClientMachine::finish(ShareNumber number, ResultEvent::Outcome outcome, std::int64_t code,
                           std::string text) {
  shares_.erase(number);
  events_.emplace_back(ResultEvent{number, outcome, code, std::move(text), std::nullopt});
}

std::optional<base::TimePoint> ClientMachine::oldest_sent() const {
  std::optional<base::TimePoint> oldest;
  for (const auto& [number, waiting] : shares_) {
    if (waiting.sent_at && (!oldest || *waiting.sent_at < *oldest)) {
      oldest = waiting.sent_at;
    }
  }
  return oldest;
}

void ClientMachine::handle_time(base::TimePoint now) {
  while (!shares_.empty() && shares_.begin()->second.found_at + kShareAgeMax <= now) {
    in_flight_ -= shares_.begin()->second.sent_at ? 1U : 0U;
    finish(shares_.begin()->first, ResultEvent::Outcome::Lost, 0, "no answer for two hours");
  }
  switch (state_) {
    case State::Stopped:
      return;
    case State::Waiting:
      if (is_stopping_) {
        enter(State::Stopped, now);
      } else if (pools_[choose_pool()].next_at <= now) {
        connect(now);
      }
      return;
    case State::Connecting:
    case State::Subscribing:
    case State::Authorizing:
      if (now - entered_at_ >= kStepMax) {
        fail(state_ == State::Connecting    ? "no connection after 10 s"
             : state_ == State::Subscribing ? "no answer to mining.subscribe after 10 s"
                                            : "no answer to mining.authorize after 10 s",
             now);
      }
      return;
    case State::Working:
      break;
  }
  if (const auto oldest = oldest_sent(); oldest && *oldest + kAnswerMax <= now) {
    fail("no answer to a share after 60 s", now);
    return;
  }
  if (return_at_ && *return_at_ <= now) {
    return_at_.reset();
    probe_earlier(0, now);
  }
  leave_if_done(now);
}

void ClientMachine::probe_earlier(std::size_t from, base::TimePoint now) {
  if (from < current_) {
    probing_ = from;
    commands_.emplace_back(Probe{from});
  } else {
    probing_.reset();
    return_at_ = now + kReturnAfter;
  }
}

void ClientMachine::handle_probed(bool is_reachable, base::TimePoint now) {
  if (!probing_ || state_ != State::Working) {
    return;
  }
  if (!is_reachable) {
    probe_earlier(*probing_ + 1, now);
    return;
  }
  // One failure and it is down again.
  pools_[*probing_].failures = kFailuresMax - 1;
  pools_[*probing_].next_at = now;
  probing_.reset();
  leave_by_ = now + kLeaveMax;
  leave_if_done(now);
}

void ClientMachine::leave_if_done(base::TimePoint now) {
  if (leave_by_ && state_ == State::Working && (in_flight_ == 0 || *leave_by_ <= now)) {
    const std::size_t left = current_;
    fail(is_stopping_ ? "stopped" : "an earlier pool is back", now);
    pools_[left].next_at = now;
    handle_time(now);
  }
}

void ClientMachine::stop(base::TimePoint now) {
  if (std::exchange(is_stopping_, true)) {
    return;
  }
  if (state_ == State::Working) {
    leave_by_ = now + kLeaveMax;
    leave_if_done(now);
  } else if (state_ == State::Waiting) {
    enter(State::Stopped, now);
  } else {
    fail("stopped", now);
  }
}

std::optional<base::TimePoint> ClientMachine::next_timeout() const {
  std::optional<base::TimePoint> next;
  const auto soonest = [&](std::optional<base::TimePoint> at) {
    if (at && (!next || *at < *next)) {
      next = at;
    }
  };
  switch (state_) {
    case State::Stopped:
      return std::nullopt;
    case State::Waiting:
      soonest(pools_[choose_pool()].next_at);
      break;
    case State::Connecting:
    case State::Subscribing:
    case State::Authorizing:
      soonest(entered_at_ + kStepMax);
      break;
    case State::Working:
      if (const auto oldest = oldest_sent()) {
        soonest(*oldest + kAnswerMax);
      }
      soonest(return_at_);
      soonest(leave_by_);
      break;
  }
  if (!shares_.empty()) {
    soonest(shares_.begin()->second.found_at + kShareAgeMax);
  }
  return next;
}

std::optional<ClientMachine::Command> ClientMachine::poll_command() {
  if (commands_.empty()) {
    return std::nullopt;
  }
  const Command first = commands_.front();
  commands_.pop_front();
  return first;
}

std::string ClientMachine::take_output() {
  return std::exchange(output_, {});
}

std::optional<ClientEvent> ClientMachine::poll_event() {
  if (events_.empty()) {
    return std::nullopt;
  }
  ClientEvent first = std::move(events_.front());
  events_.pop_front();
  return first;
}

}  // namespace prover
