#include "mirror/proxy/direct_body.h"

#include <algorithm>
#include <utility>

#include "overlay/base/log.h"

namespace mirror {

DirectBody::DirectBody(ReplicaSet& replicas, Target target, std::optional<std::uint64_t> size_bytes,
                       OnHead on_head)
    : replicas_(replicas), target_(std::move(target)), on_head_(std::move(on_head)) {
  BlobSource::Callbacks callbacks;
  callbacks.on_size = [this](std::uint64_t size) {
    blob_bytes_ = size;
    const auto told = std::exchange(on_head_, nullptr);
    told(size);
  };
  callbacks.on_data = [this](std::span<const std::uint8_t> bytes) { handle_data(bytes); };
  callbacks.on_end = [this](const base::Status& status) { handle_end(status); };
  source_ = std::make_unique<BlobSource>(replicas_, target_, size_bytes, std::move(callbacks));
}

void DirectBody::set_range(ByteRange range) {
  range_ = range;
  sent_at_ = range.first;
}

void DirectBody::handle_data(std::span<const std::uint8_t> bytes) {
  hash_.update(bytes);
  const std::uint64_t begin = received_;
  received_ += bytes.size();
  const std::uint64_t first = std::max(begin, range_.first);
  const std::uint64_t end = std::min(received_, range_.last + 1);
  if (first < end) {
    const auto kept = bytes.subspan(static_cast<std::size_t>(first - begin),
                                    static_cast<std::size_t>(end - first));
    chunks_.emplace_back(kept.begin(), kept.end());
    held_bytes_ += kept.size();
  }
  pace();
  changed();
}

// The window must be able to hold what is held back, or the end would never come.
void DirectBody::pace() {
  const bool is_full = held_bytes_ > kWindowBytes + kHeldBackBytes;
  if (is_full != is_paused_ && source_) {
    is_paused_ = is_full;
    is_full ? source_->pause() : source_->resume();
  }
}

void DirectBody::handle_end(const base::Status& status) {
  if (on_head_) {
    const auto told = std::exchange(on_head_, nullptr);
    told(status.error());  // the only end before a head
    return;
  }
  if (status.ok() && Digest::sha256(hash_.finish()) == *target_.digest) {
    is_verified_ = true;
  } else {
    is_broken_ = true;
  }
  if (status.ok() && is_broken_) {
    for (const ReplicaId id : source_->contributors()) {
      replicas_.report(id, want_of(target_, blob_bytes_), WrongBytes{});
    }
    base::log_warning(target_.digest->text() + ": wrong bytes, not cached");
  }
  changed();
}

Body::Piece DirectBody::peek() {
  if (chunks_.empty()) {
    return {};
  }
  const std::uint64_t safe = blob_bytes_ > kHeldBackBytes ? blob_bytes_ - kHeldBackBytes : 0;
  const std::uint64_t end = is_verified_ ? blob_bytes_ : safe;
  const auto& chunk = chunks_.front();
  if (sent_at_ >= end) {
    return {};
  }
  const auto size =
      static_cast<std::size_t>(std::min<std::uint64_t>(chunk.size() - chunk_at_, end - sent_at_));
  return {-1, 0, size, std::span(chunk).subspan(chunk_at_, size)};
}

void DirectBody::advance(std::size_t size) {
  sent_at_ += size;
  chunk_at_ += size;
  held_bytes_ -= size;
  if (chunk_at_ == chunks_.front().size()) {
    chunks_.pop_front();
    chunk_at_ = 0;
  }
  pace();
}

}  // namespace mirror
