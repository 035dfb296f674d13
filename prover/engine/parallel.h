// Threads for the transforms of points.
#pragma once

#include "gpu/ntt/ntt.h"

namespace prover {

// Runs the tasks of each call on `threads` threads, the caller's among them; tasks are taken in
// order. Requires threads >= 1.
gpu::ParallelFor make_parallel_for(unsigned threads);

}  // namespace prover
