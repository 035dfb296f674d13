// What the engines share: one work at a time, dealt to their threads as batches of nonces, and what
// they count.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>

#include "prover/engine/engine.h"

namespace prover {

// Any thread may call any of it.
class WorkDealer {
 public:
  struct Batch {
    std::shared_ptr<const Engine::Work> work;  // shared with the dealer and the other batches
    std::uint64_t generation = 0;
    std::uint64_t first = 0;  // nonce
    std::size_t count = 0;    // nonces that count; what else the taker computes fills its lanes
  };

  void set_work(Engine::Work work);
  void clear_work();
  // No batches from now on. With `abandon`, those that were dealt are worth nothing.
  void end(bool abandon);

  // The next at most `size` nonces. Waits while there is no work; nothing at the end, or once
  // `is_out`, which whoever sets it says by wake().
  std::optional<Batch> take(std::size_t size, const std::atomic<bool>& is_out);
  std::optional<Batch> take(std::size_t size) {
    const std::atomic<bool> is_out = false;
    return take(size, is_out);
  }
  void wake();

  // Its work was replaced or cleared, or the end abandons it.
  bool is_worthless(const Batch& batch) const { return batch.generation != generation_; }

 private:
  std::mutex mutex_;  // of all below but generation_
  std::condition_variable changed_;
  std::shared_ptr<const Engine::Work> work_;  // shared with the batches
  std::uint64_t next_ = 0;                    // nonces of the work that were taken
  bool is_ending_ = false;
  std::atomic<std::uint64_t> generation_ = 0;
};

struct EngineCounters {
  std::atomic<std::uint64_t> proofs = 0;
  std::atomic<std::uint64_t> coefficients = 0;
  std::atomic<std::uint64_t> hits = 0;
  std::atomic<std::uint64_t> proofs_abandoned = 0;
  std::atomic<base::Duration::rep> round = 0;

  Engine::Stats stats() const {
    return {.proofs = proofs,
            .coefficients = coefficients,
            .hits = hits,
            .proofs_abandoned = proofs_abandoned,
            .round = base::Duration(round.load())};
  }
};

}  // namespace prover
