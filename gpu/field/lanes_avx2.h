// Four doubles of AVX2 with FMA. Included only where the compiler may use them (-mavx2 -mfma); what
// the operations mean is DoublesPortable's in fq_doubles.h.
#pragma once

#include <cstdint>

#include <immintrin.h>

#include "gpu/field/fq_doubles.h"

namespace gpu {

struct DoublesAvx2 {
  struct Bits {
    __m256i lanes;

    static Bits all(std::uint64_t value) {
      return {_mm256_set1_epi64x(static_cast<long long>(value))};
    }
    static Bits load(const std::uint64_t* from) {
      return {_mm256_loadu_si256(reinterpret_cast<const __m256i*>(from))};
    }
    friend Bits operator+(Bits a, Bits b) { return {_mm256_add_epi64(a.lanes, b.lanes)}; }
    friend Bits operator-(Bits a, Bits b) { return {_mm256_sub_epi64(a.lanes, b.lanes)}; }
    friend Bits operator&(Bits a, Bits b) { return {_mm256_and_si256(a.lanes, b.lanes)}; }
    friend Bits operator|(Bits a, Bits b) { return {_mm256_or_si256(a.lanes, b.lanes)}; }
    friend Bits operator^(Bits a, Bits b) { return {_mm256_xor_si256(a.lanes, b.lanes)}; }
    template <int kCount>
    Bits left() const {
      return {_mm256_slli_epi64(lanes, kCount)};
    }
    template <int kCount>
    Bits right() const {
      return {_mm256_srli_epi64(lanes, kCount)};
    }
  };

  static constexpr bool kIsUnrolled = true;

  __m256d lanes;

  static DoublesAvx2 all(double value) { return {_mm256_set1_pd(value)}; }
  static DoublesAvx2 load(const double* from) { return {_mm256_loadu_pd(from)}; }
  void store(double* to) const { _mm256_storeu_pd(to, lanes); }
  static void transpose(const double* const (&from)[4], DoublesAvx2 (&out)[4]) {
    const __m256d a = _mm256_loadu_pd(from[0]);
    const __m256d b = _mm256_loadu_pd(from[1]);
    const __m256d c = _mm256_loadu_pd(from[2]);
    const __m256d d = _mm256_loadu_pd(from[3]);
    const __m256d ab_even = _mm256_unpacklo_pd(a, b);
    const __m256d ab_odd = _mm256_unpackhi_pd(a, b);
    const __m256d cd_even = _mm256_unpacklo_pd(c, d);
    const __m256d cd_odd = _mm256_unpackhi_pd(c, d);
    out[0].lanes = _mm256_permute2f128_pd(ab_even, cd_even, 0x20);
    out[1].lanes = _mm256_permute2f128_pd(ab_odd, cd_odd, 0x20);
    out[2].lanes = _mm256_permute2f128_pd(ab_even, cd_even, 0x31);
    out[3].lanes = _mm256_permute2f128_pd(ab_odd, cd_odd, 0x31);
  }
  static DoublesAvx2 of_bits(Bits bits) { return {_mm256_castsi256_pd(bits.lanes)}; }
  Bits bits() const { return {_mm256_castpd_si256(lanes)}; }
  friend DoublesAvx2 operator+(DoublesAvx2 a, DoublesAvx2 b) {
    return {_mm256_add_pd(a.lanes, b.lanes)};
  }
  friend DoublesAvx2 operator-(DoublesAvx2 a, DoublesAvx2 b) {
    return {_mm256_sub_pd(a.lanes, b.lanes)};
  }
  static DoublesAvx2 fma(DoublesAvx2 a, DoublesAvx2 b, DoublesAvx2 c) {
    return {_mm256_fmadd_pd(a.lanes, b.lanes, c.lanes)};
  }
  // In this order and with few registers: left to itself g++ 12 moves loads ahead until it has to
  // spill, and half as many instructions again are moves.
  static void add_product(const DoublesAvx2& a, const DoublesAvx2& b, Bits& low, Bits& high) {
    __m256d top;
    __m256d rest;
    __asm__(
        "vmovapd %[high_shift], %[top]\n\t"
        "vfmadd231pd %[a], %[b], %[top]\n\t"
        "vsubpd %[top], %[both_shifts], %[rest]\n\t"
        "vfmadd231pd %[a], %[b], %[rest]\n\t"
        "vpaddq %[top], %[high], %[high]\n\t"
        "vpaddq %[rest], %[low], %[low]"
        : [low] "+x"(low.lanes), [high] "+x"(high.lanes), [top] "=&x"(top), [rest] "=&x"(rest)
        : [a] "x"(a.lanes), [b] "x"(b.lanes), [high_shift] "x"(_mm256_set1_pd(detail::kHighShift)),
          [both_shifts] "x"(_mm256_set1_pd(detail::kBothShifts)));
  }
};

}  // namespace gpu
