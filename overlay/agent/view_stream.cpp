#include "overlay/agent/view_stream.h"

#include <algorithm>
#include <utility>

#include "overlay/agent/view_cache.h"
#include "overlay/base/check.h"
#include "overlay/plan/diff.h"

namespace agent {
namespace {

// The keys in effect that may go by `update`: of nodes of which it says that their going is meant,
// and of those that stay under another key.
std::set<base::TunnelKey> excused_by(const model::ViewUpdate& update,
                                     const model::View& in_effect) {
  std::set<base::TunnelKey> keys;
  for (const auto& change : update.changes) {
    const model::NodeFact* before =
        change.key.kind == model::FactKind::Node ? in_effect.node({change.key.id}) : nullptr;
    if (before == nullptr) {
      continue;
    }
    const bool is_excused = change.fact ? std::get<model::NodeFact>(*change.fact).key != before->key
                                        : update.is_mass_removal_meant;
    if (is_excused) {
      keys.insert(before->key.bytes);
    }
  }
  if (update.is_snapshot && update.is_mass_removal_meant) {
    for (const model::NodeFact* node : in_effect.nodes()) {
      keys.insert(node->key.bytes);
    }
  }
  return keys;
}

}  // namespace

ViewStream::ViewStream(Options options, base::RandomSource& random)
    : options_(options),
      random_(random),
      backoff_(kRetryFirst, kRetryMax, random),
      store_backoff_(kStoreRetryFirst, kStoreRetryMax, random) {}

base::Status ViewStream::restore(CachedView cached) {
  CHECK(state_ == State::Stopped);
  auto plan = plan::make_plan(cached.follower.view(), {options_.self}, {});
  if (!plan.ok()) {
    return plan.error().within("plan");
  }
  follower_ = std::move(cached.follower);
  snapshot_bytes_ = cached.snapshot_bytes;
  delta_bytes_ = cached.delta_bytes;
  delta_bytes_max_ = std::max(kDeltaBytesMin, kDeltasPerSnapshot * snapshot_bytes_);
  plan_ = std::move(plan).value();
  applied_ = follower_.cursor();
  // Appending after a broken tail would hide what is appended.
  is_resync_due_ = cached.is_tail_cut;
  return {};
}

void ViewStream::start(base::TimePoint /*now*/) {
  CHECK(state_ == State::Stopped);
  connect();
}

void ViewStream::connect() {
  state_ = State::Connecting;
  wake_at_.reset();
  reader_ = model::FrameReader();
  const bool is_from_start = std::exchange(is_resync_due_, false) || replace_at_.has_value();
  actions_.emplace_back(Connect{is_from_start ? model::Cursor{} : follower_.cursor()});
}

void ViewStream::fail(base::TimePoint now, std::string why, base::Duration wait) {
  error_ = std::move(why);
  state_ = State::Waiting;
  wake_at_ = now + wait;
}

void ViewStream::handle_open(base::TimePoint now) {
  if (state_ != State::Connecting) {
    return;
  }
  state_ = State::Open;
  heard_at_ = now;
  wake_at_ = now + kSilenceMax;
}

void ViewStream::handle_end(base::TimePoint now, std::string why) {
  if (state_ == State::Connecting || state_ == State::Open) {
    fail(now, std::move(why), backoff_.next());
  }
}

// A snapshot replaces the file; its own Store then says whether that went well.
void ViewStream::handle_stored(base::TimePoint now, bool is_good) {
  if (is_good) {
    replace_at_.reset();
    store_backoff_.reset();
  } else {
    // Full jitter may give no wait at all, and a full disk would be tried in a loop.
    replace_at_ = now + kStoreRetryFirst + store_backoff_.next();
  }
}

std::optional<base::TimePoint> ViewStream::next_timeout() const {
  if (state_ == State::Open && replace_at_) {
    return std::min(*wake_at_, *replace_at_);
  }
  return wake_at_;
}

void ViewStream::handle_timeout(base::TimePoint now) {
  if (state_ == State::Open && replace_at_ && now >= *replace_at_) {
    replace_at_ = now + kStoreRetryMax;  // unless a Store answers before
    actions_.emplace_back(Disconnect{});
    connect();
    return;
  }
  if (!wake_at_ || now < *wake_at_) {
    return;
  }
  if (state_ == State::Waiting) {
    connect();
  } else if (state_ == State::Open) {
    actions_.emplace_back(Disconnect{});
    const auto silence_s = std::chrono::duration_cast<std::chrono::seconds>(kSilenceMax).count();
    fail(now, "view stream: silent for " + std::to_string(silence_s) + " s", backoff_.next());
  }
}

void ViewStream::handle_data(base::TimePoint now, std::span<const std::uint8_t> bytes) {
  if (state_ != State::Open) {
    return;
  }
  heard_at_ = now;
  wake_at_ = now + kSilenceMax;
  auto status = reader_.feed(bytes);
  while (auto frame = reader_.poll_frame()) {
    if (auto handled = handle_frame(now, *frame); !handled.ok()) {
      status = handled;
      break;
    }
    if (state_ != State::Open) {
      return;  // drained
    }
  }
  if (!status.ok()) {
    // Whatever was wrong, a snapshot puts it right, or shows that the coordinator is not ours.
    is_resync_due_ = true;
    actions_.emplace_back(Disconnect{});
    fail(now, status.error().within("view stream").text(), backoff_.next());
    return;
  }
  if (is_resync_due_ && state_ == State::Open) {
    actions_.emplace_back(Disconnect{});
    connect();
  }
}

base::Status ViewStream::handle_frame(base::TimePoint now, const model::Frame& frame) {
  switch (frame.type) {
    case model::FrameType::Snapshot:
    case model::FrameType::Delta:
      if (auto status = handle_update(frame); !status.ok()) {
        return status;
      }
      break;
    case model::FrameType::Ping:
      break;
    case model::FrameType::Drain: {
      const auto wait = model::decode_drain(frame.bytes);
      if (!wait.ok()) {
        return wait.error();
      }
      const auto spread = static_cast<std::uint64_t>(kDrainSpread.count());
      actions_.emplace_back(Disconnect{});
      backoff_.reset();
      fail(now, "the coordinator asked to come back later",
           wait.value() + base::Duration(random_.below(spread + 1)));
      return {};
    }
  }
  // Only what was verified counts as success: a coordinator that accepts and then breaks off would
  // otherwise be asked again and again without a wait.
  backoff_.reset();
  error_.clear();
  return {};
}

base::Status ViewStream::handle_update(const model::Frame& frame) {
  const auto update = model::open_update(frame.bytes, options_.signer, options_.view);
  if (!update.ok()) {
    return update.error();
  }
  Before before;
  std::set<base::TunnelKey> excused;
  if (plan_) {
    before = before_of(update.value());
    excused = excused_by(update.value(), *view());
  }
  if (auto status = follower_.handle_update(update.value()); !status.ok()) {
    return status;
  }
  excused_.merge(excused);
  keep_frame(frame, update.value().is_snapshot);
  consider(std::move(before));
  return {};
}

ViewStream::Before ViewStream::before_of(const model::ViewUpdate& update) const {
  Before before;
  if (held_) {
    return before;  // kept already
  }
  const model::View& view = follower_.view();
  if (update.is_snapshot) {
    before.whole = view;
    return before;
  }
  for (const auto& change : update.changes) {
    const model::Fact* fact = view.find(change.key);
    before.changes.push_back({change.key, fact ? std::optional(*fact) : std::nullopt});
  }
  return before;
}

// Decides whether what the coordinator says now is put into effect.
void ViewStream::consider(Before before) {
  auto next = plan::make_plan(follower_.view(), {options_.self}, {});
  std::string refusal;
  if (!next.ok()) {
    refusal = next.error().text();
  } else if (plan_) {
    const auto allowed = plan::check_removals(next.value().device, plan_->device, excused_);
    refusal = allowed.ok() ? "" : allowed.error().text();
  }
  if (refusal.empty()) {
    adopt(std::move(next).value());
    return;
  }
  held_back_ = std::move(refusal);
  if (plan_ && !held_) {
    held_ = before.whole ? std::move(*before.whole) : follower_.view();
    const auto status = held_->apply(before.changes);
    CHECK(status.ok());
  }
}

void ViewStream::adopt(plan::Plan plan) {
  plan_ = std::move(plan);
  held_.reset();
  held_back_.clear();
  excused_.clear();
  applied_ = follower_.cursor();
  store_kept();
  actions_.emplace_back(Adopt{});
}

void ViewStream::keep_frame(const model::Frame& frame, bool is_snapshot) {
  if (is_snapshot) {
    kept_.clear();
    is_kept_replacement_ = true;
    is_kept_overflown_ = false;
  }
  if (kept_.size() + frame.bytes.size() > kHeldBytesMax && !kept_.empty()) {
    is_kept_overflown_ = true;
  }
  if (is_kept_overflown_) {
    kept_ = {};
    return;
  }
  append_frame(kept_, frame);
}

void ViewStream::store_kept() {
  if (is_kept_overflown_) {
    is_resync_due_ = true;
    return;
  }
  if (is_kept_replacement_) {
    snapshot_bytes_ = kept_.size();
    delta_bytes_ = 0;
    // Everybody in a view has the same deltas; not everybody should ask for a snapshot at once.
    const auto limit = std::max(kDeltaBytesMin, kDeltasPerSnapshot * snapshot_bytes_);
    delta_bytes_max_ = limit + static_cast<std::size_t>(random_.below(limit));
  } else {
    delta_bytes_ += kept_.size();
    is_resync_due_ = is_resync_due_ || delta_bytes_ > delta_bytes_max_;
  }
  actions_.emplace_back(
      Store{std::exchange(is_kept_replacement_, false), std::exchange(kept_, {})});
}

std::optional<ViewStream::Action> ViewStream::poll_action() {
  if (actions_.empty()) {
    return std::nullopt;
  }
  Action action = std::move(actions_.front());
  actions_.pop_front();
  return action;
}

const model::View* ViewStream::view() const {
  if (!plan_) {
    return nullptr;
  }
  return held_ ? &*held_ : &follower_.view();
}

}  // namespace agent
