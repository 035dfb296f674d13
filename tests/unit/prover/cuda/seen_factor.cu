// A product whose row factor the compiler sees through: what scripts/check_cubins.py must find.
#define negated negated_unseen
#include "gpu/field/carry_chain.h"
#undef negated

namespace gpu::chain {
GPU_INLINED Word negated(Word a) {
  return 0 - a;
}
}  // namespace gpu::chain

#include "gpu/field/bls12_377.h"

__global__ void probe_product_kernel(gpu::Fq* values) {
  values[0] = gpu::Fq::product_in_line(values[1], values[2]);
}
