#include "coordinator/store/redis_log.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "coordinator/store/log_watcher.h"
#include "coordinator/store/redis_scripts.h"
#include "coordinator/store/snapshot_store.h"
#include "overlay/base/bytes.h"
#include "overlay/base/check.h"
#include "overlay/base/hex.h"

namespace coordinator {
namespace {

using loop::RedisReply;

std::uint64_t number_of(const std::string& text) {
  std::uint64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

std::string raw_text(std::span<const std::uint8_t> bytes) {
  return std::string(base::as_text(bytes));
}

template <typename Bytes>
bool copy_exactly(const std::string& text, Bytes& out) {
  if (text.size() != out.size()) {
    return false;
  }
  std::ranges::copy(base::as_bytes(text), out.begin());
  return true;
}

base::Error foreign() {
  return {base::Errc::Unauthenticated, "log: the keys in Redis were not written by a coordinator"};
}

// {last, chain, epoch, ...}. Errors: Unauthenticated.
base::Result<LogHead> head_of(const RedisReply& reply) {
  LogHead head;
  if (reply.items.size() < 3 || !copy_exactly(reply.items[1].text, head.position.chain) ||
      !copy_exactly(reply.items[2].text, head.epoch.bytes)) {
    return foreign();
  }
  head.position.sequence = number_of(reply.items[0].text);
  return head;
}

std::string history_text(std::uint64_t sequence) {
  return "log: sequence " + std::to_string(sequence) +
         ": the log's history is not the one that was read before";
}

}  // namespace

// What is to be known of all before `end`.
struct RedisLog::Confirming {
  LogPosition end;
  base::TimePoint deadline;
  DoneAppend done;
};

RedisLog::RedisLog(loop::Loop& loop, Options options, LogKey key, base::RandomSource& random)
    : loop_(loop),
      options_(std::move(options)),
      key_(std::move(key)),
      random_(random),
      log_key_(options_.prefix + "log"),
      head_key_(options_.prefix + "head"),
      session_(loop, options_.redis, random),
      snapshots_(std::make_unique<SnapshotStore>(loop, session_, key_, random, options_.prefix)),
      look_(loop, [this] { look_for_more(); }) {}

RedisLog::~RedisLog() = default;

void RedisLog::open(std::optional<Fingerprint> known, DoneOpen done) {
  CHECK(!is_busy_);
  is_busy_ = true;
  Epoch proposed;
  random_.fill(proposed.bytes);
  const std::uint64_t looked_up = known ? known->position.sequence : 0;
  session_.run_script(
      kOpenScript, keys(),
      {raw_text(proposed.bytes), raw_text(epoch_seal(key_, proposed)), raw_text(chain_start(key_)),
       std::to_string(looked_up)},
      loop_.now() + options_.open_timeout,
      [this, known = std::move(known), proposed, done = std::move(done)](
          const base::Result<RedisReply>& reply) { finish_open(known, proposed, reply, done); });
}

void RedisLog::finish_open(const std::optional<Fingerprint>& known, const Epoch& proposed,
                           const base::Result<RedisReply>& reply, const DoneOpen& done) {
  const auto refuse = [&](const base::Error& error) {
    is_busy_ = false;
    done(error);
  };
  if (!reply.ok()) {
    refuse(reply.error());
    return;
  }
  const auto head = head_of(reply.value());
  if (!head.ok() || reply.value().items.size() != 5) {
    refuse(foreign());
    return;
  }
  const std::string& seal = reply.value().items[3].text;
  if (!crypto::equal(base::as_bytes(seal), epoch_seal(key_, head.value().epoch))) {
    refuse({base::Errc::Unauthenticated, "log: written with another signing key"});
    return;
  }
  Opened opened;
  opened.epoch = head.value().epoch;
  opened.last = head.value().position.sequence;
  opened.is_new = opened.epoch == proposed;
  if (known) {
    Fingerprint mine = *known;
    if (opened.is_new) {
      mine.epoch = opened.epoch;  // no epoch of old is left to say that the loss is known
    }
    const RedisReply& next = reply.value().items[4];
    auto lost =
        missing_history(key_, mine, head.value(),
                        next.is_nil() ? std::nullopt : std::optional<std::string_view>(next.text));
    if (lost) {
      opened.is_history_lost = true;
      opened.lost_text = std::move(*lost);
      change_epoch(std::move(opened), done);
      return;
    }
  }
  settle(opened, done);
}

void RedisLog::change_epoch(Opened opened, const DoneOpen& done) {
  Epoch proposed;
  random_.fill(proposed.bytes);
  const Epoch left = opened.epoch;
  session_.run_script(
      kEpochScript, keys(),
      {raw_text(left.bytes), raw_text(proposed.bytes), raw_text(epoch_seal(key_, proposed))},
      deadline(),
      [this, opened = std::move(opened), done](const base::Result<RedisReply>& reply) mutable {
        const bool is_pair = reply.ok() && reply.value().items.size() == 2;
        if (!is_pair || !copy_exactly(reply.value().items[0].text, opened.epoch.bytes) ||
            !crypto::equal(base::as_bytes(reply.value().items[1].text),
                           epoch_seal(key_, opened.epoch))) {
          is_busy_ = false;
          done(reply.ok() ? foreign() : reply.error());
          return;
        }
        settle(opened, done);
      });
}

void RedisLog::settle(const Opened& opened, const DoneOpen& done) {
  is_busy_ = false;
  epoch_ = opened.epoch;
  position_ = {0, chain_start(key_)};
  is_confirmed_ = false;
  done(opened);
}

void RedisLog::append(std::uint64_t expected_last, std::vector<EventBytes> events,
                      DoneAppend done) {
  CHECK(!is_busy_ && expected_last == position_.sequence);
  is_busy_ = true;
  LogBatch batch;
  batch.first = position_.sequence + 1;
  batch.previous = position_.chain;
  batch.nonce = random_.below(UINT64_MAX);
  batch.events = std::move(events);
  const SealedBatch sealed = seal_batch(key_, batch);
  CHECK(sealed.bytes.size() <= kBatchBytesMax + 4 * kBatchEventsMax + 128);
  const auto confirming =
      std::make_shared<Confirming>(Confirming{sealed.end, deadline(), std::move(done)});
  session_.run_script(
      kAppendScript, keys(),
      {std::to_string(position_.sequence), raw_text(position_.chain), raw_text(epoch_.bytes),
       std::to_string(sealed.end.sequence), raw_text(sealed.end.chain), sealed.bytes},
      confirming->deadline, [this, confirming](const base::Result<RedisReply>& reply) {
        handle_append(confirming, reply);
      });
}

void RedisLog::handle_append(const ConfirmingPtr& confirming,
                             const base::Result<RedisReply>& reply) {
  if (!reply.ok()) {
    end_append(*confirming, reply.error());
    return;
  }
  if (reply.value().items.size() != 2) {
    end_append(*confirming, foreign());
    return;
  }
  const std::string& word = reply.value().items[0].text;
  if (word == "conflict") {
    end_append(*confirming, AppendOutcome(Conflict{number_of(reply.value().items[1].text)}));
  } else if (word != "ok" && word != "there") {
    end_append(*confirming,
               AppendOutcome(Diverged{word == "epoch" ? "log: its epoch has changed"
                                                      : history_text(position_.sequence)}));
  } else if (options_.replicas_min == 0) {
    end_append(*confirming, AppendOutcome(Appended{confirming->end.sequence}));
  } else if (word == "ok") {
    wait_here(confirming);
  } else {
    write_and_wait(confirming);  // this connection did not write it
  }
}

void RedisLog::confirm(DoneAppend done) {
  CHECK(!is_busy_);
  is_busy_ = true;
  write_and_wait(std::make_shared<Confirming>(Confirming{position_, deadline(), std::move(done)}));
}

// WAIT counts the replicas that have what its own connection wrote: so write something, on the
// connection that will wait, to the server that has the history that is asked about.
void RedisLog::write_and_wait(ConfirmingPtr confirming) {
  session_.run_script(
      kConfirmScript, keys(), {std::to_string(confirming->end.sequence)}, confirming->deadline,
      [this, confirming](const base::Result<RedisReply>& reply) {
        if (!reply.ok()) {
          end_append(*confirming, reply.error());
          return;
        }
        const auto& items = reply.value().items;
        const bool is_wiped = items.size() != 4 || items[0].is_nil();
        const auto head = is_wiped ? base::Result<LogHead>(foreign()) : head_of(reply.value());
        if (!head.ok() || head.value().epoch != epoch_) {
          end_append(*confirming, AppendOutcome(Diverged{is_wiped ? "log: it is gone from Redis"
                                                                  : "log: its epoch has changed"}));
          return;
        }
        auto lost = missing_history(
            key_, {epoch_, confirming->end}, head.value(),
            items[3].is_nil() ? std::nullopt : std::optional<std::string_view>(items[3].text));
        if (lost) {
          end_append(*confirming, AppendOutcome(Diverged{std::move(*lost)}));
          return;
        }
        wait_here(confirming);
      });
}

// Called from the answer to a write, so on the connection that wrote.
void RedisLog::wait_here(ConfirmingPtr confirming) {
  const auto wait_ms =
      std::chrono::duration_cast<std::chrono::milliseconds>(options_.replicas_timeout).count();
  session_.ask_once({"WAIT", std::to_string(options_.replicas_min), std::to_string(wait_ms)},
                    options_.replicas_timeout + options_.redis.command_timeout,
                    [this, confirming](const base::Result<RedisReply>& reply) {
                      handle_wait(confirming, reply);
                    });
}

void RedisLog::handle_wait(const ConfirmingPtr& confirming, const base::Result<RedisReply>& reply) {
  if (!reply.ok()) {
    // Another connection knows nothing of what this one wrote; maybe another server by now.
    if (loop_.now() < confirming->deadline) {
      write_and_wait(confirming);
    } else {
      end_append(*confirming, reply.error());
    }
    return;
  }
  if (reply.value().is_error()) {
    end_append(*confirming,
               base::Error(base::Errc::Unavailable, "redis: WAIT: " + reply.value().text));
    return;
  }
  if (reply.value().integer >= options_.replicas_min) {
    end_append(*confirming, AppendOutcome(Appended{confirming->end.sequence}));
    return;
  }
  const auto waited =
      std::chrono::duration_cast<std::chrono::milliseconds>(options_.replicas_timeout).count();
  end_append(*confirming,
             AppendOutcome(Unconfirmed{confirming->end.sequence,
                                       "log: " + std::to_string(reply.value().integer) +
                                           " replicas of Redis confirmed it within " +
                                           std::to_string(waited) + " ms, expected " +
                                           std::to_string(options_.replicas_min)}));
}

// Of an append, or of a confirmation of what was there.
void RedisLog::end_append(const Confirming& confirming, base::Result<AppendOutcome> outcome) {
  is_busy_ = false;
  if (outcome.ok()) {
    const bool is_safe = std::holds_alternative<Appended>(outcome.value());
    if (is_safe || std::holds_alternative<Unconfirmed>(outcome.value())) {
      position_ = confirming.end;
      is_confirmed_ = is_safe;
    }
  }
  confirming.done(std::move(outcome));
}

void RedisLog::read(std::uint64_t after, std::size_t limit,
                    std::function<void(base::Result<Read>)> done) {
  CHECK(!is_busy_ && after == position_.sequence && limit > 0 && limit <= kReadEventsMax);
  is_busy_ = true;
  session_.run_script(
      kReadScript, keys(), {std::to_string(after), std::to_string(limit)}, deadline(),
      [this, limit, done = std::move(done)](const base::Result<RedisReply>& reply) {
        is_busy_ = false;
        done(reply.ok() ? read_outcome(limit, reply.value()) : base::Result<Read>(reply.error()));
      });
}

base::Result<EventLog::Read> RedisLog::read_outcome(std::size_t limit, const RedisReply& reply) {
  const bool is_wiped = reply.items.size() < 4 || reply.items[1].is_nil();
  const auto head = is_wiped ? base::Result<LogHead>(foreign()) : head_of(reply);
  if (!head.ok() || head.value().epoch != epoch_) {
    return base::Error(base::Errc::Conflict,
                       is_wiped ? "log: it is gone from Redis" : "log: its epoch has changed");
  }
  std::vector<std::string> entries;
  for (const RedisReply& item : reply.items[3].items) {
    entries.push_back(item.text);
  }
  auto advanced = advance(key_, position_, head.value(), entries, limit);
  if (!advanced.ok()) {
    return advanced.error();
  }
  Advance result = std::move(advanced).value();
  position_ = result.end;
  is_confirmed_ = is_confirmed_ && entries.empty();
  return Read{std::move(result.events), head.value().position.sequence};
}

void RedisLog::save_snapshot(LogPosition position, std::vector<std::uint8_t> bytes,
                             std::function<void(base::Status)> done) {
  CHECK(bytes.size() <= kSnapshotBytesMax);
  snapshots_->save(position, std::move(bytes), std::move(done));
}

void RedisLog::load_snapshot(std::function<void(base::Result<std::optional<Snapshot>>)> done) {
  CHECK(!is_busy_);
  is_busy_ = true;
  snapshots_->load([this, done = std::move(done)](base::Result<std::optional<Snapshot>> snapshot) {
    is_busy_ = false;
    if (snapshot.ok() && snapshot.value()) {
      position_ = snapshot.value()->position;
      is_confirmed_ = false;
    }
    done(std::move(snapshot));
  });
}

void RedisLog::watch(std::function<void()> on_more) {
  watcher_.reset();
  look_.stop();
  seen_ = 0;
  on_more_ = std::move(on_more);
  if (on_more_) {
    watcher_ = std::make_unique<LogWatcher>(loop_, options_.redis, random_, log_key_,
                                            position_.sequence, [this](std::uint64_t last) {
                                              seen_ = std::max(seen_, last);
                                              look_.start_after(base::Duration(0));
                                            });
  }
}

// Our own batches come back from the watcher, often before their append is answered: only what is
// still beyond the cursor when it rests is news.
void RedisLog::look_for_more() {
  constexpr base::Duration kLookInterval = std::chrono::milliseconds(2);
  if (is_busy_) {
    look_.start_after(kLookInterval);
  } else if (std::exchange(seen_, 0) > position_.sequence) {
    on_more_();
  }
}

}  // namespace coordinator
