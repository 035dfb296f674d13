// The mark of functions that run on the host and on a device alike.
//
// nvcc is given --expt-relaxed-constexpr, by which every constexpr function is one of them; what
// cannot be constexpr carries GPU_HD. GPU_CALLED also keeps it out of line in device code: a
// product is four hundred instructions, and a kernel that is not made of products need not hold
// dozens. GPU_UNROLL before a loop whose words are to be registers.
#pragma once

#if defined(__CUDACC__)
#define GPU_HD __host__ __device__
#define GPU_INLINED __host__ __device__ __forceinline__
#if defined(__CUDA_ARCH__)
#define GPU_CALLED __host__ __device__ __noinline__
#define GPU_UNROLL _Pragma("unroll")
#else
#define GPU_CALLED __host__ __device__
#define GPU_UNROLL
#endif
#else
#define GPU_HD
#define GPU_INLINED inline
#define GPU_CALLED
#define GPU_UNROLL
#endif
