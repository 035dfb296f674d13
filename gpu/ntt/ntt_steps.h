// Transforms as steps that one thread each does: what the kernels of a GPU run, and what a loop
// runs on the host. Same order and same roots as ntt.h: natural on both sides, a bit reversal
// first.
#pragma once

#include <cstdint>

#include "gpu/curve/g1_te.h"
#include "gpu/field/bls12_377.h"
#include "gpu/field/host_device.h"

namespace gpu {

// The low `width` bits of index in reverse order.
constexpr std::uint32_t bits_reversed(std::uint32_t index, unsigned width) {
  std::uint32_t out = 0;
  for (unsigned i = 0; i < width; ++i) {
    out |= ((index >> i) & 1U) << (width - 1 - i);
  }
  return out;
}

// Stages of butterflies that a thread does on its elements before it writes them back.
inline constexpr unsigned kNttStagesMax = 3;

// Thread `index` of size / 2^stages: the stages with halves 2^log_half, 2^(log_half + 1), ... on
// the 2^stages elements that they mix. `roots` holds w^0 ... w^(size/2 - 1).
template <unsigned kStages>
GPU_INLINED void ntt_stages(Fr* values, const Fr* roots, unsigned log_size, unsigned log_half,
                            std::uint32_t index) {
  static_assert(kStages >= 1 && kStages <= kNttStagesMax);
  constexpr std::uint32_t kElements = 1U << kStages;
  const std::uint32_t half = 1U << log_half;
  const std::uint32_t offset = index & (half - 1);
  Fr* first = values + ((index >> log_half << (log_half + kStages)) | offset);
  Fr at[kElements];
  GPU_UNROLL
  for (std::uint32_t j = 0; j < kElements; ++j) {
    at[j] = first[j << log_half];
  }
  GPU_UNROLL
  for (unsigned stage = 0; stage < kStages; ++stage) {
    GPU_UNROLL
    for (std::uint32_t j = 0; j < kElements; ++j) {
      if ((j >> stage & 1U) != 0) {
        continue;
      }
      const std::uint32_t within = offset | ((j & ((1U << stage) - 1)) << log_half);
      const Fr odd = at[j | 1U << stage] * roots[within << (log_size - log_half - stage - 1)];
      at[j | 1U << stage] = at[j] - odd;
      at[j] += odd;
    }
  }
  GPU_UNROLL
  for (std::uint32_t j = 0; j < kElements; ++j) {
    first[j << log_half] = at[j];
  }
}

// scalar * point, by windows of four bits: 253 doublings, 64 additions. Any integer.
GPU_HD inline TePoint te_multiply(const TePoint& point, const Limbs<4>& scalar) {
  constexpr unsigned kWindow = 4;
  TeCached multiples[1U << kWindow];  // the first is neutral
  TePoint multiple = point;
  for (unsigned i = 1; i < (1U << kWindow); ++i) {
    multiples[i] = multiple.cached();
    multiple += multiples[1];
  }
  TePoint out;
  for (unsigned first = 256; first > 0;) {
    first -= kWindow;
    for (unsigned i = 0; i < kWindow; ++i) {
      out = out.doubled();
    }
    out += multiples[bits(scalar, first, kWindow)];
  }
  return out;
}

// Thread `index` of size / 2: one butterfly of points, of the stage with this half.
GPU_HD inline void point_ntt_stage(TePoint* values, const Fr* roots, unsigned log_size,
                                   unsigned log_half, std::uint32_t index) {
  const std::uint32_t half = 1U << log_half;
  const std::uint32_t offset = index & (half - 1);
  TePoint& even = values[(index >> log_half << (log_half + 1)) | offset];
  TePoint& odd = (&even)[half];
  const Fr root = roots[offset << (log_size - log_half - 1)];
  const TePoint turned = offset == 0 ? odd : te_multiply(odd, root.canonical());
  odd = even;
  odd += (-turned).cached();
  even += turned.cached();
}

}  // namespace gpu
