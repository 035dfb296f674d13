// How device code reads what many threads read: sixteen bytes at a time, past the caches of what is
// written, and asked for before it is needed. On the host these are plain reads.
#pragma once

#include "gpu/field/host_device.h"
#include "gpu/field/limbs.h"

namespace gpu {

// The limbs at `from`, which nothing writes while the kernel runs. Requires an even number of them
// and, on a device, an address that is a multiple of 16.
template <std::size_t N>
GPU_INLINED Limbs<N> load_constant(const Limbs<N>* from) {
  static_assert(N % 2 == 0);
#if defined(__CUDA_ARCH__)
  Limbs<N> out;
  const auto* words = reinterpret_cast<const ulonglong2*>(from);
  GPU_UNROLL
  for (std::size_t i = 0; i < N / 2; ++i) {
    const ulonglong2 pair = __ldg(words + i);
    out.at[2 * i] = pair.x;
    out.at[2 * i + 1] = pair.y;
  }
  return out;
#else
  return *from;
#endif
}

// Asks for the line of the second-level cache that holds this byte.
GPU_INLINED void prefetch(const void* byte) {
#if defined(__CUDA_ARCH__)
  asm volatile("prefetch.global.L2 [%0];" : : "l"(byte));
#else
  __builtin_prefetch(byte);
#endif
}

}  // namespace gpu
