#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>

#include "overlay/base/time.h"
#include "prover/pool/line_reader.h"
#include "prover/pool/memberships.h"
#include "prover/pool/share_ledger.h"
#include "prover/pool/stratum.h"
#include "prover/pool/vardiff.h"

namespace prover {

struct PoolOptions {
  Bytes32 address{};                   // every share is found for it
  std::string password;                // asked of workers; empty: none is
  std::uint64_t target_first = 512;    // of a session that does not resume one
  std::uint64_t target_cap = 1 << 20;  // the network's proof target
  std::size_t sessions_max = 4096;
  std::size_t sessions_per_address_max = 256;
};

// One prover's connection, seen from the pool. Pure; shares what the pool's sessions have in common
// by reference.
//
//   Connected --subscribe--> Subscribed --authorize--> Authorized --> Ended, from anywhere
//
// A request in the wrong state is refused: 25 before subscribe, 24 before authorize, 20 for a
// second subscribe. An unknown protocol version ends the session without an answer, as in the
// reference.
class ServerSession {
 public:
  static constexpr std::size_t kInFlightMax = 8;  // shares; further input waits in the socket
  static constexpr std::size_t kWorkersMax = 8;   // names authorized on one connection
  static constexpr std::size_t kBadLinesMax = 16;
  static constexpr std::size_t kInvalidSharesMax = 16;  // in a row
  static constexpr base::Duration kHandshakeMax = std::chrono::seconds(30);
  static constexpr base::Duration kIdleMax = std::chrono::minutes(10);
  // For shares that were on their way when the target rose.
  static constexpr base::Duration kTargetGrace = std::chrono::seconds(10);
  static constexpr std::size_t kGraceTargetsMax = 8;

  enum class State { Connected, Subscribed, Authorized, Ended };

  struct Shared {
    const PoolOptions& options;
    ShareLedger& ledger;
    Memberships& memberships;
  };

  // What `shared` refers to must outlive this.
  ServerSession(Shared shared, SessionNumber number, base::TimePoint now);

  // Input only while wants_input(); more is kept, but nothing bounds it.
  void handle_bytes(std::span<const std::uint8_t> bytes, base::TimePoint now);
  // The ledger has another job.
  void handle_job();
  void handle_answer(const ShareLedger::Answered& answer, base::TimePoint now);
  void handle_time(base::TimePoint now);
  // The connection is gone, or to be closed after the output: `why` for the log.
  void end(std::string why, base::TimePoint now);

  // Lines to send, once. Take them after every call: nothing here bounds what was not taken.
  std::string take_output();
  bool wants_input() const;
  // Whom this session took its membership from, once.
  std::optional<SessionNumber> take_displaced() { return std::exchange(displaced_, std::nullopt); }

  State state() const { return state_; }
  const std::string& why() const { return why_; }  // it ended
  std::uint64_t target() const { return vardiff_.target(); }
  std::size_t in_flight() const { return in_flight_; }

 private:
  void handle_lines(base::TimePoint now);
  void handle(const SubscribeRequest& request, base::TimePoint now);
  void handle(const AuthorizeRequest& request, base::TimePoint now);
  void handle(SubmitRequest& request, base::TimePoint now);
  void handle(const BadRequest& request, base::TimePoint now);
  std::optional<Refusal> check(const SubmitRequest& request) const;
  std::uint64_t credit_for(std::uint64_t target, base::TimePoint now);
  void refuse(const MessageId& id, const Refusal& refusal);
  void answer_true(const MessageId& id);
  void send(std::string line);
  void send_target_and_job(bool clean_jobs);
  void follow_vardiff(base::TimePoint now);

  Shared shared_;
  SessionNumber number_;
  State state_ = State::Connected;
  std::string why_;
  LineReader reader_;
  std::string output_;
  base::TimePoint opened_at_;
  base::TimePoint heard_at_;
  std::string id_;  // of the membership; empty before subscribe
  std::optional<SessionNumber> displaced_;
  std::set<std::string> workers_;
  Vardiff vardiff_;
  std::uint64_t announced_ = 0;                                  // the target last sent
  std::deque<std::pair<std::uint64_t, base::TimePoint>> lower_;  // still taken, until then
  std::size_t in_flight_ = 0;
  std::size_t bad_lines_ = 0;
  std::size_t invalid_shares_ = 0;
};

}  // namespace prover
