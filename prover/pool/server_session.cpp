#include "prover/pool/server_session.h"

#include <algorithm>

#include "overlay/base/bytes.h"
#include "overlay/crypto/secret.h"

namespace prover {

ServerSession::ServerSession(Shared shared, SessionNumber number, base::TimePoint now)
    : shared_(shared),
      number_(number),
      opened_at_(now),
      heard_at_(now),
      vardiff_(shared.options.target_first, shared.options.target_cap, now) {}

void ServerSession::handle_bytes(std::span<const std::uint8_t> bytes, base::TimePoint now) {
  if (state_ != State::Ended) {
    reader_.handle_bytes(bytes);
    handle_lines(now);
  }
}

void ServerSession::handle_lines(base::TimePoint now) {
  while (state_ != State::Ended && in_flight_ < kInFlightMax) {
    const auto line = reader_.poll_line();
    if (!line) {
      break;
    }
    PoolRequest request = decode_request(*line);
    std::visit([&](auto& known) { handle(known, now); }, request);
  }
  if (reader_.is_overlong()) {
    end("a line of more than " + std::to_string(kLineBytesMax) + " bytes", now);
  }
}

bool ServerSession::wants_input() const {
  return state_ != State::Ended && in_flight_ < kInFlightMax;
}

void ServerSession::handle(const SubscribeRequest& request, base::TimePoint now) {
  if (state_ != State::Connected) {
    refuse(request.id, {StratumCode::Other, "this connection has subscribed before"});
    return;
  }
  if (request.protocol != kStratumVersion) {
    end("protocol \"" + request.protocol + "\", expected " + std::string(kStratumVersion), now);
    return;
  }
  heard_at_ = now;
  auto membership = shared_.memberships.join(number_, request.session_id, now);
  id_ = std::move(membership.id);
  displaced_ = membership.displaced;
  if (membership.target) {
    vardiff_ = Vardiff(*membership.target, shared_.options.target_cap, now);
  }
  state_ = State::Subscribed;
  send(encode(Answer{request.id, Subscription{id_, membership.prefix, shared_.options.address}}));
}

void ServerSession::handle(const AuthorizeRequest& request, base::TimePoint now) {
  if (state_ == State::Connected) {
    refuse(request.id, {StratumCode::NotSubscribed, "subscribe first"});
    return;
  }
  const std::string& password = shared_.options.password;
  if (!password.empty() &&
      !crypto::equal(base::as_bytes(password), base::as_bytes(request.password))) {
    ++bad_lines_;  // guessing ends with the connection
    refuse(request.id, {StratumCode::Unauthorized, "the password is another"});
    if (bad_lines_ >= kBadLinesMax) {
      end("too many wrong passwords", now);
    }
    return;
  }
  if (!workers_.contains(request.worker) && workers_.size() >= kWorkersMax) {
    refuse(request.id, {StratumCode::Unauthorized, std::to_string(kWorkersMax) +
                                                       " workers on this connection, which is all "
                                                       "that one may have"});
    return;
  }
  heard_at_ = now;
  workers_.insert(request.worker);
  answer_true(request.id);
  if (state_ == State::Subscribed) {
    state_ = State::Authorized;
    send_target_and_job(true);
  }
}

// Why a share is not even looked at.
std::optional<Refusal> ServerSession::check(const SubmitRequest& request) const {
  if (state_ == State::Connected) {
    return Refusal{StratumCode::NotSubscribed, "subscribe first"};
  }
  if (!workers_.contains(request.worker)) {
    return Refusal{StratumCode::Unauthorized,
                   "worker " + request.worker + " is not authorized on this connection"};
  }
  const auto& job = shared_.ledger.job();
  const std::string living = job ? job_id_of(job->challenge.epoch_number) : "";
  if (request.job_id != living) {
    return Refusal{StratumCode::Stale, "job " + request.job_id + ", expected " +
                                           (living.empty() ? "none at the moment" : living)};
  }
  return std::nullopt;
}

// What a share that reaches `target` is worth: the target that was set, or for a little while after
// it rose the lower one; 0 if less.
std::uint64_t ServerSession::credit_for(std::uint64_t target, base::TimePoint now) {
  while (!lower_.empty() && lower_.front().second <= now) {
    lower_.pop_front();
  }
  std::uint64_t credit = target >= vardiff_.target() ? vardiff_.target() : 0;
  for (const auto& [lower, until] : lower_) {
    if (target >= lower) {
      credit = std::max(credit, std::min(lower, vardiff_.target()));
    }
  }
  return credit;
}

void ServerSession::handle(SubmitRequest& request, base::TimePoint now) {
  if (const auto refusal = check(request)) {
    shared_.ledger.note_refused(refusal->code);
    refuse(request.id, *refusal);
    return;
  }
  heard_at_ = now;
  const std::uint64_t target = commitment_target(request.share.commitment);
  ++in_flight_;
  shared_.ledger.submit({number_, std::move(request.id), std::move(request.worker),
                         credit_for(target, now), request.share, target});
}

void ServerSession::handle(const BadRequest& request, base::TimePoint now) {
  if (request.is_submit) {
    shared_.ledger.note_refused(request.refusal.code);
  }
  // Answered even without an id: how else would somebody learn that his lines cannot be read.
  send(encode_refusal(request.id, request.refusal));
  if (++bad_lines_ >= kBadLinesMax) {
    end(std::to_string(kBadLinesMax) + " lines that could not be read", now);
  }
}

void ServerSession::handle_answer(const ShareLedger::Answered& answer, base::TimePoint now) {
  --in_flight_;
  if (state_ == State::Ended) {
    return;
  }
  if (answer.refusal) {
    refuse(answer.id, *answer.refusal);
    invalid_shares_ = answer.is_invalid ? invalid_shares_ + 1 : invalid_shares_;
    if (invalid_shares_ >= kInvalidSharesMax) {
      end(std::to_string(kInvalidSharesMax) + " shares in a row that prove nothing", now);
      return;
    }
  } else {
    answer_true(answer.id);
    invalid_shares_ = 0;
    vardiff_.handle_share(answer.credit, now);
    follow_vardiff(now);
  }
  handle_lines(now);
}

void ServerSession::handle_job() {
  if (state_ == State::Authorized) {
    send_target_and_job(true);
  }
}

void ServerSession::handle_time(base::TimePoint now) {
  switch (state_) {
    case State::Ended:
      return;
    case State::Connected:
    case State::Subscribed:
      if (now - opened_at_ >= kHandshakeMax) {
        end("not authorized after " + std::to_string(kHandshakeMax / std::chrono::seconds(1)) +
                " s",
            now);
      }
      return;
    case State::Authorized:
      if (now - heard_at_ >= kIdleMax && in_flight_ == 0) {
        end("silent for " + std::to_string(kIdleMax / std::chrono::minutes(1)) + " min", now);
        return;
      }
      vardiff_.handle_time(now);
      follow_vardiff(now);
      return;
  }
}

void ServerSession::follow_vardiff(base::TimePoint now) {
  const auto changed = vardiff_.poll_change();
  if (!changed || state_ != State::Authorized) {
    return;
  }
  if (*changed > announced_) {
    lower_.emplace_back(announced_, now + kTargetGrace);
    if (lower_.size() > kGraceTargetsMax) {
      lower_.pop_front();
    }
  }
  shared_.memberships.note_target(number_, id_, *changed);
  send_target_and_job(false);
}

// A target is for the jobs that follow, so the job follows it.
void ServerSession::send_target_and_job(bool clean_jobs) {
  if (vardiff_.target() != announced_) {
    announced_ = vardiff_.target();
    send(encode(SetTarget{announced_}));
  }
  if (const auto& job = shared_.ledger.job()) {
    send(encode(
        Notify{job_id_of(job->challenge.epoch_number), job->challenge, job->address, clean_jobs}));
  }
}

void ServerSession::end(std::string why, base::TimePoint now) {
  if (state_ == State::Ended) {
    return;
  }
  state_ = State::Ended;
  why_ = std::move(why);
  if (!id_.empty()) {
    shared_.memberships.leave(number_, id_, now);
  }
}

void ServerSession::refuse(const MessageId& id, const Refusal& refusal) {
  if (!std::holds_alternative<std::monostate>(id)) {
    send(encode_refusal(id, refusal));
  }
}

void ServerSession::answer_true(const MessageId& id) {
  if (!std::holds_alternative<std::monostate>(id)) {
    send(encode(Answer{id, true}));
  }
}

void ServerSession::send(std::string line) {
  output_ += line;
}

std::string ServerSession::take_output() {
  return std::exchange(output_, {});
}

}  // namespace prover
