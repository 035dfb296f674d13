#include "mirror/registry/blob_source.h"

#include <algorithm>
#include <utility>

#include "overlay/base/check.h"
#include "overlay/base/log.h"

namespace mirror {
namespace {

constexpr base::Duration kPaceInterval = std::chrono::milliseconds(500);

}  // namespace

BlobSource::BlobSource(ReplicaSet& replicas, Target target, std::optional<std::uint64_t> size_bytes,
                       Callbacks callbacks)
    : replicas_(replicas),
      target_(std::move(target)),
      want_(want_of(target_, size_bytes)),
      size_bytes_(size_bytes),
      callbacks_(std::move(callbacks)),
      progress_at_(replicas.loop().now()),
      race_timer_(replicas.loop(),
                  [this] {
                    if (current_ || !attempts_.empty()) {
                      pump_race();
                    } else {
                      start_race();
                    }
                  }),
      pace_timer_(replicas.loop(), [this] { check_pace(); }) {
  race_timer_.start_after(base::Duration::zero());  // callbacks come from the loop, not from here
}

void BlobSource::start_race() {
  Choice choice = replicas_.choose(want_);
  std::erase_if(choice.candidates,
                [&](const Candidate& candidate) { return avoided_.contains(candidate.id); });
  // The slow ones last: they still are better than nobody.
  std::stable_partition(choice.candidates.begin(), choice.candidates.end(),
                        [&](const Candidate& candidate) { return !slow_.contains(candidate.id); });
  race_ = Race(std::move(choice.candidates));
  pump_race();
}

void BlobSource::pump_race() {
  if (current_) {
    return;
  }
  while (const auto candidate = race_.poll_start(now())) {
    start_attempt(*candidate);
  }
  if (race_.is_lost()) {
    handle_lost_race();
  } else if (const auto at = race_.next_timeout()) {
    race_timer_.start_at(*at);
  }
}

void BlobSource::start_attempt(const Candidate& candidate) {
  const ReplicaId id = candidate.id;
  if (replicas_.find(id) == nullptr) {  // gone from the site map since it was chosen
    race_.handle_loss(id);
    return;
  }
  BlobFetch::Options options;
  options.first = offset_;
  options.size_bytes = size_bytes_;
  options.idle_timeout = kGiveUpAfter;
  BlobFetch::Callbacks callbacks;
  callbacks.on_head = [this, id](std::uint64_t size_bytes) { handle_head(id, size_bytes); };
  callbacks.on_data = [this, id](std::span<const std::uint8_t> bytes) { handle_data(id, bytes); };
  callbacks.on_end = [this, id](const Outcome& outcome) { handle_end(id, outcome); };
  attempts_[id] = replicas_.fetch_blob(candidate, target_, options, std::move(callbacks));
}

// The first good head wins; the others are cancelled, which says nothing about them.
void BlobSource::handle_head(ReplicaId id, std::uint64_t size_bytes) {
  std::erase_if(attempts_, [&](const auto& attempt) { return attempt.first != id; });
  race_timer_.stop();
  current_ = id;
  current_since_ = now();
  current_bytes_ = 0;
  window_at_ = now();
  window_bytes_ = 0;
  progress_at_ = now();
  pace_timer_.start_after(kPaceInterval);
  if (is_paused_) {
    attempts_.at(id)->pause();
  }
  if (!is_size_given_) {
    is_size_given_ = true;
    size_bytes_ = size_bytes;
    const auto on_size = callbacks_.on_size;
    on_size(size_bytes);
  }
}

void BlobSource::handle_data(ReplicaId id, std::span<const std::uint8_t> bytes) {
  CHECK(current_ == id);
  contributors_.insert(id);
  offset_ += bytes.size();
  window_bytes_ += bytes.size();
  current_bytes_ += bytes.size();
  progress_at_ = now();
  replicas_.report_bytes(id);
  const auto on_data = callbacks_.on_data;
  on_data(bytes);
}

void BlobSource::handle_end(ReplicaId id, const Outcome& outcome) {
  if (current_ == id) {
    if (std::holds_alternative<Served>(outcome) && offset_ == size_bytes_) {
      replicas_.report(id, want_, outcome);
      end({});
      return;
    }
    leave_current(outcome);
    return;
  }
  attempts_.erase(id);
  avoided_.insert(id);
  race_.handle_loss(id);
  replicas_.report(id, want_, outcome);
  pump_race();
}

// Goes on at offset_ with somebody else.
void BlobSource::leave_current(const Outcome& outcome) {
  const ReplicaId id = *current_;
  current_.reset();
  attempts_.erase(id);
  pace_timer_.stop();
  if (!std::holds_alternative<Served>(outcome)) {
    avoided_.insert(id);
  }
  replicas_.report(id, want_, outcome);
  start_race();
}

void BlobSource::handle_lost_race() {
  if (!is_size_given_) {
    end(base::Error(base::Errc::NotFound, target_.digest->text() + ": no replica delivers it"));
    return;
  }
  if (now() - progress_at_ >= kGiveUpAfter) {
    end(base::Error(base::Errc::Unavailable, target_.digest->text() + ": broke off at byte " +
                                                 std::to_string(offset_) + " of " +
                                                 std::to_string(*size_bytes_)));
    return;
  }
  avoided_.clear();  // somebody may be back
  race_timer_.start_after(kRetryAfter);
}

bool BlobSource::has_alternative() {
  const Choice choice = replicas_.choose(want_);
  return std::any_of(choice.candidates.begin(), choice.candidates.end(),
                     [&](const Candidate& candidate) {
                       return candidate.id != current_ && !candidate.is_trial &&
                              !avoided_.contains(candidate.id) && !slow_.contains(candidate.id);
                     });
}

void BlobSource::check_pace() {
  if (!current_) {
    return;
  }
  pace_timer_.start_after(kPaceInterval);
  if (is_paused_) {
    return;
  }
  const base::Duration silent = now() - progress_at_;
  if (silent >= kGiveUpAfter || (silent >= kStallMax && has_alternative())) {
    leave_current(Failed{"silent for " + std::to_string(silent / std::chrono::seconds(1)) +
                         " s in the middle of a blob"});
    return;
  }
  if (now() - window_at_ < kRateWindow) {
    return;
  }
  const auto seconds = static_cast<std::uint64_t>((now() - window_at_) / std::chrono::seconds(1));
  const bool is_slow = window_bytes_ < kRateMin * seconds;
  window_at_ = now();
  window_bytes_ = 0;
  if (is_slow && has_alternative()) {
    // Not a failure: its rate is noted, and each replica is tried once.
    base::log_info("replica " + std::to_string(current_->value) + ": " +
                   std::to_string(current_bytes_ >> 10) + " KiB of " + target_.digest->text() +
                   " in " + std::to_string((now() - current_since_) / std::chrono::seconds(1)) +
                   " s, slower than " + std::to_string(kRateMin >> 20) +
                   " MiB/s: another is tried");
    slow_.insert(*current_);
    leave_current(Served{current_bytes_, now() - current_since_});
  }
}

void BlobSource::pause() {
  is_paused_ = true;
  if (current_) {
    attempts_.at(*current_)->pause();
  }
}

void BlobSource::resume() {
  is_paused_ = false;
  progress_at_ = now();
  window_at_ = now();
  window_bytes_ = 0;
  if (current_) {
    attempts_.at(*current_)->resume();
  }
}

void BlobSource::end(base::Status status) {
  attempts_.clear();
  current_.reset();
  pace_timer_.stop();
  race_timer_.stop();
  const auto on_end = std::move(callbacks_.on_end);
  on_end(std::move(status));
}

}  // namespace mirror
