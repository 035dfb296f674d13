// Proofs on the processor's cores: each thread takes a batch of nonces and sums over all bases of
// the epoch (gpu/msm/batch_sums.h).
#pragma once

#include <functional>
#include <memory>

#include "gpu/field/multiplier.h"
#include "overlay/base/time.h"
#include "prover/engine/engine.h"

namespace prover {

struct CpuEngineOptions {
  gpu::Arithmetic arithmetic = gpu::best_arithmetic();
  unsigned threads = 1;
  // Nonces a batch. More amortise the tables better and wait longer: 1 024 take 46 s at 22 proofs/s
  // (gpu/RESULTS.md) and cost 10 % more products than 4 096.
  std::size_t batch = 1024;
  std::function<base::TimePoint()> clock;  // monotonic, for any thread; empty: rounds have no time
};

inline constexpr unsigned kCpuThreadsMax = 1024;

// Requires is_supported(arithmetic), 1 <= threads <= kCpuThreadsMax and a batch that BatchSums
// takes. Holds about 2.4 MB a thread for batches of 1 024.
std::unique_ptr<Engine> make_cpu_engine(const CpuEngineOptions& options, Engine::OnHit on_hit);

}  // namespace prover
