// Turns commands into durable records and keeps the state and the views that follow from them.
//
//            start()            log open, snapshot loaded, log read to its end
//   Stopped ---------> Opening -----------------------------------------------> Ready
//                         ^                                                       |
//                         +-------- the log's history is not the one read --------+
//   any --> Failed   the log cannot be read: damaged, or another key's
//
// While one append is in flight commands queue; then all that wait (up to the limits below) are
// decided one after the other on the state as it will be, and appended as one record by
// compare-and-set. When another coordinator was faster, or nobody knows whether the append was
// written, the state goes back to what is durable, reads on, and the same commands are decided
// again; a record of our own found in the log is the answer that got lost.
//
// Where the log demands replicas (EventLog::Unconfirmed): what too few of them confirmed stands in
// the log and in the state, and whoever asked for it is refused. From then on nothing more is
// written, and every command is refused, until the replicas have what is there; then a repeated
// request is answered from what stands.
//
// Whoever asks is answered only when what the answer says is durable. One thread; no clock, timer
// or randomness of its own: the simulation in tests/sim drives many of these over one memory log.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "coordinator/domain/codec.h"
#include "coordinator/domain/decide.h"
#include "coordinator/domain/state.h"
#include "coordinator/domain/view_log.h"
#include "coordinator/store/event_log.h"
#include "overlay/base/random.h"
#include "overlay/base/result.h"
#include "overlay/base/time.h"

namespace coordinator {

class Committer {
 public:
  static constexpr std::size_t kQueueMax = 20'000;        // commands that wait
  static constexpr std::size_t kBatchCommandsMax = 1024;  // of one record
  // A record that has grown so far takes no further command. What one command adds is far smaller
  // than what is left to the log's and the codec's own limits.
  static constexpr std::size_t kBatchBytesMax = EventLog::kBatchBytesMax / 2;
  static constexpr std::size_t kBatchEventsMax = kRecordEventsMax / 2;
  static constexpr std::size_t kReadEventsMax = 4096;  // records per read
  // A snapshot is made when the records since the last weigh as much as it does, and at least this:
  // start-up then costs at most about twice the state.
  static constexpr std::size_t kSnapshotBytesMin = 8U << 20;
  static constexpr base::Duration kRetryFirst = std::chrono::milliseconds(50);
  static constexpr base::Duration kRetryMax = std::chrono::seconds(2);
  // How long a command waits for a store that is away before it is answered that it is.
  static constexpr base::Duration kCommandTimeout = std::chrono::seconds(15);

  enum class Phase { Stopped, Opening, Ready, Failed };

  // What the committer needs of the world.
  struct Surroundings {
    std::function<base::WallTime()> now;
    // Calls `act` once, later: from a timer, never from inside.
    std::function<void(base::Duration, std::function<void()> act)> after;
    std::function<void(Phase)> on_phase;  // may be empty
    // A record became durable, touched these facts, and gave these views something to publish. May
    // be empty.
    std::function<void(const std::vector<model::ViewId>&, const std::vector<Touch>&)> on_touched;
  };
  struct Options {
    base::Duration quarantine = std::chrono::hours(24);
    std::optional<Fingerprint> known{};
    std::size_t snapshot_bytes_min = kSnapshotBytesMin;
  };
  struct Counters {
    std::uint64_t commands = 0;
    std::uint64_t refused = 0;
    std::uint64_t records = 0;
    std::uint64_t conflicts = 0;
    std::uint64_t retries = 0;   // after an append or read of unknown outcome
    std::uint64_t restarts = 0;  // the log's history changed under us
    std::uint64_t snapshots = 0;
  };

  // Runs right after the decision, on the state with its events applied; prepares the answer and
  // does nothing else. Runs again if the command has to be decided again.
  using Prepare = std::function<void(const State&, const Decision&)>;
  // Ok: what was prepared last is durable, send it. Unavailable: the text says whether the command
  // was carried out and is not safe yet, was not, or that this is not known.
  using Done = std::function<void(const base::Status&)>;

  // Keeps references to `log`, `signing_key` and `random`.
  Committer(EventLog& log, const crypto::IdentityKey& signing_key, base::RandomSource& random,
            Surroundings surroundings, Options options);
  ~Committer() = default;
  Committer(const Committer&) = delete;
  Committer& operator=(const Committer&) = delete;

  // Opens the log and reads it. on_phase(Ready) says when commands are carried out.
  void start();

  // Queues a command. Errors: LimitExceeded when kQueueMax wait; then nothing is called.
  base::Status submit(Request request, Prepare prepare, Done done);

  // Calls `look` with the durable state: at once, or when the append in flight has ended.
  void read(std::function<void(const State&)> look);

  Phase phase() const { return phase_; }
  // Why it is Failed, or what the log lost when its epoch changed; empty otherwise.
  const std::string& trouble() const { return trouble_; }
  // Too few replicas have what is in the log, as far as is known.
  bool is_short() const { return is_short_; }
  // With what a batch in flight has done to it: for lookups that need no durability, as of keys.
  const State& latest() const { return state_; }
  // Durable. Replaced when the log's history changes: do not keep the pointer. Null before Ready.
  ViewLog* views() { return views_.get(); }
  bool is_idle() const { return !is_busy_ && queue_.empty() && found_.empty(); }
  std::size_t queued() const { return queue_.size(); }
  const Counters& counters() const { return counters_; }
  // What to remember outside of the log. Empty before Ready.
  std::optional<Fingerprint> fingerprint() const;

 private:
  struct Waiting {
    Request request;
    Prepare prepare;
    Done done;
    base::WallTime deadline;
    bool is_written = false;  // its decision put something into the record
  };

  void set_phase(Phase phase);
  void fail(const base::Error& error);
  void open();
  void load_snapshot();
  base::Status take_snapshot(const Snapshot& snapshot);
  // Reads on until the end of the log, then does `then`.
  void catch_up(std::function<void()> then);
  void handle_read(const base::Result<EventLog::Read>& read, const std::function<void()>& then);
  base::Status apply_stored(const StoredEvent& stored);
  void become_ready();
  // Drops the state and begins anew with what the log now is.
  void restart(const std::string& why);
  void retry(std::function<void()> act);

  void pump();
  bool decide_batch();
  void apply_decided(Event event);
  void append_batch();
  void handle_append(const base::Result<EventLog::AppendOutcome>& outcome);
  void confirm();
  void handle_confirmed(const base::Result<EventLog::AppendOutcome>& outcome);
  void decide_again();
  // By a list of its own: an answer may lead to another command.
  void answer_all(const std::deque<Waiting>& answered, const base::Status& status);
  void answer_short(const std::deque<Waiting>& answered);
  void expire_waiting();
  void run_reads();
  void announce(const std::vector<Touch>& touched);
  void maybe_snapshot();
  void handle_more();

  EventLog& log_;
  const crypto::IdentityKey& signing_key_;
  base::RandomSource& random_;
  Surroundings surroundings_;
  Options options_;

  Phase phase_ = Phase::Stopped;
  std::string trouble_;
  State state_;
  std::unique_ptr<ViewLog> views_;
  std::uint64_t writer_ = 0;
  std::uint64_t batch_number_ = 0;

  std::deque<Waiting> queue_;
  std::deque<Waiting> batch_;  // decided, its append in flight or to be repeated
  std::deque<Waiting> found_;  // in the log, their answers true: to be sent when it is confirmed
  bool is_short_ = false;      // too few replicas had what is in the log when last asked
  Record record_;
  std::vector<Touch> touched_;
  std::vector<std::function<void(const State&)>> reads_;
  bool is_busy_ = false;  // an append or read is under way: the log takes one at a time
  bool is_more_ = false;  // the log grew while busy
  base::Duration retry_wait_ = kRetryFirst;

  std::size_t bytes_since_snapshot_ = 0;
  std::size_t snapshot_bytes_ = 0;
  bool is_snapshotting_ = false;
  Counters counters_;
};

}  // namespace coordinator
