#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>

#include "mirror/oci/digest.h"
#include "mirror/proxy/file.h"
#include "overlay/loop/work_queue.h"

namespace mirror {

// Reads a blob that was found on disk and recomputes its SHA-256, on pool threads, in pieces that
// let other work come between. Destroyed before its end, it is silent.
class BlobCheck {
 public:
  static constexpr std::size_t kPieceBytes = 4U << 20;  // of one job

  enum class Verdict {
    Right,
    Wrong,    // or it cannot be read, or ends early
    Unknown,  // too much waits for the pool
  };
  struct Callbacks {
    std::function<void(std::uint64_t checked_bytes)> on_progress;  // after each piece but the last
    std::function<void(Verdict)> on_end;                           // once, last; may destroy this
  };

  // Callbacks come from the loop, never from here or start(). Keeps a reference to `work`.
  BlobCheck(loop::WorkQueue& work, std::shared_ptr<const File> file, std::uint64_t size_bytes,
            Digest expected, Callbacks callbacks);
  BlobCheck(const BlobCheck&) = delete;
  BlobCheck& operator=(const BlobCheck&) = delete;

  // Once. Errors: LimitExceeded when `work` is full: there will be no callback.
  base::Status start() { return start_piece(); }

 private:
  struct Reader;

  base::Status start_piece();
  void handle_piece();
  void end(Verdict verdict);

  loop::WorkQueue& work_;
  std::uint64_t size_bytes_;
  Digest expected_;
  Callbacks callbacks_;
  std::shared_ptr<Reader> reader_;  // owned with the job that is running
  std::shared_ptr<int> life_ = std::make_shared<int>(0);
};

}  // namespace mirror
