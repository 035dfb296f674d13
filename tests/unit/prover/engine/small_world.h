// A small epoch of a reference string with a known beta, and what its commitments must be.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <vector>

#include "gpu/ntt/ntt.h"
#include "prover/engine/cpu_engine.h"
#include "prover/puzzle/commit.h"
#include "prover/puzzle/target.h"

namespace prover {

struct SmallWorld {
  static constexpr std::uint32_t kDegree = 31;

  ToySrs toy = make_toy_srs(Fr::from_u64(77), kDegree);
  Bytes32 address{4, 5, 6};
  std::shared_ptr<const EpochBases> epoch = make_epoch(7);

  static EpochChallenge challenge(std::uint32_t number) {
    return {.epoch_number = number, .epoch_block_hash = {1, 2, 3}, .degree = kDegree};
  }

  std::shared_ptr<const EpochBases> make_epoch(std::uint32_t number) {
    toy.srs.prepare(kDegree, gpu::one_after_another);
    return std::make_shared<const EpochBases>(
        make_epoch_bases(toy.srs, challenge(number), gpu::one_after_another));
  }

  G1Affine commitment(std::uint64_t nonce) const {
    const Fr product = evaluate(epoch->polynomial, toy.beta) *
                       evaluate(prover_polynomial(epoch->challenge, address, nonce), toy.beta);
    return gpu::multiply_in_subgroup(gpu::g1_generator(), product).affine();
  }
};

// What threads found, for a test that waits for it.
template <typename T>
class Collected {
 public:
  void add(const T& item) {
    const std::scoped_lock lock(mutex_);
    items_.push_back(item);
    changed_.notify_all();
  }
  // The first `count`, once they are there.
  std::vector<T> wait_for(std::size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return items_.size() >= count; });
    return {items_.begin(), items_.begin() + static_cast<std::ptrdiff_t>(count)};
  }
  std::vector<T> all() {
    const std::scoped_lock lock(mutex_);
    return items_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<T> items_;
};

}  // namespace prover
