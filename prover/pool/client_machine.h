// A prover's side of the pool protocol: one connection at a time to one of several pools, work from
// it, shares to it. Pure: feed, drain, sleep.
//
//              Connect            subscribed         authorized
//   Waiting ----------> Connecting ----> Subscribing ----> Authorizing ----> Working
//      ^                     |                |                 |               |
//      +------ backoff ------+----------------+-----------------+--- (lost) ----+
//
// Pools are tried in the order given. One that could not be brought to Working kFailuresMax times
// in a row is left for the next; while a later one works, the earlier ones are probed every
// kReturnAfter and the first that answers is gone back to. If all are down, whichever may be tried
// soonest is.
//
// A share that was found stays here until it has its one result. After a cut it is sent again, on
// the same pool and only while that pool is at the same job; the pool counts it once. Until then
// the search goes on: shares found without a connection wait.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "overlay/base/backoff.h"
#include "overlay/base/random.h"
#include "overlay/base/result.h"
#include "overlay/base/time.h"
#include "prover/pool/line_reader.h"
#include "prover/pool/stratum.h"

namespace prover {

struct PoolAddress {
  std::string host;  // a name or an address
  std::uint16_t port = 0;

  std::string text() const { return host + ":" + std::to_string(port); }
};

using ShareNumber = std::uint64_t;  // of a share given to submit(); from 1, in order

struct WorkEvent {  // search this; shares of other jobs are not wanted any more
  Job job;
  std::uint64_t target = 1;
  NoncePrefix prefix;
};
struct TargetEvent {  // the same work, another target
  std::uint64_t target = 1;
};
struct ResultEvent {  // once for every share
  enum class Outcome {
    Accepted,
    AcceptedEarlier,  // by a try whose answer was lost
    Refused,
    Lost,  // its epoch ended, or it grew too old, before there was an answer
  };
  ShareNumber share = 0;
  Outcome outcome = Outcome::Lost;
  std::int64_t code = 0;  // of Refused
  std::string text;
  std::optional<base::Duration> latency;  // from the last send to the answer
};
struct ConnectionEvent {
  std::size_t pool = 0;
  bool is_working = false;
  std::string why;  // it does not
};
using ClientEvent = std::variant<WorkEvent, TargetEvent, ResultEvent, ConnectionEvent>;

class ClientMachine {
 public:
  static constexpr base::Duration kBackoffFirst = std::chrono::seconds(1);
  static constexpr base::Duration kBackoffMax = std::chrono::seconds(60);
  static constexpr base::Duration kStableAfter = std::chrono::seconds(30);  // resets the backoff
  static constexpr base::Duration kStepMax = std::chrono::seconds(10);    // connect, subscribe, ...
  static constexpr base::Duration kAnswerMax = std::chrono::seconds(60);  // of a share
  static constexpr int kFailuresMax = 3;
  static constexpr base::Duration kReturnAfter = std::chrono::seconds(60);
  static constexpr base::Duration kLeaveMax = std::chrono::seconds(10);  // for answers to come
  static constexpr std::size_t kSharesMax = 1024;                        // without a result
  static constexpr std::size_t kInFlightMax = 64;                        // sent and not answered
  static constexpr base::Duration kShareAgeMax = std::chrono::hours(2);

  struct Options {
    std::vector<PoolAddress> pools;
    std::string worker;
    std::string password;
    std::string user_agent;
  };
  enum class State { Waiting, Connecting, Subscribing, Authorizing, Working, Stopped };

  struct Connect {
    std::size_t pool = 0;
  };
  struct Disconnect {};  // no handle_disconnected() is expected for it
  struct Probe {         // connect and close at once; handle_probed() tells
    std::size_t pool = 0;
  };
  using Command = std::variant<Connect, Disconnect, Probe>;

  // Requires at least one pool. `random` must outlive this.
  ClientMachine(Options options, base::RandomSource& random, base::TimePoint now);
  ClientMachine(const ClientMachine&) = delete;
  ClientMachine& operator=(const ClientMachine&) = delete;

  void handle_connected(base::TimePoint now);
  // The connection ended or could not be made.
  void handle_disconnected(const std::string& why, base::TimePoint now);
  void handle_bytes(std::span<const std::uint8_t> bytes, base::TimePoint now);
  void handle_probed(bool is_reachable, base::TimePoint now);
  void handle_time(base::TimePoint now);

  // Errors: Conflict when the job is not the one of the latest WorkEvent, or after stop();
  // LimitExceeded above kSharesMax. The share has no number and no result then.
  base::Result<ShareNumber> submit(const Job& job, const Share& share, base::TimePoint now);
  // Waits for results of what was sent, kLeaveMax at most, and ends.
  void stop(base::TimePoint now);

  std::optional<Command> poll_command();
  std::string take_output();
  bool has_output() const { return !output_.empty(); }
  std::optional<ClientEvent> poll_event();
  std::optional<base::TimePoint> next_timeout() const;

  State state() const { return state_; }
  std::size_t unanswered() const { return shares_.size(); }
  const Options& options() const { return options_; }

 private:
  struct Pool {
    base::Backoff backoff;
    base::TimePoint next_at{};
    int failures = 0;  // in a row, to get to Working
    std::optional<std::string> session_id{};
  };
  struct Waiting {
    std::size_t pool = 0;
    Job job;
    Share share;
    base::TimePoint found_at{};
    std::optional<base::TimePoint> sent_at{};  // on the connection there is
    int sends = 0;
  };
  struct Work {
    Job job;
    std::string job_id;
  };

  std::size_t choose_pool() const;
  void connect(base::TimePoint now);
  void fail(const std::string& why, base::TimePoint now);
  void lose(const std::string& why, base::TimePoint now);
  void enter(State state, base::TimePoint now);
  void handle_line(const std::string& line, base::TimePoint now);
  void handle(const SetTarget& message, base::TimePoint now);
  void handle(const Notify& message, base::TimePoint now);
  void handle(const Answer& message, base::TimePoint now);
  void handle_subscribed(const Answer& answer, base::TimePoint now);
  void handle_authorized(const Answer& answer, base::TimePoint now);
  void handle_result(ShareNumber number, const Answer& answer, base::TimePoint now);
  void announce_work();
  void send_shares(base::TimePoint now);
  void finish(ShareNumber number, ResultEvent::Outcome outcome, std::int64_t code,
              std::string text);
  void probe_earlier(std::size_t from, base::TimePoint now);
  void leave_if_done(base::TimePoint now);
  std::optional<base::TimePoint> oldest_sent() const;

  Options options_;
  std::vector<Pool> pools_;
  State state_ = State::Waiting;
  base::TimePoint entered_at_;
  std::size_t current_ = 0;
  LineReader reader_;
  std::string output_;
  std::deque<Command> commands_;
  std::deque<ClientEvent> events_;

  Subscription subscription_;
  std::optional<Work> work_;  // of this connection
  std::uint64_t target_ = 1;
  // As last announced.
  std::optional<WorkEvent> announced_;
  std::size_t announced_pool_ = 0;

  std::map<ShareNumber, Waiting> shares_;
  ShareNumber last_share_ = 0;
  std::size_t in_flight_ = 0;

  std::optional<base::TimePoint> return_at_;  // while a later pool works: the next probe
  std::optional<std::size_t> probing_;
  std::optional<base::TimePoint> leave_by_;  // for an earlier pool, or to stop
  bool is_stopping_ = false;
};

}  // namespace prover
