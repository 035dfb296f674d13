#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "mirror/proxy/blob_cache.h"
#include "mirror/proxy/chunk.h"
#include "overlay/base/result.h"
#include "overlay/crypto/digest.h"
#include "overlay/loop/work_queue.h"

namespace mirror {

// Brings the chunks of one blob to its file and through SHA-256, side by side on two pool threads,
// in order. Destroyed before the end, it is silent; jobs that have begun end by themselves.
//
// Chunks may go past the page cache (O_DIRECT). What one pull writes nobody reads again soon, and a
// gigabyte of fresh cache pages costs more processor time than hashing it; a server that runs other
// things wants them for itself, too. Where the file system cannot, or the disk holds things up, the
// page cache takes them as usual. That is the case when writing falls behind hashing, which a busy
// processor slows down just as much, but a slow disk does not.
class BlobWriter {
 public:
  static constexpr std::uint64_t kDirectLagMax = 4U << 20;
  static constexpr std::uint64_t kDirectLatesMax = 64;  // chunks that met a lag; then never again

  struct Callbacks {
    std::function<void()> on_progress;  // done_bytes() has grown, or is_idle() has come
    // Once; nothing comes after it. LimitExceeded: the disk is full. Both may destroy this.
    std::function<void(const base::Error&)> on_error;
  };

  // Keeps a reference to `work`.
  BlobWriter(loop::WorkQueue& work, const PartialBlob& partial, Callbacks callbacks);
  BlobWriter(const BlobWriter&) = delete;
  BlobWriter& operator=(const BlobWriter&) = delete;

  // The next one in order; full unless it is the last. `is_read_soon`: somebody will read it from
  // the file, so that the page cache is the place for it. Callbacks come from the loop, never from
  // here. Errors: LimitExceeded when `work` is full: then this is at its end.
  base::Status add(std::shared_ptr<const Chunk> chunk, bool is_read_soon);

  std::uint64_t done_bytes() const;  // from the start: written and hashed
  bool is_idle() const { return !hashing_.is_busy && !writing_.is_busy; }
  // Of all that was added. Requires is_idle(). Once.
  crypto::Digest256 digest();

 private:
  struct Job;
  struct Piece {
    std::shared_ptr<const Chunk> chunk;  // shared with whoever sends it and the other lane
    bool is_direct = false;
  };
  struct Lane {
    std::vector<Piece> waiting;
    std::uint64_t done_bytes = 0;
    bool is_busy = false;
  };

  base::Status start_hashing();
  base::Status start_writing();
  void handle_hashed();
  void handle_written();
  bool may_go_direct();
  void tell(const base::Status& status);

  loop::WorkQueue& work_;
  std::string path_;
  Callbacks callbacks_;
  std::shared_ptr<Job> job_;  // owned with the jobs that are running
  Lane hashing_;
  Lane writing_;
  bool can_direct_;
  std::uint64_t direct_lates_ = 0;
  std::shared_ptr<int> life_ = std::make_shared<int>(0);
};

}  // namespace mirror
