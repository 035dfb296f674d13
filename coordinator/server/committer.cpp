#include "coordinator/server/committer.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "overlay/base/check.h"

namespace coordinator {
namespace {

// Names the history in views. 53 bits, so that every JSON reader keeps it; never 0.
std::uint64_t view_epoch(const Epoch& epoch) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < 8; ++i) {
    value = value << 8U | epoch.bytes[i];
  }
  return (value & model::kSequenceMax) | 1U;
}

base::Error stands(const std::string& trouble) {
  return {base::Errc::Unavailable,
          "this is in the log and stands unless a fail-over loses it; ask again to see it "
          "confirmed: " +
              trouble};
}

base::Error changed_nothing(const std::string& trouble) {
  return {base::Errc::Unavailable,
          "what is in the log already is not safe, so this request changed nothing: " + trouble};
}

}  // namespace

Committer::Committer(EventLog& log, const crypto::IdentityKey& signing_key,
                     base::RandomSource& random, Surroundings surroundings, Options options)
    : log_(log),
      signing_key_(signing_key),
      random_(random),
      surroundings_(std::move(surroundings)),
      options_(options),
      writer_(random.below(UINT64_MAX)) {}

void Committer::set_phase(Phase phase) {
  phase_ = phase;
  if (surroundings_.on_phase) {
    surroundings_.on_phase(phase);
  }
}

void Committer::fail(const base::Error& error) {
  trouble_ = error.text();
  state_.roll_back();
  set_phase(Phase::Failed);
  const base::Error away(base::Errc::Unavailable, "the event log cannot be read: " + trouble_);
  answer_all(std::exchange(found_, {}), away);
  answer_all(std::exchange(batch_, {}), away);
  answer_all(std::exchange(queue_, {}), away);
  reads_.clear();  // whoever waits for one is answered by its destruction
}

std::optional<Fingerprint> Committer::fingerprint() const {
  if (phase_ != Phase::Ready) {
    return std::nullopt;
  }
  return Fingerprint{.epoch = log_.epoch(), .position = log_.position()};
}

// --- Opening and reading ---

void Committer::start() {
  CHECK(phase_ == Phase::Stopped);
  set_phase(Phase::Opening);
  is_busy_ = true;
  open();
}

void Committer::retry(std::function<void()> act) {
  ++counters_.retries;
  expire_waiting();
  surroundings_.after(retry_wait_, std::move(act));
  retry_wait_ = std::min(retry_wait_ * 2, kRetryMax);
}

void Committer::open() {
  log_.open(options_.known, [this](const base::Result<EventLog::Opened>& opened) {
    if (!opened.ok()) {
      if (opened.error().code() == base::Errc::Unavailable) {
        trouble_ = opened.error().text();
        retry([this] { open(); });
        return;
      }
      fail(opened.error());
      return;
    }
    trouble_ = opened.value().is_history_lost ? opened.value().lost_text : "";
    retry_wait_ = kRetryFirst;
    load_snapshot();
  });
}

void Committer::load_snapshot() {
  log_.load_snapshot([this](const base::Result<std::optional<Snapshot>>& loaded) {
    if (!loaded.ok()) {
      if (loaded.error().code() == base::Errc::Unavailable) {
        retry([this] { load_snapshot(); });
        return;
      }
      fail(loaded.error());
      return;
    }
    state_ = {};
    if (loaded.value().has_value()) {
      if (const auto status = take_snapshot(*loaded.value()); !status.ok()) {
        fail(status.error());
        return;
      }
    }
    catch_up([this] { become_ready(); });
  });
}

base::Status Committer::take_snapshot(const Snapshot& snapshot) {
  auto state = decode_snapshot(snapshot.bytes);
  if (!state.ok()) {
    return state.error();
  }
  state_ = std::move(state).value();
  snapshot_bytes_ = snapshot.bytes.size();
  if (state_.sequence.get() != snapshot.position.sequence) {
    return base::Error(base::Errc::Malformed,
                       "snapshot: sequence " + std::to_string(state_.sequence.get()) +
                           ", expected " + std::to_string(snapshot.position.sequence));
  }
  return {};
}

void Committer::catch_up(std::function<void()> then) {
  log_.read(log_.position().sequence, kReadEventsMax,
            [this, then = std::move(then)](const base::Result<EventLog::Read>& read) {
              handle_read(read, then);
            });
}

void Committer::handle_read(const base::Result<EventLog::Read>& read,
                            const std::function<void()>& then) {
  if (!read.ok()) {
    switch (read.error().code()) {
      case base::Errc::Unavailable:
        retry([this, then] { catch_up(then); });
        return;
      case base::Errc::NotFound:
      case base::Errc::Conflict:
        restart(read.error().text());
        return;
      default:
        fail(read.error());
        return;
    }
  }
  retry_wait_ = kRetryFirst;
  for (const StoredEvent& stored : read.value().events) {
    if (const auto status = apply_stored(stored); !status.ok()) {
      fail(status.error());
      return;
    }
  }
  if (!read.value().events.empty()) {
    catch_up(then);
    return;
  }
  then();
}

base::Status Committer::apply_stored(const StoredEvent& stored) {
  const auto record = decode_record(stored.bytes);
  if (!record.ok()) {
    return record.error().within("log record " + std::to_string(stored.sequence));
  }
  std::vector<Touch> touched;
  if (auto status = apply(state_, record.value(), &touched); !status.ok()) {
    state_.roll_back();
    return status;
  }
  if (state_.sequence.get() != stored.sequence) {
    state_.roll_back();
    return base::Error(base::Errc::Malformed, "log record " + std::to_string(stored.sequence) +
                                                  ": expected record " +
                                                  std::to_string(state_.sequence.get()));
  }
  state_.commit();
  bytes_since_snapshot_ += stored.bytes.size();
  announce(touched);
  if (!batch_.empty() && record.value().writer == writer_ &&
      record.value().batch == batch_number_) {
    // The append in doubt did happen, at the place it was meant for: the answers that were prepared
    // with it are true.
    ++counters_.records;
    found_ = std::exchange(batch_, {});
    if (log_.is_confirmed()) {
      answer_all(std::exchange(found_, {}), {});
    }
  }
  return {};
}

void Committer::become_ready() {
  views_ = std::make_unique<ViewLog>(view_epoch(log_.epoch()), signing_key_);
  is_busy_ = false;
  log_.watch([this] { handle_more(); });
  set_phase(Phase::Ready);
  run_reads();
  pump();
}

void Committer::restart(const std::string& why) {
  ++counters_.restarts;
  trouble_ = why;
  log_.watch({});
  state_.roll_back();
  // What was in doubt is decided on the new history.
  for (std::deque<Waiting>* doubtful : {&batch_, &found_}) {
    std::move(doubtful->rbegin(), doubtful->rend(), std::front_inserter(queue_));
    doubtful->clear();
  }
  is_short_ = false;
  views_ = nullptr;
  is_busy_ = true;
  options_.known = Fingerprint{.epoch = log_.epoch(), .position = log_.position()};
  set_phase(Phase::Opening);
  open();
}

// Another coordinator may have written.
void Committer::handle_more() {
  if (phase_ != Phase::Ready) {
    return;
  }
  if (is_busy_) {
    is_more_ = true;
    return;
  }
  is_busy_ = true;
  is_more_ = false;
  catch_up([this] {
    is_busy_ = false;
    run_reads();
    pump();
  });
}

// --- Commands ---

base::Status Committer::submit(Request request, Prepare prepare, Done done) {
  if (queue_.size() >= kQueueMax) {
    return base::Error(base::Errc::LimitExceeded,
                       std::to_string(kQueueMax) + " commands wait already");
  }
  if (phase_ == Phase::Failed) {
    return base::Error(base::Errc::Unavailable, "the event log cannot be read: " + trouble_);
  }
  queue_.push_back({.request = std::move(request),
                    .prepare = std::move(prepare),
                    .done = std::move(done),
                    .deadline = surroundings_.now() + kCommandTimeout});
  if (queue_.size() == 1 && !is_busy_) {
    // Not at once: what else arrives in this turn of the loop comes along.
    surroundings_.after(base::Duration(0), [this] { pump(); });
  }
  return {};
}

void Committer::pump() {
  while (phase_ == Phase::Ready && !is_busy_ &&
         (!queue_.empty() || !batch_.empty() || !found_.empty())) {
    if (!log_.is_confirmed() && (is_short_ || !found_.empty())) {
      confirm();
      return;
    }
    answer_all(std::exchange(found_, {}), {});
    if (batch_.empty() && queue_.empty()) {
      break;
    }
    if (batch_.empty()) {
      const std::size_t count = std::min(queue_.size(), kBatchCommandsMax);
      const auto end = queue_.begin() + static_cast<std::ptrdiff_t>(count);
      std::move(queue_.begin(), end, std::back_inserter(batch_));
      queue_.erase(queue_.begin(), end);
    }
    if (decide_batch()) {
      append_batch();
      return;
    }
    // Nothing to append: all that was answered is in the log already.
    state_.roll_back();
    if (!log_.is_confirmed()) {
      confirm();
      return;
    }
    answer_all(std::exchange(batch_, {}), {});
  }
  if (phase_ == Phase::Ready && !is_busy_ && is_more_) {
    handle_more();
  }
}

// Decides the batch on the state and prepares its answers; what a full record has no room for goes
// back to the front of the queue. False if no event came of it.
bool Committer::decide_batch() {
  const Circumstances circumstances{.now = surroundings_.now(), .quarantine = options_.quarantine};
  ++batch_number_;  // of this attempt: an earlier one found later says nothing about its answers
  record_ = {.writer = writer_, .batch = batch_number_, .at = circumstances.now, .events = {}};
  touched_.clear();
  begin_record(state_);
  std::size_t decided = 0;
  std::size_t record_bytes = 0;
  for (Waiting& waiting : batch_) {
    if (record_bytes >= kBatchBytesMax || record_.events.size() >= kBatchEventsMax) {
      break;
    }
    ++decided;
    Decision decision = decide(state_, waiting.request, circumstances, random_);
    ++counters_.commands;
    counters_.refused += decision.ok() ? 0U : 1U;
    waiting.is_written = !decision.events.empty();
    Record part{.writer = 0, .batch = 0, .at = {}, .events = std::move(decision.events)};
    record_bytes += encode(part).size();
    decision.events = std::move(part.events);
    for (Event& event : decision.events) {
      apply_decided(std::move(event));
    }
    waiting.prepare(state_, decision);
  }
  const auto rest = batch_.begin() + static_cast<std::ptrdiff_t>(decided);
  queue_.insert(queue_.begin(), std::make_move_iterator(rest),
                std::make_move_iterator(batch_.end()));
  batch_.erase(rest, batch_.end());
  return !record_.events.empty();
}

void Committer::apply_decided(Event event) {
  CHECK(apply_event(state_, event, &touched_).ok());
  record_.events.push_back(std::move(event));
}

void Committer::append_batch() {
  std::vector<EventBytes> events;
  events.push_back(encode(record_));
  bytes_since_snapshot_ += events.front().size();
  is_busy_ = true;
  log_.append(
      log_.position().sequence, std::move(events),
      [this](const base::Result<EventLog::AppendOutcome>& outcome) { handle_append(outcome); });
}

void Committer::handle_append(const base::Result<EventLog::AppendOutcome>& outcome) {
  if (!outcome.ok()) {
    trouble_ = outcome.error().text();
    decide_again();
    return;
  }
  if (const auto* diverged = std::get_if<EventLog::Diverged>(&outcome.value());
      diverged != nullptr) {
    restart(diverged->text);
    return;
  }
  if (std::holds_alternative<EventLog::Conflict>(outcome.value())) {
    ++counters_.conflicts;
    decide_again();
    return;
  }
  const auto* unconfirmed = std::get_if<EventLog::Unconfirmed>(&outcome.value());
  CHECK((unconfirmed != nullptr
             ? unconfirmed->last
             : std::get<EventLog::Appended>(outcome.value()).last) == state_.sequence.get());
  is_short_ = unconfirmed != nullptr;
  trouble_ = is_short_ ? unconfirmed->text : "";
  ++counters_.records;
  state_.commit();
  is_busy_ = false;
  const auto answered = std::exchange(batch_, {});
  announce(touched_);
  if (is_short_) {
    answer_short(answered);
  } else {
    answer_all(answered, {});
  }
  maybe_snapshot();
  run_reads();
  pump();
}

// Asks the replicas about all that is in the log, on behalf of what waits.
void Committer::confirm() {
  is_busy_ = true;
  log_.confirm(
      [this](const base::Result<EventLog::AppendOutcome>& outcome) { handle_confirmed(outcome); });
}

void Committer::handle_confirmed(const base::Result<EventLog::AppendOutcome>& outcome) {
  if (!outcome.ok()) {
    trouble_ = outcome.error().text();
    decide_again();
    return;
  }
  if (const auto* diverged = std::get_if<EventLog::Diverged>(&outcome.value());
      diverged != nullptr) {
    restart(diverged->text);
    return;
  }
  is_busy_ = false;
  const auto* unconfirmed = std::get_if<EventLog::Unconfirmed>(&outcome.value());
  is_short_ = unconfirmed != nullptr;
  trouble_ = is_short_ ? unconfirmed->text : "";
  if (is_short_) {
    const auto found = std::exchange(found_, {});
    auto refused = std::exchange(batch_, {});
    std::move(queue_.begin(), queue_.end(), std::back_inserter(refused));
    queue_.clear();
    answer_short(found);
    answer_all(refused, changed_nothing(trouble_));
  }
  run_reads();
  pump();
}

// Back to what is durable, and on from there.
void Committer::decide_again() {
  state_.roll_back();
  catch_up([this] {
    is_busy_ = false;
    expire_waiting();
    run_reads();
    pump();
  });
}

void Committer::answer_all(const std::deque<Waiting>& answered, const base::Status& status) {
  for (const Waiting& waiting : answered) {
    waiting.done(status);
  }
}

// Of a batch that is in the log: not all in it asked for something that was done.
void Committer::answer_short(const std::deque<Waiting>& answered) {
  for (const Waiting& waiting : answered) {
    waiting.done(waiting.is_written ? stands(trouble_) : changed_nothing(trouble_));
  }
}

// While the store is away, whoever has waited too long is told so.
void Committer::expire_waiting() {
  const base::WallTime now = surroundings_.now();
  std::deque<Waiting> expired;
  for (std::deque<Waiting>* waiting : {&found_, &batch_, &queue_}) {
    const auto late = std::stable_partition(waiting->begin(), waiting->end(),
                                            [&](const Waiting& one) { return one.deadline > now; });
    std::move(late, waiting->end(), std::back_inserter(expired));
    waiting->erase(late, waiting->end());
  }
  answer_all(expired,
             base::Error(base::Errc::Unavailable,
                         "the event log did not answer; it is not known whether this was done"));
}

void Committer::read(std::function<void(const State&)> look) {
  if (phase_ == Phase::Ready && batch_.empty()) {
    look(state_);
    return;
  }
  reads_.push_back(std::move(look));
}

void Committer::run_reads() {
  for (auto& look : std::exchange(reads_, {})) {
    look(state_);
  }
}

void Committer::announce(const std::vector<Touch>& touched) {
  if (views_ == nullptr) {
    return;
  }
  const auto affected = views_->note(state_.sequence.get(), touched);
  if (!touched.empty() && surroundings_.on_touched) {
    surroundings_.on_touched(affected, touched);
  }
}

void Committer::maybe_snapshot() {
  if (is_snapshotting_ ||
      bytes_since_snapshot_ < std::max(options_.snapshot_bytes_min, snapshot_bytes_)) {
    return;
  }
  is_snapshotting_ = true;
  std::vector<std::uint8_t> bytes = encode_snapshot(state_);
  snapshot_bytes_ = bytes.size();
  bytes_since_snapshot_ = 0;
  log_.save_snapshot(log_.position(), std::move(bytes), [this](const base::Status& status) {
    is_snapshotting_ = false;
    counters_.snapshots += status.ok() ? 1U : 0U;
  });
}

}  // namespace coordinator
