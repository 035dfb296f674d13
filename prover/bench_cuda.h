// `linkspan-prover bench --engine cuda`: what each step does on the first card, and how far proofs
// are from what its multiplier allows.
#pragma once

#include <cstdint>
#include <string>

#include "overlay/base/result.h"
#include "prover/engine/card.h"

namespace prover {

struct CudaBenchOptions {
  CardOptions card;
  unsigned threads = 1;   // of this processor, for the toy's bases
  unsigned seconds = 20;  // for the proofs; other rates take a second each
};

struct CudaBenchFigures {
  Card::Facts card;
  std::string driver;
  double sm_clock_mhz = 0;  // while proofs were computed; 0 where it cannot be read
  double fq_mul_per_s = 0;
  double adds_per_s = 0;    // of table entries, no hashing
  double proofs_per_s = 0;  // with wide tables, with hashing and checking
  double narrow_proofs_per_s = 0;
  double mul_per_proof = 0;
  double roofline_share = 0;  // proofs_per_s against fq_mul_per_s / mul_per_proof
  // From new work of a new epoch to the end of the first batch, beside which the wide tables are
  // made.
  double first_proofs_s = 0;
  double round_s = 0;  // a batch: how long a hit waits at most
  double power_w = 0;  // mean while proofs were computed; 0 where it cannot be read
  double joule_per_proof = 0;
};

// Bases are those of a reference string with a known beta: no file.
// Errors: the card's; Device where a commitment is not what that beta says it must be.
base::Result<CudaBenchFigures> run_cuda_bench(const CudaBenchOptions& options);

std::string cuda_bench_json(const CudaBenchFigures& figures);
std::string cuda_bench_text(const CudaBenchFigures& figures);

}  // namespace prover
