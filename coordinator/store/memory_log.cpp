#include "coordinator/store/memory_log.h"

#include <utility>

#include "overlay/base/bytes.h"
#include "overlay/base/check.h"
#include "overlay/base/log.h"

namespace coordinator {
namespace {

base::Error fault() {
  return {base::Errc::Unavailable, "memory log: fault asked for"};
}

}  // namespace

bool MemoryLogStore::run_one() {
  if (answers_.empty()) {
    return false;
  }
  const auto answer = std::move(answers_.front());
  answers_.pop_front();
  answer();
  return true;
}

void MemoryLogStore::run_all() {
  while (run_one()) {
  }
}

void MemoryLogStore::fail_next(std::size_t count, bool is_written) {
  faults_left_ = count;
  is_fault_written_ = is_written;
}

bool MemoryLogStore::take_fault() {
  if (faults_left_ == 0) {
    return false;
  }
  --faults_left_;
  return true;
}

void MemoryLogStore::lose_batches(std::size_t count) {
  for (; count > 0 && !entries_.empty(); --count) {
    // The entry itself says what was before it; no key is needed to look.
    const std::string lost = std::prev(entries_.end())->second;
    entries_.erase(std::prev(entries_.end()));
    base::ByteReader reader("batch", base::as_bytes(lost));
    reader.u8("version");
    head_->position.sequence = reader.u64("first") - 1;
    std::ranges::copy(reader.take("previous", 32), head_->position.chain.begin());
  }
}

void MemoryLogStore::corrupt(std::uint64_t sequence) {
  const auto entry = entries_.lower_bound(sequence);
  CHECK(entry != entries_.end());
  entry->second[entry->second.size() / 2] ^= 1;
}

void MemoryLogStore::corrupt_newest_snapshot() {
  CHECK(!snapshots_.empty());
  auto& content = snapshots_.rbegin()->second.content;
  content[content.size() / 2] ^= 1;
}

void MemoryLogStore::wipe() {
  head_.reset();
  entries_.clear();
  snapshots_.clear();
}

MemoryLog::MemoryLog(MemoryLogStore& store, LogKey key, base::RandomSource& random)
    : store_(store), key_(std::move(key)), random_(random) {}

MemoryLog::~MemoryLog() {
  store_.watchers_.erase(this);
}

void MemoryLog::later(std::function<void()> answer) {
  store_.answers_.push_back([alive = std::weak_ptr<bool>(alive_), answer = std::move(answer)] {
    if (!alive.expired()) {
      answer();
    }
  });
}

Epoch MemoryLog::random_epoch() {
  Epoch epoch;
  random_.fill(epoch.bytes);
  return epoch;
}

void MemoryLog::open(std::optional<Fingerprint> known,
                     std::function<void(base::Result<Opened>)> done) {
  later([this, known = std::move(known), done = std::move(done)] { done(do_open(known)); });
}

base::Result<EventLog::Opened> MemoryLog::do_open(const std::optional<Fingerprint>& known) {
  if (store_.take_fault()) {
    return fault();
  }
  Opened out;
  if (!store_.head_) {
    out.is_new = true;
    store_.head_ = LogHead{random_epoch(), {0, chain_start(key_)}};
    store_.epoch_seal_ = epoch_seal(key_, store_.head_->epoch);
  }
  LogHead& head = *store_.head_;
  if (!crypto::equal(store_.epoch_seal_, epoch_seal(key_, head.epoch))) {
    return base::Error(base::Errc::Unauthenticated, "log: written with another signing key");
  }
  if (known) {
    const auto next = store_.entries_.lower_bound(known->position.sequence);
    Fingerprint mine = *known;
    if (out.is_new) {
      mine.epoch = head.epoch;  // no epoch of old is left to say that the loss is known
    }
    if (auto lost = missing_history(key_, mine, head,
                                    next == store_.entries_.end()
                                        ? std::nullopt
                                        : std::optional<std::string_view>(next->second))) {
      out.is_history_lost = true;
      out.lost_text = *lost;
      head.epoch = random_epoch();
      store_.epoch_seal_ = epoch_seal(key_, head.epoch);
    }
  }
  is_confirmed_ = true;
  epoch_ = out.epoch = head.epoch;
  out.last = head.position.sequence;
  position_ = {0, chain_start(key_)};
  return out;
}

void MemoryLog::append(std::uint64_t expected_last, std::vector<EventBytes> events,
                       std::function<void(base::Result<AppendOutcome>)> done) {
  CHECK(expected_last == position_.sequence);
  later([this, events = std::move(events), done = std::move(done)] { done(do_append(events)); });
}

base::Result<EventLog::AppendOutcome> MemoryLog::do_append(const std::vector<EventBytes>& events) {
  const bool is_failing = store_.take_fault();
  if (is_failing && !store_.is_fault_written_) {
    return fault();
  }
  if (!store_.head_ || store_.head_->epoch != epoch_) {
    return AppendOutcome(Diverged{"log: its epoch has changed"});
  }
  LogHead& head = *store_.head_;
  if (head.position.sequence > position_.sequence) {
    return AppendOutcome(Conflict{head.position.sequence});
  }
  if (head.position != position_) {
    return AppendOutcome(Diverged{"log: sequence " + std::to_string(position_.sequence) +
                                  ": the log's history is not the one that was read before"});
  }
  LogBatch batch;
  batch.first = position_.sequence + 1;
  batch.previous = position_.chain;
  batch.nonce = random_.below(UINT64_MAX);
  batch.events = events;
  const SealedBatch sealed = seal_batch(key_, batch);
  store_.entries_[sealed.end.sequence] = sealed.bytes;
  head.position = sealed.end;
  for (const auto& [watcher, on_more] : store_.watchers_) {
    if (watcher != this) {
      store_.answers_.push_back(on_more);
    }
  }
  if (is_failing) {
    return fault();
  }
  position_ = sealed.end;
  return safety();
}

// What the replicas say of all that is before the cursor.
EventLog::AppendOutcome MemoryLog::safety() {
  is_confirmed_ = !store_.is_lacking_replicas_;
  if (!is_confirmed_) {
    return Unconfirmed{position_.sequence, "log: 0 replicas have confirmed it, expected 1"};
  }
  return Appended{position_.sequence};
}

void MemoryLog::confirm(std::function<void(base::Result<AppendOutcome>)> done) {
  later([this, done = std::move(done)] { done(do_confirm()); });
}

base::Result<EventLog::AppendOutcome> MemoryLog::do_confirm() {
  if (store_.take_fault()) {
    return fault();
  }
  if (!store_.head_ || store_.head_->epoch != epoch_ ||
      store_.head_->position.sequence < position_.sequence) {
    return AppendOutcome(Diverged{"log: its history has changed"});
  }
  return safety();
}

void MemoryLog::read(std::uint64_t after, std::size_t limit,
                     std::function<void(base::Result<Read>)> done) {
  CHECK(after == position_.sequence && limit > 0);
  later([this, limit, done = std::move(done)] { done(do_read(limit)); });
}

base::Result<EventLog::Read> MemoryLog::do_read(std::size_t limit) {
  if (store_.take_fault()) {
    return fault();
  }
  if (!store_.head_ || store_.head_->epoch != epoch_) {
    return base::Error(base::Errc::Conflict, "log: its epoch has changed");
  }
  std::vector<std::string> entries;
  for (auto entry = store_.entries_.upper_bound(position_.sequence);
       entry != store_.entries_.end() && entries.size() < limit; ++entry) {
    entries.push_back(entry->second);
  }
  auto advanced = advance(key_, position_, *store_.head_, entries, limit);
  if (!advanced.ok()) {
    return advanced.error();
  }
  Advance result = std::move(advanced).value();
  position_ = result.end;
  is_confirmed_ = is_confirmed_ && (entries.empty() || !store_.is_lacking_replicas_);
  return Read{std::move(result.events), store_.head_->position.sequence};
}

void MemoryLog::save_snapshot(LogPosition position, std::vector<std::uint8_t> bytes,
                              std::function<void(base::Status)> done) {
  CHECK(bytes.size() <= kSnapshotBytesMax);
  later([this, position, bytes = std::move(bytes), done = std::move(done)]() mutable {
    if (store_.take_fault()) {
      done(fault());
      return;
    }
    std::string header = encode(key_, make_snapshot_header(key_, position, bytes));
    auto& snapshots = store_.snapshots_;
    snapshots[position.sequence] = {std::move(header), std::move(bytes)};
    while (snapshots.size() > kSnapshotsKept) {
      snapshots.erase(snapshots.begin());
    }
    if (snapshots.size() == kSnapshotsKept) {
      auto& entries = store_.entries_;
      entries.erase(entries.begin(), entries.upper_bound(snapshots.begin()->first));
    }
    done({});
  });
}

void MemoryLog::load_snapshot(std::function<void(base::Result<std::optional<Snapshot>>)> done) {
  later([this, done = std::move(done)] { done(do_load()); });
}

base::Result<std::optional<Snapshot>> MemoryLog::do_load() {
  if (store_.take_fault()) {
    return fault();
  }
  for (auto stored = store_.snapshots_.rbegin(); stored != store_.snapshots_.rend(); ++stored) {
    const auto header = decode_snapshot_header(key_, base::as_bytes(stored->second.header));
    if (!header.ok() || !check_snapshot(key_, header.value(), stored->second.content).ok() ||
        header.value().position.sequence > store_.head_->position.sequence) {
      continue;
    }
    position_ = header.value().position;
    return std::optional(Snapshot{position_, stored->second.content});
  }
  if (!store_.snapshots_.empty()) {
    return base::Error(
        base::Errc::Unauthenticated,
        "log: none of " + std::to_string(store_.snapshots_.size()) + " snapshots verifies");
  }
  return std::optional<Snapshot>();
}

void MemoryLog::watch(std::function<void()> on_more) {
  if (on_more) {
    store_.watchers_[this] = [alive = std::weak_ptr<bool>(alive_), on_more = std::move(on_more)] {
      if (!alive.expired()) {
        on_more();
      }
    };
  } else {
    store_.watchers_.erase(this);
  }
}

}  // namespace coordinator
