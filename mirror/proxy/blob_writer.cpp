#include "mirror/proxy/blob_writer.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include <sys/uio.h>
#include <unistd.h>

#include "overlay/base/check.h"

namespace mirror {
namespace {

constexpr std::size_t kPartsMax = 64;  // of one call

// In one call as far as the kernel takes them. 0 or an errno.
int write_all(int fd, std::vector<iovec> parts, std::uint64_t offset) {
  for (std::size_t first = 0; first < parts.size();) {
    const ssize_t written = pwritev(fd, &parts[first], static_cast<int>(parts.size() - first),
                                    static_cast<off_t>(offset));
    if (written < 0 && errno == EINTR) {
      continue;
    }
    if (written <= 0) {
      return written < 0 ? errno : ENOSPC;
    }
    offset += static_cast<std::uint64_t>(written);
    auto left = static_cast<std::size_t>(written);
    for (; first < parts.size() && left >= parts[first].iov_len; ++first) {
      left -= parts[first].iov_len;
    }
    if (left > 0) {
      parts[first].iov_base = static_cast<std::uint8_t*>(parts[first].iov_base) + left;
      parts[first].iov_len -= left;
    }
  }
  return 0;
}

}  // namespace

// Each lane's job touches its own half, the writer both, but each only between that lane's jobs.
struct BlobWriter::Job {
  crypto::Sha256 hash;
  std::vector<Piece> to_hash;

  std::shared_ptr<const File> file;
  std::shared_ptr<const File> direct;
  std::uint64_t offset = 0;
  std::vector<Piece> to_write;
  bool is_direct_refused = false;
  int error = 0;  // errno of the first failed write

  void run_hash() {
    for (const Piece& piece : to_hash) {
      hash.update(piece.chunk->bytes());
    }
  }
  void run_write() {
    for (std::size_t first = 0; first < to_write.size() && error == 0;) {
      const bool is_direct = to_write[first].is_direct && !is_direct_refused;
      std::vector<iovec> parts;
      std::uint64_t size = 0;
      std::size_t at = first;
      for (; at < to_write.size() && parts.size() < kPartsMax &&
             (to_write[at].is_direct && !is_direct_refused) == is_direct;
           ++at) {
        const auto bytes = to_write[at].chunk->bytes();
        parts.push_back({const_cast<std::uint8_t*>(bytes.data()), bytes.size()});  // C: only read
        size += bytes.size();
      }
      error = write_all(is_direct ? direct->fd() : file->fd(), std::move(parts), offset);
      if (is_direct && error == EINVAL) {  // some file systems say so here only
        is_direct_refused = true;
        error = 0;
        continue;
      }
      first = at;
      offset += size;
    }
  }
};

BlobWriter::BlobWriter(loop::WorkQueue& work, const PartialBlob& partial, Callbacks callbacks)
    : work_(work),
      path_(partial.path),
      callbacks_(std::move(callbacks)),
      job_(std::make_shared<Job>()),
      can_direct_(partial.direct != nullptr) {
  job_->file = partial.file;
  job_->direct = partial.direct;
}

base::Status BlobWriter::add(std::shared_ptr<const Chunk> chunk, bool is_read_soon) {
  const bool is_direct = !is_read_soon && chunk->is_full() && may_go_direct();
  hashing_.waiting.push_back({chunk, false});
  writing_.waiting.push_back({std::move(chunk), is_direct});
  auto status = start_hashing();
  return status.ok() ? start_writing() : status;
}

bool BlobWriter::may_go_direct() {
  const bool is_late = hashing_.done_bytes > writing_.done_bytes + kDirectLagMax;
  direct_lates_ += can_direct_ && is_late ? 1 : 0;
  can_direct_ = can_direct_ && direct_lates_ < kDirectLatesMax;
  return can_direct_ && !is_late;
}

std::uint64_t BlobWriter::done_bytes() const {
  return std::min(hashing_.done_bytes, writing_.done_bytes);
}

crypto::Digest256 BlobWriter::digest() {
  CHECK(is_idle());
  return job_->hash.finish();
}

// One job of each lane at a time keeps the order; what comes meanwhile makes the next one larger.
base::Status BlobWriter::start_hashing() {
  if (hashing_.is_busy || hashing_.waiting.empty()) {
    return {};
  }
  hashing_.is_busy = true;
  job_->to_hash = std::exchange(hashing_.waiting, {});
  return work_.submit([job = job_] { job->run_hash(); },
                      [this, life = std::weak_ptr<int>(life_)] {
                        if (!life.expired()) {
                          handle_hashed();
                        }
                      });
}

base::Status BlobWriter::start_writing() {
  if (writing_.is_busy || writing_.waiting.empty()) {
    return {};
  }
  writing_.is_busy = true;
  job_->to_write = std::exchange(writing_.waiting, {});
  return work_.submit([job = job_] { job->run_write(); },
                      [this, life = std::weak_ptr<int>(life_)] {
                        if (!life.expired()) {
                          handle_written();
                        }
                      });
}

void BlobWriter::handle_hashed() {
  hashing_.is_busy = false;
  for (const Piece& piece : std::exchange(job_->to_hash, {})) {
    hashing_.done_bytes += piece.chunk->bytes().size();
  }
  tell(start_hashing());
}

void BlobWriter::handle_written() {
  writing_.is_busy = false;
  if (job_->error != 0) {
    const bool is_full = job_->error == ENOSPC || job_->error == EDQUOT;
    tell(base::Error(is_full ? base::Errc::LimitExceeded : base::Errc::Unavailable,
                     "write " + path_ + ": " + uv_strerror(uv_translate_sys_error(job_->error))));
    return;
  }
  for (const Piece& piece : std::exchange(job_->to_write, {})) {
    writing_.done_bytes += piece.chunk->bytes().size();
  }
  can_direct_ = can_direct_ && !job_->is_direct_refused;
  tell(start_writing());
}

// The callbacks are copied: they may destroy this.
void BlobWriter::tell(const base::Status& status) {
  if (status.ok()) {
    const auto on_progress = callbacks_.on_progress;
    on_progress();
  } else {
    const auto on_error = callbacks_.on_error;
    on_error(status.error());
  }
}

}  // namespace mirror
