#include "mirror/proxy/fill.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include <unistd.h>

#include "overlay/base/log.h"
#include "overlay/crypto/digest.h"

namespace mirror {

// Touched by one job at a time, and by the fill only between jobs.
struct Fill::Writer {
  crypto::Sha256 hash;
  std::shared_ptr<const File> file;
  std::uint64_t offset = 0;
  std::vector<std::vector<std::uint8_t>> chunks;  // of the job under way
  int error = 0;                                  // errno of the first failed write

  void run() {
    for (const auto& chunk : chunks) {
      hash.update(chunk);
      std::size_t done = 0;
      while (done < chunk.size()) {
        const ssize_t written = pwrite(file->fd(), chunk.data() + done, chunk.size() - done,
                                       static_cast<off_t>(offset));
        if (written < 0 && errno == EINTR) {
          continue;
        }
        if (written <= 0) {
          error = written < 0 ? errno : ENOSPC;
          return;
        }
        done += static_cast<std::size_t>(written);
        offset += static_cast<std::uint64_t>(written);
      }
    }
  }
};

FillBody::FillBody(std::shared_ptr<FillProgress> progress, ByteRange range)
    : progress_(std::move(progress)), size_bytes_(range.size_bytes()), at_(range.first) {
  progress_->readers.insert(this);
}

FillBody::~FillBody() {
  progress_->readers.erase(this);
}

Body::Piece FillBody::peek() {
  if (at_ >= progress_->readable_bytes) {
    return {};
  }
  return {
      progress_->file->fd(), at_, static_cast<std::size_t>(progress_->readable_bytes - at_), {}};
}

void FillBody::advance(std::size_t size) {
  at_ += size;
  progress_->sent_max_bytes = std::max(progress_->sent_max_bytes, at_);
}

Fill::Fill(ReplicaSet& replicas, BlobCache& cache, loop::WorkQueue& work, Wanted wanted,
           OnEnd on_end)
    : replicas_(replicas),
      cache_(cache),
      work_(work),
      target_(std::move(wanted.target)),
      expected_bytes_(wanted.size_bytes),
      on_end_(std::move(on_end)) {
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
    progress_->is_broken = progress_->readable_bytes < progress_->size_bytes;
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
  writer_ = std::make_shared<Writer>();
  writer_->file = partial_->file;
  open_to_readers(partial_->file, size_bytes);
}

void Fill::handle_data(std::span<const std::uint8_t> bytes) {
  if (buffered_.empty() || buffered_.back().size() + bytes.size() > kChunkBytes) {
    if (spare_.empty()) {
      spare_.emplace_back().reserve(kChunkBytes);
    }
    buffered_.push_back(std::move(spare_.back()));
    spare_.pop_back();
  }
  buffered_.back().insert(buffered_.back().end(), bytes.begin(), bytes.end());
  buffered_bytes_ += bytes.size();
  if (buffered_bytes_ > kBufferedMax && !is_source_paused_) {
    is_source_paused_ = true;
    source_->pause();
  }
  write_buffered();
}

void Fill::handle_source_end(const base::Status& status) {
  is_source_done_ = true;
  if (!status.ok()) {
    fail(status.error());
    return;
  }
  write_buffered();
}

// One job at a time keeps the bytes in order; what comes meanwhile makes the next one larger.
void Fill::write_buffered() {
  if (is_writing_) {
    return;
  }
  if (buffered_.empty()) {
    if (is_source_done_) {
      handle_whole();
    }
    return;
  }
  is_writing_ = true;
  writer_->chunks = std::exchange(buffered_, {});
  buffered_bytes_ = 0;
  const auto status = work_.submit([writer = writer_] { writer->run(); },
                                   [this, life = std::weak_ptr<int>(life_), writer = writer_] {
                                     if (!life.expired() && writer == writer_) {
                                       handle_written();
                                     }
                                   });
  if (!status.ok()) {
    fail(status.error());
  }
}

void Fill::handle_written() {
  is_writing_ = false;
  if (writer_->error != 0) {
    const bool is_full = writer_->error == ENOSPC || writer_->error == EDQUOT;
    fail(base::Error(
        is_full ? base::Errc::LimitExceeded : base::Errc::Unavailable,
        "write " + partial_->path + ": " + uv_strerror(uv_translate_sys_error(writer_->error))));
    return;
  }
  for (auto& chunk : writer_->chunks) {
    chunk.clear();
    spare_.push_back(std::move(chunk));
  }
  writer_->chunks.clear();
  if (is_source_paused_ && buffered_bytes_ <= kBufferedLow) {
    is_source_paused_ = false;
    source_->resume();
  }
  const std::uint64_t safe =
      progress_->size_bytes > kHeldBackBytes ? progress_->size_bytes - kHeldBackBytes : 0;
  progress_->readable_bytes = std::min(writer_->offset, safe);
  const auto life = std::weak_ptr<int>(life_);
  tell_readers();
  if (!life.expired()) {
    write_buffered();
  }
}

void Fill::handle_whole() {
  const Digest digest = Digest::sha256(writer_->hash.finish());
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
