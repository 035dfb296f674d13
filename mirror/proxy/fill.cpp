#include "mirror/proxy/fill.h"

#include <algorithm>
#include <utility>

#include "overlay/base/log.h"

namespace mirror {

FillBody::FillBody(std::shared_ptr<FillProgress> progress, ByteRange range)
    : progress_(std::move(progress)), size_bytes_(range.size_bytes()), at_(range.first) {
  progress_->readers.insert(this);
}

FillBody::~FillBody() {
  progress_->readers.erase(this);
  if (progress_->on_sent) {
    progress_->on_sent();
  }
}

Body::Piece FillBody::peek() {
  if (at_ >= progress_->readable_bytes) {
    return {};
  }
  const std::uint64_t end = progress_->readable_bytes;
  const std::uint64_t first = progress_->recent_first;
  const auto index = static_cast<std::size_t>((at_ - std::min(at_, first)) / Chunk::kBytes);
  if (at_ < first || index >= progress_->recent.size()) {
    const std::uint64_t file_end = at_ < first ? std::min(end, first) : end;
    return {progress_->file->fd(), at_, static_cast<std::size_t>(file_end - at_), {}};
  }
  const std::uint64_t chunk_first = first + index * Chunk::kBytes;
  const auto bytes =
      progress_->recent[index]->bytes().subspan(static_cast<std::size_t>(at_ - chunk_first));
  const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(bytes.size(), end - at_));
  return {-1, 0, size, bytes.first(size)};
}

void FillBody::advance(std::size_t size) {
  at_ += size;
  progress_->sent_max_bytes = std::max(progress_->sent_max_bytes, at_);
  if (progress_->on_sent) {
    progress_->on_sent();
  }
}

Fill::Fill(ReplicaSet& replicas, BlobCache& cache, loop::WorkQueue& work, Wanted wanted,
           OnEnd on_end)
    : replicas_(replicas),
      cache_(cache),
      work_(work),
      target_(std::move(wanted.target)),
      expected_bytes_(wanted.size_bytes),
      on_end_(std::move(on_end)),
      client_timer_(replicas.loop(), [this] {
        is_client_awaited_ = false;
        pace();
      }) {
  if (wanted.on_disk) {
    start_check(*wanted.on_disk);
  } else {
    start_source();
  }
}

Fill::~Fill() {
  if (partial_) {
    cache_.abandon(*partial_);
  }
  if (progress_) {
    progress_->on_sent = nullptr;
    progress_->is_broken = progress_->readable_bytes < progress_->size_bytes;
    if (!progress_->is_broken) {
      progress_->recent.clear();  // it is all in the file; whoever stays on must not keep memory
    }
  }
}

void Fill::start_check(const CachedBlob& on_disk) {
  const base::TimePoint head_at = replicas_.loop().now() + kCheckedHeadMax;
  const std::uint64_t safe =
      on_disk.size_bytes > kCheckedFirstMax ? on_disk.size_bytes - kHeldBackBytes : 0;
  BlobCheck::Callbacks callbacks;
  callbacks.on_progress = [this, on_disk, head_at, safe](std::uint64_t checked_bytes) {
    if (safe == 0 && replicas_.loop().now() < head_at) {
      return;
    }
    const auto life = std::weak_ptr<int>(life_);
    open_to_readers(on_disk.file, on_disk.size_bytes);
    if (!life.expired()) {
      progress_->readable_bytes = std::min(checked_bytes, safe);
      tell_readers();
    }
  };
  callbacks.on_end = [this, on_disk](BlobCheck::Verdict verdict) {
    handle_checked(on_disk, verdict);
  };
  check_ = std::make_unique<BlobCheck>(work_, on_disk.file, on_disk.size_bytes, *target_.digest,
                                       std::move(callbacks));
  if (!check_->start().ok()) {
    start_source();
  }
}

void Fill::handle_checked(const CachedBlob& on_disk, BlobCheck::Verdict verdict) {
  if (verdict == BlobCheck::Verdict::Right) {
    cache_.confirm(*target_.digest);
    open_to_readers(on_disk.file, on_disk.size_bytes);
    progress_->readable_bytes = on_disk.size_bytes;
    tell_readers();
    end({});
    return;
  }
  if (verdict == BlobCheck::Verdict::Wrong) {
    was_wrong_on_disk_ = true;
    base::log_warning("cache: " + target_.digest->text() +
                      " has other bytes on disk than its digest says, fetched anew");
    cache_.reject(*target_.digest);
  }
  if (warn_if_sent()) {
    fail(base::Error(base::Errc::Unavailable, target_.digest->text() + ": not right on disk"));
    return;
  }
  if (progress_) {
    expected_bytes_ = progress_->size_bytes;  // an answer's head has told it
    progress_->readable_bytes = 0;
  }
  start_source();
}

// Once; answers that wait for their head get it now.
void Fill::open_to_readers(std::shared_ptr<const File> file, std::uint64_t size_bytes) {
  if (!progress_) {
    progress_ = std::make_shared<FillProgress>();
    progress_->on_sent = [this] { pace(); };
  }
  progress_->file = std::move(file);
  progress_->size_bytes = size_bytes;
  tell_heads(size_bytes);
}

void Fill::start_source() {
  ++attempts_;
  is_source_done_ = false;
  is_source_paused_ = false;
  BlobSource::Callbacks callbacks;
  callbacks.on_size = [this](std::uint64_t size_bytes) { handle_size(size_bytes); };
  callbacks.on_data = [this](std::span<const std::uint8_t> bytes) { handle_data(bytes); };
  callbacks.on_end = [this](const base::Status& status) { handle_source_end(status); };
  source_ = std::make_unique<BlobSource>(replicas_, target_, expected_bytes_, std::move(callbacks));
}

void Fill::await_head(OnHead on_head) {
  if (progress_) {
    on_head(progress_->size_bytes);
  } else {
    waiting_.push_back(std::move(on_head));
  }
}

std::unique_ptr<Body> Fill::read(ByteRange range) {
  return std::make_unique<FillBody>(progress_, range);
}

void Fill::tell_heads(const base::Result<std::uint64_t>& result) {
  const auto waiting = std::exchange(waiting_, {});
  for (const OnHead& on_head : waiting) {
    on_head(result);
  }
}

void Fill::tell_readers() {
  const std::set<FillBody*> readers = progress_->readers;
  for (FillBody* const reader : readers) {
    if (progress_->readers.contains(reader)) {  // an earlier one may have ended it
      reader->notify();
    }
  }
}

void Fill::handle_size(std::uint64_t size_bytes) {
  expected_bytes_ = size_bytes;
  auto partial = cache_.begin(*target_.digest, size_bytes);
  if (!partial.ok()) {
    fail(partial.error());
    return;
  }
  partial_ = std::move(partial).value();
  BlobWriter::Callbacks callbacks;
  callbacks.on_progress = [this] { handle_progress(); };
  callbacks.on_error = [this](const base::Error& error) { fail(error); };
  writer_ = std::make_unique<BlobWriter>(work_, *partial_, std::move(callbacks));
  received_bytes_ = 0;
  open_to_readers(partial_->file, size_bytes);
}

void Fill::handle_data(std::span<const std::uint8_t> bytes) {
  if (const auto status = keep(bytes); !status.ok()) {
    fail(status.error());
    return;
  }
  const std::uint64_t safe =
      progress_->size_bytes > kHeldBackBytes ? progress_->size_bytes - kHeldBackBytes : 0;
  progress_->readable_bytes = std::min(received_bytes_, safe);
  const auto life = std::weak_ptr<int>(life_);
  tell_readers();
  if (!life.expired()) {
    pace();
  }
}

// Copies to memory and gives chunks that have become full to the writer.
base::Status Fill::keep(std::span<const std::uint8_t> bytes) {
  auto& recent = progress_->recent;
  while (!bytes.empty()) {
    if (recent.empty() || recent.back()->is_full()) {
      if (spare_.empty()) {
        spare_.push_back(std::make_shared<Chunk>());
      }
      recent.push_back(std::move(spare_.back()));
      spare_.pop_back();
    }
    const std::size_t taken = recent.back()->append(bytes);
    bytes = bytes.subspan(taken);
    received_bytes_ += taken;
    if (recent.back()->is_full() || received_bytes_ == progress_->size_bytes) {
      if (auto status = writer_->add(recent.back(), !is_client_awaited_); !status.ok()) {
        return status;
      }
    }
  }
  return {};
}

void Fill::handle_source_end(const base::Status& status) {
  is_source_done_ = true;
  if (!status.ok()) {
    fail(status.error());
  } else if (writer_->is_idle()) {
    handle_whole();
  }
}

void Fill::handle_progress() {
  drop_recent();
  if (is_source_done_ && writer_->is_idle()) {
    handle_whole();
  } else {
    pace();
  }
}

void Fill::drop_recent() {
  auto& recent = progress_->recent;
  while (recent.size() > kRecentBytes / Chunk::kBytes &&
         progress_->recent_first + Chunk::kBytes <= writer_->done_bytes()) {
    progress_->recent_first += Chunk::kBytes;
    auto chunk = std::move(recent.front());
    recent.pop_front();
    if (chunk.use_count() == 1 && spare_.size() < kUndoneMax / Chunk::kBytes) {
      chunk->clear();
      spare_.push_back(std::move(chunk));
    }
  }
}

// How far the foremost client is behind what it might be sent.
std::uint64_t Fill::client_lag_bytes() const {
  std::uint64_t lag = progress_->readers.empty() ? 0 : progress_->readable_bytes;
  for (const FillBody* const reader : progress_->readers) {
    lag = std::min(lag,
                   progress_->readable_bytes - std::min(progress_->readable_bytes, reader->at()));
  }
  return lag;
}

// Has the replica wait for the disk, and for a moment for the client.
void Fill::pace() {
  if (!source_ || !writer_ || is_source_done_) {
    return;
  }
  const std::uint64_t undone = received_bytes_ - writer_->done_bytes();
  const std::uint64_t lag = is_client_awaited_ ? client_lag_bytes() : 0;
  const bool is_client_late = lag > (is_source_paused_ ? kRecentBytes / 4 : kRecentBytes / 2);
  const bool is_disk_late = undone > (is_source_paused_ ? kUndoneLow : kUndoneMax);
  if (!is_client_late) {
    client_timer_.stop();
  } else if (!client_timer_.is_started()) {
    client_timer_.start_after(kClientWaitMax);
  }
  if (const bool must_pause = is_client_late || is_disk_late; must_pause != is_source_paused_) {
    is_source_paused_ = must_pause;
    must_pause ? source_->pause() : source_->resume();
  }
}

void Fill::handle_whole() {
  const Digest digest = Digest::sha256(writer_->digest());
  if (digest != *target_.digest) {
    handle_mismatch();
    return;
  }
  progress_->readable_bytes = progress_->size_bytes;
  tell_readers();
  const PartialBlob partial = *std::exchange(partial_, std::nullopt);
  cache_.commit(digest, partial,
                [this, life = std::weak_ptr<int>(life_)](const base::Status& status) {
                  if (!life.expired()) {
                    end(status);
                  }
                });
}

void Fill::handle_mismatch() {
  for (const ReplicaId id : source_->contributors()) {
    replicas_.report(id, want_of(target_, expected_bytes_), WrongBytes{});
  }
  cache_.abandon(*std::exchange(partial_, std::nullopt));
  if (progress_->sent_max_bytes == 0 && attempts_ < kAttemptsMax) {
    progress_->readable_bytes = 0;
    progress_->recent.clear();
    progress_->recent_first = 0;
    start_source();  // nobody has seen a wrong byte
    return;
  }
  warn_if_sent();
  fail(base::Error(base::Errc::Unavailable, target_.digest->text() + ": wrong bytes"));
}

// True if wrong bytes may have left this program.
bool Fill::warn_if_sent() const {
  if (!progress_ || progress_->sent_max_bytes == 0) {
    return false;
  }
  base::log_warning(target_.repository + "@" + target_.digest->text() + ": " +
                    std::to_string(progress_->sent_max_bytes) +
                    " unverified bytes were sent before the digest failed; if the runtime goes on "
                    "failing, remove its ingest of this digest");
  return true;
}

void Fill::fail(const base::Error& error) {
  const auto life = std::weak_ptr<int>(life_);
  tell_heads(error);
  if (!life.expired() && progress_) {
    progress_->is_broken = true;
    tell_readers();
  }
  if (!life.expired()) {
    end(error);
  }
}

void Fill::end(base::Status status) {
  const bool is_fetched = status.ok() && attempts_ > 0;
  const auto on_end = std::move(on_end_);
  on_end({std::move(status), is_fetched ? progress_->size_bytes : 0, was_wrong_on_disk_});
}

}  // namespace mirror
