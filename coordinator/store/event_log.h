// The event log: the one place where the coordinator's state is durable. Events are opaque bytes
// here.
//
// The log is a sequence of events numbered 1, 2, 3, ...; they are appended in batches by
// compare-and-set on the last number, so any number of coordinators may write side by side without
// a leader: who loses the race reads on and decides again. An EventLog object is a verified cursor:
// it has a position, read() moves it over batches whose chain of MACs continues from it, and
// append() adds behind it. Life of an owner:
//
//   open() -> load_snapshot() -> read() until empty -> append() ... Conflict -> read() -> append()
//   ...
//                ^                                         |
//                +------ open() again <--- Diverged, or read says NotFound (trimmed behind a
//                snapshot)
//
// Epoch: a random id of one history. Sequence numbers mean the same only within one epoch. It
// changes when the history that somebody knew is not the history that the log now has (restored
// backup, writes lost in a fail-over); open() detects this from what the coordinator remembers
// (Fingerprint).
//
// Implementations: RedisLog, MemoryLog (simulation, tests, fault injection). All callbacks run
// later, never inside the call; destroying the log drops them. One thread.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "overlay/base/result.h"
#include "overlay/crypto/digest.h"

namespace coordinator {

using EventBytes = std::vector<std::uint8_t>;

// A place in one history: the number of the last event before it, and the chain value there, which
// stands for every event up to it.
struct LogPosition {
  std::uint64_t sequence = 0;
  crypto::Digest256 chain{};

  friend bool operator==(const LogPosition&, const LogPosition&) = default;
};

struct Epoch {
  std::array<std::uint8_t, 16> bytes{};

  std::string text() const;  // 32 hex digits
  friend auto operator<=>(const Epoch&, const Epoch&) = default;
};

struct StoredEvent {
  std::uint64_t sequence = 0;
  EventBytes bytes;
};

struct Snapshot {
  LogPosition position;
  std::vector<std::uint8_t> bytes;
};

// What a coordinator remembers of the log outside of it (in its data directory), to notice that the
// log has lost something. Text form: one line, see fingerprint.h.
struct Fingerprint {
  Epoch epoch;
  LogPosition position;
};

class EventLog {
 public:
  static constexpr std::size_t kBatchEventsMax = 4096;
  static constexpr std::size_t kBatchBytesMax = 8U << 20;  // of all events of a batch together
  static constexpr std::size_t kReadEventsMax = 65536;     // one read
  static constexpr std::size_t kSnapshotBytesMax = 1U << 30;
  static constexpr std::size_t kSnapshotsKept = 2;  // the log is trimmed behind the oldest of these

  struct Opened {
    Epoch epoch;
    std::uint64_t last = 0;        // last event in the log; 0: the log is empty
    bool is_new = false;           // there was no log: it was created
    bool is_history_lost = false;  // what `known` says is not in the log: epoch is a new one
    std::string lost_text;         // then: what is missing, for the operator
  };

  struct Appended {
    std::uint64_t last = 0;
  };
  // It is in the log and stands there, but fewer replicas than are demanded have said that they
  // have it: a fail-over may still lose it. The cursor has moved behind it; confirm() asks again.
  struct Unconfirmed {
    std::uint64_t last = 0;
    std::string text;  // what is missing, for whoever asked
  };
  // Somebody else appended: nothing was written. Read on from the own position and decide again.
  struct Conflict {
    std::uint64_t last = 0;
  };
  // The log's history is not the one that this cursor has read (or its epoch changed). Nothing was
  // written. Drop the state, open() again, load and read from the start.
  struct Diverged {
    std::string text;
  };
  using AppendOutcome = std::variant<Appended, Unconfirmed, Conflict, Diverged>;

  struct Read {
    std::vector<StoredEvent> events;  // empty: nothing new
    std::uint64_t last = 0;  // last event in the log when read; above the last of events: more
  };

  virtual ~EventLog() = default;

  // Opens the log, creating it if there is none, and moves the cursor to its beginning. If `known`
  // is not a part of the log's history, and no other coordinator has already said so, the epoch is
  // changed.
  //
  // Errors: Unavailable; Unauthenticated when the log was written with another key.
  virtual void open(std::optional<Fingerprint> known,
                    std::function<void(base::Result<Opened>)> done) = 0;

  // Appends `events` behind the cursor in one round trip and moves the cursor behind them. When
  // `done` gets Appended they, and all before them, are durable. All or nothing.
  //
  // Requires: opened, position().sequence == expected_last, no append or read under
  // way, 1..kBatchEventsMax events of at most kBatchBytesMax. Errors: Unavailable: not known
  // whether it was written. The cursor has not moved; read() tells. A batch whose answer was lost
  // is recognised when it is tried again on the new connection, so it is never written twice; the
  // error means that this did not succeed within the deadline either.
  virtual void append(std::uint64_t expected_last, std::vector<EventBytes> events,
                      std::function<void(base::Result<AppendOutcome>)> done) = 0;

  // Whether all that is before the cursor is known to be as safe as what append() acknowledged.
  // What was read may not be: it can be a batch of our own whose answer was lost, or another's that
  // its replicas still lack. Always true where no replicas are demanded.
  virtual bool is_confirmed() const = 0;

  // Makes sure of it: Appended when all that is before the cursor is durable, Unconfirmed, or
  // Diverged when it is no longer in the log. Requires: opened, no append or read under way.
  // Errors: Unavailable.
  virtual void confirm(std::function<void(base::Result<AppendOutcome>)> done) = 0;

  // Reads whole batches behind the cursor until `limit` events are reached or the log ends, and
  // moves the cursor behind what was read.
  //
  // Requires: opened, position().sequence == after, no append or read under way, limit > 0.
  // Errors (cursor not moved): Unavailable; NotFound: events behind the cursor were trimmed, load
  // the snapshot; Unauthenticated: an entry was altered or is foreign, the text names its sequence;
  // Conflict: the log's history is not the one read so far (see Diverged).
  virtual void read(std::uint64_t after, std::size_t limit,
                    std::function<void(base::Result<Read>)> done) = 0;

  // Stores the state as of `position` beside the log; then drops snapshots beyond kSnapshotsKept
  // and trims the log behind the oldest kept. Appends and reads may go on meanwhile.
  // Requires: opened; `position` was position() at some time since open(). One at a time.
  virtual void save_snapshot(LogPosition position, std::vector<std::uint8_t> bytes,
                             std::function<void(base::Status)> done) = 0;

  // The newest valid snapshot, if any, and moves the cursor to it. One that does not verify is
  // passed over, with a warning in the program's log, for the one before it. Requires: opened, no
  // append or read under way. Errors: Unavailable; Unauthenticated: there are snapshots and none
  // verifies.
  virtual void load_snapshot(std::function<void(base::Result<std::optional<Snapshot>>)> done) = 0;

  // From now on calls `on_more` when somebody else may have appended behind the cursor. May call
  // once too often, never misses for longer than a second while the log is reachable. Empty: stop.
  virtual void watch(std::function<void()> on_more) = 0;

  // Where the cursor stands. Requires: opened.
  virtual LogPosition position() const = 0;
  virtual Epoch epoch() const = 0;
};

}  // namespace coordinator
