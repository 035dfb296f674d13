// One GPU as the engine sees it: what can be queued on it and waited for. Two implementations: the
// CUDA library's cards (gpu_library.h), and in tests a card whose steps are run by loops.
//
//   set_bases -> build(Narrow) -> { begin -> add, add, ... -> finish } again and again
//                build(Wide) in pieces between the adds; once all are built, begin(Wide)
//
// Errors are Device where the card is lost (close it, open it again), LimitExceeded where memory is
// short. Used by one thread.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "gpu/curve/g1_te.h"
#include "overlay/base/result.h"
#include "prover/cuda/proof_steps.h"

namespace prover {

class Card {
 public:
  enum class Tables { Narrow, Wide };
  static constexpr std::size_t kChunkBases = 64;  // of one add

  struct Facts {
    std::string name;
    std::uint32_t batch = 0;  // proofs at once
    std::uint32_t wide_windows = 0;
    std::uint32_t narrow_windows = 0;
    std::uint64_t memory_bytes = 0;
    std::uint64_t table_bytes = 0;
    std::uint32_t multiprocessors = 0;
    std::uint32_t capability = 0;  // 90 for 9.0
    std::array<std::uint8_t, 16> uuid{};
  };
  struct Range {
    std::uint32_t first = 0;
    std::uint32_t count = 0;
  };
  struct Found {
    std::vector<cuda::HitRecord> hits;
    std::uint64_t left_out = 0;  // for want of room
  };
  enum class Measure { Products, Additions };

  virtual ~Card() = default;
  Card() = default;
  Card(const Card&) = delete;
  Card& operator=(const Card&) = delete;

  virtual const Facts& facts() const = 0;
  virtual base::Status set_bases(std::span<const gpu::TeEntry> bases) = 0;
  virtual base::Status build(Tables tables, Range bases) = 0;
  virtual base::Status begin(Tables tables, const cuda::SeedPrefix& prefix,
                             std::uint64_t first_nonce) = 0;
  virtual base::Status add(Range bases) = 0;
  // Blocks until at most `queued` builds and adds are unfinished.
  virtual base::Status wait(std::uint32_t queued) = 0;
  virtual base::Result<Found> finish(std::uint64_t target) = 0;
  // How many a second; runs for about so long.
  virtual base::Result<double> measure(Measure what, double seconds) = 0;
};

struct CardOptions {
  std::uint32_t degree_max = 0;
  std::uint32_t batch = 0;    // 0: what fills the card
  std::uint32_t windows = 0;  // of the wide tables; 0: as free memory allows
};

}  // namespace prover
