// The pool: all sessions, the shares on their way, the job. Pure: feed, drain, sleep.
//
// After every handle_*(), until nothing comes any more: poll_verification(), poll_append(), and for
// each session that poll_touched() names, take_output(), is_ended(), wants_input().
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>

#include "overlay/base/ip.h"
#include "overlay/base/random.h"
#include "overlay/base/result.h"
#include "overlay/base/time.h"
#include "prover/pool/memberships.h"
#include "prover/pool/server_session.h"
#include "prover/pool/share_ledger.h"
#include "prover/pool/share_store.h"

namespace prover {

class PoolMachine {
 public:
  static constexpr base::Duration kTick = std::chrono::seconds(1);

  // `random` must outlive this. Requires 1 <= target_first, 1 <= target_cap, sessions_max <=
  // Memberships::kMembershipsMax / 2.
  PoolMachine(PoolOptions options, const ShareStore::Contents& contents,
              base::RandomSource& random);
  PoolMachine(const PoolMachine&) = delete;
  PoolMachine& operator=(const PoolMachine&) = delete;

  // Errors: LimitExceeded when there are too many sessions, or too many from this address; the
  // connection is to be closed then.
  base::Result<SessionNumber> handle_connected(const base::Address& remote, base::TimePoint now);
  // These require a session that was neither ended and forgotten nor handed to
  // handle_disconnected().
  void handle_bytes(SessionNumber session, std::span<const std::uint8_t> bytes,
                    base::TimePoint now);
  // The session is forgotten; its shares on their way are not.
  void handle_disconnected(SessionNumber session, base::TimePoint now);

  void handle_job(const Job& job);
  void handle_verified(Ticket ticket, const base::Status& status, base::TimePoint now);
  void handle_appended(Ticket ticket, Appended outcome, base::TimePoint now);
  void handle_time(base::TimePoint now);
  // Ends every session; shares on their way still get to the store.
  void handle_stop(base::TimePoint now);

  std::optional<ShareLedger::Verification> poll_verification();
  bool has_verification() const { return ledger_.has_verification(); }
  std::optional<ShareLedger::Append> poll_append() { return ledger_.poll_append(); }
  std::optional<SessionNumber> poll_touched();
  bool is_open(SessionNumber session) const { return sessions_.contains(session); }
  std::string take_output(SessionNumber session);
  bool is_ended(SessionNumber session) const;
  bool wants_input(SessionNumber session) const;
  const std::string& why(SessionNumber session) const;

  // While there are sessions.
  std::optional<base::TimePoint> next_timeout() const;

  const ShareLedger& ledger() const { return ledger_; }
  const PoolOptions& options() const { return options_; }
  std::size_t sessions() const { return sessions_.size(); }
  std::size_t authorized_sessions() const;
  std::uint64_t connections_refused() const { return connections_refused_; }

 private:
  struct Session {
    base::Address remote;
    std::unique_ptr<ServerSession> machine;
  };

  ServerSession& session(SessionNumber number);
  const ServerSession& session(SessionNumber number) const;
  void give_answers(base::TimePoint now);

  PoolOptions options_;
  ShareLedger ledger_;
  Memberships memberships_;
  std::map<SessionNumber, Session> sessions_;
  std::map<base::Address, std::size_t> per_address_;
  std::set<SessionNumber> touched_;
  SessionNumber last_session_ = 0;
  base::TimePoint ticked_at_{};
  std::uint64_t connections_refused_ = 0;
};

}  // namespace prover
