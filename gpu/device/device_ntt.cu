#include <algorithm>

#include "gpu/device/device_ntt.h"
#include "gpu/ntt/ntt_steps.h"
#include "gpu/runtime/cuda_error.h"
#include "overlay/base/check.h"

namespace gpu {
namespace {

constexpr unsigned kThreads = 128;  // a butterfly of points holds two hundred registers

__device__ std::uint32_t thread_index() {
  return blockIdx.x * blockDim.x + threadIdx.x;
}

// Thread: an element.
template <typename T>
__global__ void __launch_bounds__(kThreads)
    reverse_kernel(const T* in, T* out, std::uint32_t size, unsigned log_size) {
  const std::uint32_t i = thread_index();
  if (i < size) {
    out[i] = in[bits_reversed(i, log_size)];
  }
}

// Thread: 2^kStages elements.
template <unsigned kStages>
__global__ void __launch_bounds__(kThreads)
    stages_kernel(Fr* values, const Fr* roots, unsigned log_size, unsigned log_half,
                  std::uint32_t threads) {
  const std::uint32_t i = thread_index();
  if (i < threads) {
    ntt_stages<kStages>(values, roots, log_size, log_half, i);
  }
}

// Thread: a point.
__global__ void __launch_bounds__(kThreads)
    multiply_kernel(const TeEntry* points, const Limbs<4>* scalars, TePoint* values,
                    std::uint32_t size) {
  const std::uint32_t i = thread_index();
  if (i < size) {
    values[i] = te_multiply(TePoint(points[i]), scalars[i]);
  }
}

// Thread: a butterfly.
__global__ void __launch_bounds__(kThreads)
    point_stage_kernel(TePoint* values, const Fr* roots, unsigned log_size, unsigned log_half,
                       std::uint32_t threads) {
  const std::uint32_t i = thread_index();
  if (i < threads) {
    point_ntt_stage(values, roots, log_size, log_half, i);
  }
}

unsigned blocks_for(std::size_t threads) {
  return static_cast<unsigned>((threads + kThreads - 1) / kThreads);
}

template <typename T>
void check_shape(unsigned log_size, const DeviceSpan<T>& in, const DeviceSpan<Fr>& roots,
                 const DeviceSpan<T>& out) {
  CHECK(log_size >= 1 && log_size <= kDeviceNttLogMax);
  const std::size_t size = std::size_t{1} << log_size;
  CHECK(in.size() == size && out.size() == size && roots.size() == size / 2);
  CHECK(in.data() != out.data());
}

}  // namespace

base::Status ntt_forward(Stream& stream, unsigned log_size, DeviceSpan<Fr> in, DeviceSpan<Fr> roots,
                         DeviceSpan<Fr> out) {
  check_shape(log_size, in, roots, out);
  const std::uint32_t size = 1U << log_size;
  reverse_kernel<<<blocks_for(size), kThreads, 0, stream.handle()>>>(in.data(), out.data(), size,
                                                                     log_size);
  for (unsigned log_half = 0; log_half < log_size;) {
    const unsigned stages = std::min(log_size - log_half, kNttStagesMax);
    const std::uint32_t threads = size >> stages;
    const unsigned blocks = blocks_for(threads);
    if (stages == 3) {
      stages_kernel<3><<<blocks, kThreads, 0, stream.handle()>>>(out.data(), roots.data(), log_size,
                                                                 log_half, threads);
    } else if (stages == 2) {
      stages_kernel<2><<<blocks, kThreads, 0, stream.handle()>>>(out.data(), roots.data(), log_size,
                                                                 log_half, threads);
    } else {
      stages_kernel<1><<<blocks, kThreads, 0, stream.handle()>>>(out.data(), roots.data(), log_size,
                                                                 log_half, threads);
    }
    log_half += stages;
  }
  return launch_status("ntt_forward", size);
}

base::Status multiply_points(Stream& stream, DeviceSpan<TeEntry> points,
                             DeviceSpan<Limbs<4>> scalars, DeviceSpan<TePoint> values) {
  CHECK(points.size() == scalars.size() && points.size() == values.size());
  const auto size = static_cast<std::uint32_t>(points.size());
  multiply_kernel<<<blocks_for(size), kThreads, 0, stream.handle()>>>(points.data(), scalars.data(),
                                                                      values.data(), size);
  return launch_status("multiply_points", size);
}

base::Status point_ntt_forward(Stream& stream, unsigned log_size, DeviceSpan<TePoint> in,
                               DeviceSpan<Fr> roots, DeviceSpan<TePoint> out) {
  check_shape(log_size, in, roots, out);
  const std::uint32_t size = 1U << log_size;
  reverse_kernel<<<blocks_for(size), kThreads, 0, stream.handle()>>>(in.data(), out.data(), size,
                                                                     log_size);
  for (unsigned log_half = 0; log_half < log_size; ++log_half) {
    point_stage_kernel<<<blocks_for(size / 2), kThreads, 0, stream.handle()>>>(
        out.data(), roots.data(), log_size, log_half, size / 2);
  }
  return launch_status("point_ntt_forward", size);
}

}  // namespace gpu
