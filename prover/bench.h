// `linkspan-prover bench`: what this processor does, and how far from what its multiplier allows.
#pragma once

#include <string>

#include "overlay/base/result.h"
#include "prover/engine/cpu_engine.h"

namespace prover {

struct BenchOptions {
  CpuEngineOptions engine;
  std::uint32_t degree = kPuzzleDegree;
  unsigned seconds = 20;  // for the proofs; the other figures take a second each
};

struct BenchFigures {
  double fq_mul_per_s = 0;   // of all threads together, before and after the proofs
  double adds_per_s = 0;     // affine additions with nothing else, all threads
  double proofs_per_s = 0;   // all threads, with hashing
  double mul_per_proof = 0;  // of the algorithm
  // proofs_per_s against fq_mul_per_s / mul_per_proof
  double roofline_share = 0;
};

// Takes about seconds + 5. Bases are those of a reference string with a known beta: no file.
// Errors: Device where a sum is not what that beta says it must be.
base::Result<BenchFigures> run_bench(const BenchOptions& options);

std::string bench_json(const BenchOptions& options, const BenchFigures& figures);
std::string bench_text(const BenchOptions& options, const BenchFigures& figures);

}  // namespace prover
