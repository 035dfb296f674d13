#include "prover/pool/pool_machine.h"

#include <algorithm>
#include <utility>

#include "overlay/base/check.h"

namespace prover {

PoolMachine::PoolMachine(PoolOptions options, const ShareStore::Contents& contents,
                         base::RandomSource& random)
    : options_(std::move(options)), ledger_(random), memberships_(contents.life, random) {
  CHECK(options_.target_first > 0 && options_.target_cap > 0);
  CHECK(options_.sessions_max <= Memberships::kMembershipsMax / 2);
  ledger_.restore(contents);
}

base::Result<SessionNumber> PoolMachine::handle_connected(const base::Address& remote,
                                                          base::TimePoint now) {
  const auto refuse = [&](std::size_t limit, const std::string& of) {
    ++connections_refused_;
    return base::Error(base::Errc::LimitExceeded,
                       std::to_string(limit) + " sessions" + of + ", expected no more");
  };
  if (sessions_.size() >= options_.sessions_max) {
    return refuse(options_.sessions_max, "");
  }
  if (const auto found = per_address_.find(remote);
      found != per_address_.end() && found->second >= options_.sessions_per_address_max) {
    return refuse(options_.sessions_per_address_max, " of " + remote.text());
  }
  if (sessions_.empty()) {
    ticked_at_ = now;
  }
  ++per_address_[remote];
  const SessionNumber number = ++last_session_;
  sessions_[number] = {remote,
                       std::make_unique<ServerSession>(
                           ServerSession::Shared{options_, ledger_, memberships_}, number, now)};
  return number;
}

ServerSession& PoolMachine::session(SessionNumber number) {
  const auto found = sessions_.find(number);
  CHECK(found != sessions_.end());
  return *found->second.machine;
}

const ServerSession& PoolMachine::session(SessionNumber number) const {
  const auto found = sessions_.find(number);
  CHECK(found != sessions_.end());
  return *found->second.machine;
}

void PoolMachine::handle_bytes(SessionNumber number, std::span<const std::uint8_t> bytes,
                               base::TimePoint now) {
  ServerSession& machine = session(number);
  machine.handle_bytes(bytes, now);
  touched_.insert(number);
  if (const auto displaced = machine.take_displaced(); displaced && is_open(*displaced)) {
    session(*displaced).end("its session was resumed on another connection", now);
    touched_.insert(*displaced);
  }
  give_answers(now);
}

void PoolMachine::handle_disconnected(SessionNumber number, base::TimePoint now) {
  session(number).end("disconnected", now);
  const auto found = sessions_.find(number);
  const auto counted = per_address_.find(found->second.remote);
  if (--counted->second == 0) {
    per_address_.erase(counted);
  }
  sessions_.erase(found);
  touched_.erase(number);
}

void PoolMachine::handle_job(const Job& job) {
  if (ledger_.job() == job) {
    return;
  }
  ledger_.begin_job(job);
  for (const auto& [number, session] : sessions_) {
    session.machine->handle_job();
    touched_.insert(number);
  }
}

void PoolMachine::handle_verified(Ticket ticket, const base::Status& status, base::TimePoint now) {
  ledger_.handle_verified(ticket, status);
  give_answers(now);
}

void PoolMachine::handle_appended(Ticket ticket, Appended outcome, base::TimePoint now) {
  ledger_.handle_appended(ticket, outcome);
  give_answers(now);
}

// An answer lets its session read on, which may bring the next answer.
void PoolMachine::give_answers(base::TimePoint now) {
  while (const auto answer = ledger_.poll_answer()) {
    if (is_open(answer->session)) {
      session(answer->session).handle_answer(*answer, now);
      touched_.insert(answer->session);
    }
  }
}

void PoolMachine::handle_time(base::TimePoint now) {
  if (now < ticked_at_ + kTick) {
    return;
  }
  ticked_at_ = now;
  for (const auto& [number, session] : sessions_) {
    session.machine->handle_time(now);
    touched_.insert(number);
  }
}

void PoolMachine::handle_stop(base::TimePoint now) {
  for (const auto& [number, session] : sessions_) {
    session.machine->end("the pool stops", now);
    touched_.insert(number);
  }
}

std::optional<base::TimePoint> PoolMachine::next_timeout() const {
  return sessions_.empty() ? std::nullopt : std::optional(ticked_at_ + kTick);
}

std::optional<ShareLedger::Verification> PoolMachine::poll_verification() {
  return ledger_.poll_verification();
}

std::optional<SessionNumber> PoolMachine::poll_touched() {
  if (touched_.empty()) {
    return std::nullopt;
  }
  return touched_.extract(touched_.begin()).value();
}

std::string PoolMachine::take_output(SessionNumber number) {
  return session(number).take_output();
}

bool PoolMachine::is_ended(SessionNumber number) const {
  return session(number).state() == ServerSession::State::Ended;
}

bool PoolMachine::wants_input(SessionNumber number) const {
  return session(number).wants_input();
}

const std::string& PoolMachine::why(SessionNumber number) const {
  return session(number).why();
}

std::size_t PoolMachine::authorized_sessions() const {
  return static_cast<std::size_t>(std::ranges::count_if(sessions_, [](const auto& entry) {
    return entry.second.machine->state() == ServerSession::State::Authorized;
  }));
}

}  // namespace prover
