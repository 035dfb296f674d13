// Fq on x86-64 with its carries where the processor keeps them: what g++ makes of 128-bit integers
// takes three times as many instructions. Same values as Fq's operators.
#pragma once

#if defined(__x86_64__)

#include <cstdint>

#include "gpu/field/bls12_377.h"

namespace gpu {

// Requires BMI2 and ADX.
inline Fq multiply_adx(const Fq& a, const Fq& b) {
  return Fq::product_by(detail::gpu_fq_multiply_adx, a, b);
}
// a *= b; likewise.
inline void multiply_by_adx(Fq& a, const Fq& b) {
  a.multiply_by(detail::gpu_fq_multiply_adx, b);
}

// a - b. What is added back, q or zero, is chosen by address: no branch, no mask.
inline Fq subtract_x86(const Fq& a, const Fq& b) {
  static constexpr std::uint64_t kZeroOrQ[12] = {0,
                                                 0,
                                                 0,
                                                 0,
                                                 0,
                                                 0,
                                                 FqParams::kModulus.at[0],
                                                 FqParams::kModulus.at[1],
                                                 FqParams::kModulus.at[2],
                                                 FqParams::kModulus.at[3],
                                                 FqParams::kModulus.at[4],
                                                 FqParams::kModulus.at[5]};
  Limbs<6> t = a.montgomery();
  const Limbs<6>& s = b.montgomery();
  const std::uint64_t* addend = kZeroOrQ;
  std::uint64_t borrow = 0;
  __asm__(
      "subq %[s0], %[t0]\n\tsbbq %[s1], %[t1]\n\tsbbq %[s2], %[t2]\n\t"
      "sbbq %[s3], %[t3]\n\tsbbq %[s4], %[t4]\n\tsbbq %[s5], %[t5]\n\t"
      "sbbq %[borrow], %[borrow]\n\t"
      "andl $48, %k[borrow]\n\t"
      "addq %[borrow], %[addend]\n\t"
      "addq (%[addend]), %[t0]\n\tadcq 8(%[addend]), %[t1]\n\tadcq 16(%[addend]), %[t2]\n\t"
      "adcq 24(%[addend]), %[t3]\n\tadcq 32(%[addend]), %[t4]\n\tadcq 40(%[addend]), %[t5]"
      : [t0] "+&r"(t.at[0]), [t1] "+&r"(t.at[1]), [t2] "+&r"(t.at[2]), [t3] "+&r"(t.at[3]),
        [t4] "+&r"(t.at[4]), [t5] "+&r"(t.at[5]), [addend] "+&r"(addend), [borrow] "+&r"(borrow)
      : [s0] "m"(s.at[0]), [s1] "m"(s.at[1]), [s2] "m"(s.at[2]), [s3] "m"(s.at[3]),
        [s4] "m"(s.at[4]), [s5] "m"(s.at[5]), "m"(kZeroOrQ)
      : "cc");
  return Fq::from_montgomery(t);
}

}  // namespace gpu

#endif
