#include "mirror/proxy/blob_check.h"

#include <algorithm>
#include <cerrno>
#include <span>
#include <utility>
#include <vector>

#include <unistd.h>

#include "overlay/crypto/digest.h"

namespace mirror {
namespace {

constexpr std::size_t kReadBytes = 256U << 10;

}  // namespace

// Touched by one job at a time, and by the check only between jobs.
struct BlobCheck::Reader {
  crypto::Sha256 hash;
  std::shared_ptr<const File> file;  // shared with whoever sends from it
  std::uint64_t size_bytes = 0;
  std::uint64_t offset = 0;
  bool is_readable = true;
  std::vector<std::uint8_t> buffer = std::vector<std::uint8_t>(kReadBytes);

  void run() {
    const std::uint64_t end = std::min(size_bytes, offset + kPieceBytes);
    while (offset < end) {
      const auto wanted =
          static_cast<std::size_t>(std::min<std::uint64_t>(buffer.size(), end - offset));
      const ssize_t got = pread(file->fd(), buffer.data(), wanted, static_cast<off_t>(offset));
      if (got < 0 && errno == EINTR) {
        continue;
      }
      if (got <= 0) {
        is_readable = false;  // a sector that is gone, or a file that was cut
        return;
      }
      hash.update(std::span(buffer).first(static_cast<std::size_t>(got)));
      offset += static_cast<std::uint64_t>(got);
    }
  }
};

BlobCheck::BlobCheck(loop::WorkQueue& work, std::shared_ptr<const File> file,
                     std::uint64_t size_bytes, Digest expected, Callbacks callbacks)
    : work_(work),
      size_bytes_(size_bytes),
      expected_(std::move(expected)),
      callbacks_(std::move(callbacks)),
      reader_(std::make_shared<Reader>()) {
  reader_->file = std::move(file);
  reader_->size_bytes = size_bytes;
}

base::Status BlobCheck::start_piece() {
  return work_.submit([reader = reader_] { reader->run(); },
                      [this, life = std::weak_ptr<int>(life_)] {
                        if (!life.expired()) {
                          handle_piece();
                        }
                      });
}

void BlobCheck::handle_piece() {
  if (!reader_->is_readable) {
    end(Verdict::Wrong);
    return;
  }
  if (reader_->offset == size_bytes_) {
    const bool is_right = Digest::sha256(reader_->hash.finish()) == expected_;
    end(is_right ? Verdict::Right : Verdict::Wrong);
    return;
  }
  const auto life = std::weak_ptr<int>(life_);
  callbacks_.on_progress(reader_->offset);
  if (!life.expired() && !start_piece().ok()) {
    end(Verdict::Unknown);
  }
}

void BlobCheck::end(Verdict verdict) {
  const auto on_end = std::move(callbacks_.on_end);
  on_end(verdict);
}

}  // namespace mirror
