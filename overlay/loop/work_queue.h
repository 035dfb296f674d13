#pragma once

#include <cstddef>
#include <functional>
#include <memory>

#include "overlay/base/result.h"
#include "overlay/loop/loop.h"

namespace loop {

// Runs blocking or heavy work (hashing, fsync, large files) on libuv's thread pool, whose size is
// UV_THREADPOOL_SIZE, 4 unless told. Give work owned inputs; let it leave its outputs where `done`
// finds them. Nothing is shared while it runs.
//
// Bounded: at most `limit` jobs are queued or running.
class WorkQueue {
 public:
  WorkQueue(Loop& loop, std::size_t limit);
  // Jobs not begun are cancelled; begun ones end on their thread. No `done` runs any more. The
  // functions given are destroyed on the loop's thread, at the latest by the Loop's destructor.
  ~WorkQueue();
  WorkQueue(const WorkQueue&) = delete;
  WorkQueue& operator=(const WorkQueue&) = delete;

  // `work` runs on a pool thread, then `done` on the loop's thread, in a later turn.
  //
  // Errors: LimitExceeded when `limit` jobs are in the queue; nothing was queued then.
  base::Status submit(std::function<void()> work, std::function<void()> done);

  std::size_t pending() const;

 private:
  struct Job;
  struct State;

  Loop& loop_;
  std::size_t limit_;
  // Shared by the queue and its jobs: a job in flight outlives the queue and must learn that.
  std::shared_ptr<State> state_;
};

}  // namespace loop
