// Eight 64-bit lanes of AVX-512 with IFMA. Included only where the compiler may use them
// (-mavx512f -mavx512vl -mavx512ifma); what the operations mean is LanesPortable's in fq_lanes.h.
#pragma once

#include <cstdint>

#include <immintrin.h>

namespace gpu {

struct LanesAvx512 {
  __m512i lanes;

  static LanesAvx512 all(std::uint64_t value) {
    return {_mm512_set1_epi64(static_cast<long long>(value))};
  }
  static LanesAvx512 load(const std::uint64_t* from) { return {_mm512_loadu_si512(from)}; }
  static LanesAvx512 gather(const std::uint64_t* from, const std::uint64_t* offsets) {
    return {_mm512_i64gather_epi64(_mm512_loadu_si512(offsets), from, 8)};
  }
  void store(std::uint64_t* to) const { _mm512_storeu_si512(to, lanes); }
  friend LanesAvx512 operator+(LanesAvx512 a, LanesAvx512 b) {
    return {_mm512_add_epi64(a.lanes, b.lanes)};
  }
  friend LanesAvx512 operator-(LanesAvx512 a, LanesAvx512 b) {
    return {_mm512_sub_epi64(a.lanes, b.lanes)};
  }
  friend LanesAvx512 operator&(LanesAvx512 a, LanesAvx512 b) {
    return {_mm512_and_si512(a.lanes, b.lanes)};
  }
  LanesAvx512 carry() const { return {_mm512_srai_epi64(lanes, 52)}; }
  static LanesAvx512 select(std::uint8_t mask, LanesAvx512 a, LanesAvx512 b) {
    return {_mm512_mask_blend_epi64(mask, b.lanes, a.lanes)};
  }
  static LanesAvx512 add_low(LanesAvx512 sum, LanesAvx512 a, LanesAvx512 b) {
    return {_mm512_madd52lo_epu64(sum.lanes, a.lanes, b.lanes)};
  }
  static LanesAvx512 add_high(LanesAvx512 sum, LanesAvx512 a, LanesAvx512 b) {
    return {_mm512_madd52hi_epu64(sum.lanes, a.lanes, b.lanes)};
  }
};

}  // namespace gpu
