#include "prover/engine/work_dealer.h"

#include <algorithm>
#include <utility>

#include "overlay/base/check.h"

namespace prover {

void WorkDealer::set_work(Engine::Work work) {
  CHECK(work.epoch != nullptr);
  const std::scoped_lock lock(mutex_);
  work_ = std::make_shared<const Engine::Work>(std::move(work));
  next_ = 0;
  ++generation_;
  changed_.notify_all();
}

void WorkDealer::clear_work() {
  const std::scoped_lock lock(mutex_);
  work_.reset();
  ++generation_;
}

void WorkDealer::end(bool abandon) {
  const std::scoped_lock lock(mutex_);
  is_ending_ = true;
  if (abandon) {
    ++generation_;
  }
  changed_.notify_all();
}

std::optional<WorkDealer::Batch> WorkDealer::take(std::size_t size,
                                                  const std::atomic<bool>& is_out) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] {
    return is_ending_ || is_out || (work_ != nullptr && next_ < work_->nonces.count);
  });
  if (is_ending_ || is_out) {
    return std::nullopt;
  }
  Batch batch{
      .work = work_, .generation = generation_, .first = work_->nonces.first + next_, .count = 0};
  batch.count =
      static_cast<std::size_t>(std::min<std::uint64_t>(size, work_->nonces.count - next_));
  next_ += batch.count;
  return batch;
}

void WorkDealer::wake() {
  const std::scoped_lock lock(mutex_);
  changed_.notify_all();
}

}  // namespace prover
