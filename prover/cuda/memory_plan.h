// How a card's memory is divided: fixed buffers, narrow tables, and wide ones from what is left.
// Pure.
#pragma once

#include <cstddef>
#include <cstdint>

#include "gpu/msm/window_plan.h"
#include "overlay/base/result.h"

namespace prover::cuda {

struct MemoryWanted {
  std::uint32_t bases = 0;
  std::uint32_t batch = 0;
  std::uint32_t windows = 0;  // of the wide tables; 0: the fewest that fit
};

struct MemoryPlan {
  gpu::WindowPlan narrow;
  gpu::WindowPlan wide;
  std::uint32_t batch = 0;
  std::uint32_t bases = 0;
  std::size_t scratch = 0;  // elements, for building

  std::size_t digits() const;  // of one of the two buffers
  std::size_t table_bytes() const;
  std::size_t other_bytes() const;
};

// Errors: LimitExceeded, naming what is needed and what there is.
base::Result<MemoryPlan> plan_memory(std::size_t free_bytes, const MemoryWanted& wanted,
                                     std::uint32_t multiprocessors);

}  // namespace prover::cuda
