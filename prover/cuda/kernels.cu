#include <algorithm>

#include "gpu/runtime/cuda_error.h"
#include "overlay/base/check.h"
#include "prover/cuda/kernels.h"

namespace prover::cuda {
namespace {

// Blocks are small where a thread holds many registers: they are given out by the block.
constexpr unsigned kThreads = 128;
constexpr unsigned kBlocksMax = 65535;  // of one dimension of a grid but the first

// Blocks of the sums' kernel on one multiprocessor: 512 threads leave 128 registers to each, which
// suffice without spills on 9.0 and 10.0; elsewhere three blocks, and 168.
#if defined(__CUDA_ARCH__) && (__CUDA_ARCH__ < 900 || __CUDA_ARCH__ >= 1200)
constexpr unsigned kSumBlocks = 3;
#else
constexpr unsigned kSumBlocks = 4;
#endif

constexpr int kBlocksUsed = 3;

__device__ unsigned thread_index() {
  return blockIdx.x * blockDim.x + threadIdx.x;
}

// Thread: a nonce.
__global__ void __launch_bounds__(kThreads)
    seeds_kernel(SeedPrefix prefix, Word64 first_nonce, SeedWords* seeds, Word32 count) {
  const Word32 i = thread_index();
  if (i < count) {
    seeds[i] = seed_of(prefix, first_nonce + i);
  }
}

// Thread: a sum, of the base that the block's second index is.
__global__ void __launch_bounds__(kThreads)
    digits_kernel(gpu::SumShape shape, const SeedWords* seeds, Word32 first_base,
                  gpu::OddDigit* digits) {
  const Word32 i = thread_index();
  if (i < shape.sums) {
    write_digits(shape, seeds[i], first_base, blockIdx.y, i, digits);
  }
}

// Thread: a sum.
__global__ void __launch_bounds__(kThreads) clear_kernel(gpu::TePoint* sums, Word32 count) {
  const Word32 i = thread_index();
  if (i < count) {
    sums[i] = gpu::TePoint();
  }
}

// Thread: a sum. Not a loop over a grid: an addition's registers leave none for it.
__global__ void __launch_bounds__(kThreads, kSumBlocks)
    accumulate_kernel(gpu::SumShape shape, const gpu::OddDigit* digits, const gpu::TeEntry* tables,
                      gpu::TePoint* sums) {
  const Word32 i = thread_index();
  if (i < shape.sums) {
    gpu::accumulate(shape, i, digits, tables, sums[i]);
  }
}

// Thread: a base.
__global__ void __launch_bounds__(kThreads)
    powers_kernel(gpu::WindowPlan plan, const gpu::TeEntry* bases, gpu::TePoint* powers,
                  Word32 count) {
  const Word32 i = thread_index();
  if (i < count) {
    gpu::write_powers(plan, bases[i], powers + std::size_t{i} * plan.windows);
  }
}

// Thread: segments thread, thread + threads, ... of all bases together, with scratch of its own.
__global__ void __launch_bounds__(kThreads)
    build_kernel(gpu::WindowPlan plan, const gpu::TePoint* powers, gpu::TeEntry* tables,
                 gpu::Fq* scratch, Word32 bases) {
  const Word32 stride = gridDim.x * blockDim.x;
  const Word32 each = gpu::segments(plan);
  for (Word32 i = thread_index(); i < bases * each; i += stride) {
    const gpu::Segment segment = gpu::segment_of(plan, i % each);
    const std::size_t base = i / each;
    gpu::build_segment(powers[base * plan.windows + segment.window], segment.first, segment.count,
                       tables + base * plan.entries() + plan.first_entry(segment.window),
                       scratch + thread_index(), stride);
  }
}

// Thread: kMapGroup sums, `stride` apart.
__global__ void __launch_bounds__(kThreads)
    map_back_kernel(const gpu::TePoint* sums, Word32 count, Word32 stride, gpu::Fq* scratch,
                    gpu::G1Affine* points) {
  const Word32 i = thread_index();
  if (i < stride) {
    gpu::map_back(sums, count, i, stride, scratch, points);
  }
}

// Thread: a point.
__global__ void __launch_bounds__(kThreads)
    check_kernel(const gpu::G1Affine* points, Word32 points_count, Word64 target, HitRecord* hits,
                 Word32 hits_max, Word32* count) {
  const Word32 i = thread_index();
  if (i >= points_count) {
    return;
  }
  const Word64 worth = target_of_sum(points[i]);
  if (worth >= target) {
    const Word32 at = atomicAdd(count, 1U);
    if (at < hits_max) {
      hits[at].index = i;
      hits[at].target = worth;
      hits[at].commitment = points[i];
    }
  }
}

// Thread: two elements, each the product of itself and the other's former value.
__global__ void __launch_bounds__(kThreads)
    products_kernel(gpu::Fq* values, Word32 pairs, Word32 products) {
  const Word32 i = thread_index();
  if (i >= pairs) {
    return;
  }
  gpu::Fq a = values[i];
  gpu::Fq b = values[pairs + i];
  const gpu::Fq factor = a;
#pragma unroll 1
  for (Word32 n = 0; n < products; ++n) {
    a = gpu::Fq::product_in_line(a, factor);
    b = gpu::Fq::product_in_line(b, factor);
  }
  values[i] = a;
  values[pairs + i] = b;
}

// One product and nothing else: its instructions are counted in the compiled code.
__global__ void probe_product_kernel(gpu::Fq* values) {
  values[0] = gpu::Fq::product_in_line(values[1], values[2]);
}

unsigned blocks_for(std::size_t threads) {
  return static_cast<unsigned>((threads + kThreads - 1) / kThreads);
}

Word32 size32(std::size_t size) {
  CHECK(size > 0 && size <= 0xffffffff - kThreads);
  return static_cast<Word32>(size);
}

}  // namespace

base::Result<std::uint32_t> batch_that_fills(int device) {
  int processors = 0;
  int blocks = 0;
  if (auto status = gpu::device_status(
          "cudaDeviceGetAttribute",
          cudaDeviceGetAttribute(&processors, cudaDevAttrMultiProcessorCount, device));
      !status.ok()) {
    return status.error();
  }
  if (auto status = gpu::device_status(
          "cudaOccupancyMaxActiveBlocksPerMultiprocessor",
          cudaOccupancyMaxActiveBlocksPerMultiprocessor(&blocks, accumulate_kernel, kThreads, 0));
      !status.ok()) {
    return status.error();
  }
  // One block less than fits where that leaves enough: its registers are what hashing of the next
  // chunk runs in, and three warps a scheduler keep the multiplier busy.
  const int used = std::min(blocks, kBlocksUsed);
  return static_cast<std::uint32_t>(processors * used) * kThreads;
}

base::Status launch_seeds(gpu::Stream& stream, const SeedPrefix& prefix, Word64 first_nonce,
                          gpu::DeviceSpan<SeedWords> seeds) {
  const Word32 count = size32(seeds.size());
  seeds_kernel<<<blocks_for(count), kThreads, 0, stream.handle()>>>(prefix, first_nonce,
                                                                    seeds.data(), count);
  return gpu::launch_status("seeds", count);
}

base::Status launch_digits(gpu::Stream& stream, const gpu::SumShape& shape,
                           gpu::DeviceSpan<SeedWords> seeds, Word32 first_base,
                           gpu::DeviceSpan<gpu::OddDigit> digits) {
  CHECK(seeds.size() == shape.sums && shape.bases > 0 && shape.bases <= kBlocksMax);
  CHECK(digits.size() >= std::size_t{shape.bases} * shape.plan.windows * shape.sums);
  const dim3 blocks(blocks_for(shape.sums), shape.bases);
  digits_kernel<<<blocks, kThreads, 0, stream.handle()>>>(shape, seeds.data(), first_base,
                                                          digits.data());
  return gpu::launch_status("digits", std::size_t{shape.bases} * shape.sums);
}

base::Status launch_clear(gpu::Stream& stream, gpu::DeviceSpan<gpu::TePoint> sums) {
  const Word32 count = size32(sums.size());
  clear_kernel<<<blocks_for(count), kThreads, 0, stream.handle()>>>(sums.data(), count);
  return gpu::launch_status("clear", count);
}

base::Status launch_accumulate(gpu::Stream& stream, const gpu::SumShape& shape,
                               gpu::DeviceSpan<gpu::OddDigit> digits,
                               gpu::DeviceSpan<gpu::TeEntry> tables,
                               gpu::DeviceSpan<gpu::TePoint> sums) {
  CHECK(sums.size() == shape.sums && shape.bases > 0);
  CHECK(digits.size() >= std::size_t{shape.bases} * shape.plan.windows * shape.sums);
  CHECK(tables.size() >= shape.bases * shape.plan.entries());
  accumulate_kernel<<<blocks_for(shape.sums), kThreads, 0, stream.handle()>>>(
      shape, digits.data(), tables.data(), sums.data());
  return gpu::launch_status("accumulate", shape.sums);
}

base::Status launch_powers(gpu::Stream& stream, const gpu::WindowPlan& plan,
                           gpu::DeviceSpan<gpu::TeEntry> bases,
                           gpu::DeviceSpan<gpu::TePoint> powers) {
  CHECK(powers.size() == bases.size() * plan.windows);
  const Word32 count = size32(bases.size());
  powers_kernel<<<blocks_for(count), kThreads, 0, stream.handle()>>>(plan, bases.data(),
                                                                     powers.data(), count);
  return gpu::launch_status("powers", count);
}

base::Status launch_build(gpu::Stream& stream, const gpu::WindowPlan& plan,
                          gpu::DeviceSpan<gpu::TePoint> powers,
                          gpu::DeviceSpan<gpu::TeEntry> tables, gpu::DeviceSpan<gpu::Fq> scratch) {
  const Word32 bases = size32(powers.size() / plan.windows);
  CHECK(powers.size() == std::size_t{bases} * plan.windows);
  CHECK(tables.size() == bases * plan.entries());
  const std::size_t wanted = std::size_t{bases} * gpu::segments(plan);
  const std::size_t room = scratch.size() / gpu::kSegmentEntries / kThreads;
  CHECK(room >= 1 && wanted <= 0x7fffffff);
  const auto blocks = static_cast<unsigned>(std::min<std::size_t>(blocks_for(wanted), room));
  build_kernel<<<blocks, kThreads, 0, stream.handle()>>>(plan, powers.data(), tables.data(),
                                                         scratch.data(), bases);
  return gpu::launch_status("build", tables.size());
}

base::Status launch_map_back(gpu::Stream& stream, gpu::DeviceSpan<gpu::TePoint> sums,
                             gpu::DeviceSpan<gpu::Fq> scratch,
                             gpu::DeviceSpan<gpu::G1Affine> points) {
  CHECK(scratch.size() == sums.size() && points.size() == sums.size());
  const Word32 count = size32(sums.size());
  const auto stride = static_cast<Word32>((count + gpu::kMapGroup - 1) / gpu::kMapGroup);
  map_back_kernel<<<blocks_for(stride), kThreads, 0, stream.handle()>>>(
      sums.data(), count, stride, scratch.data(), points.data());
  return gpu::launch_status("map_back", count);
}

base::Status launch_check(gpu::Stream& stream, gpu::DeviceSpan<gpu::G1Affine> points, Word64 target,
                          gpu::DeviceSpan<HitRecord> hits, gpu::DeviceSpan<Word32> count) {
  CHECK(count.size() == 1);
  const Word32 points_count = size32(points.size());
  check_kernel<<<blocks_for(points_count), kThreads, 0, stream.handle()>>>(
      points.data(), points_count, target, hits.data(), static_cast<Word32>(hits.size()),
      count.data());
  return gpu::launch_status("check", points_count);
}

base::Status launch_products(gpu::Stream& stream, gpu::DeviceSpan<gpu::Fq> values,
                             Word32 products) {
  CHECK(values.size() % 2 == 0);
  const Word32 pairs = size32(values.size() / 2);
  products_kernel<<<blocks_for(pairs), kThreads, 0, stream.handle()>>>(values.data(), pairs,
                                                                       products);
  return gpu::launch_status("products", values.size());
}

// The probe is not launched by anything: it is kept because it is referred to.
extern const void* const probe_product;
const void* const probe_product = reinterpret_cast<const void*>(probe_product_kernel);

}  // namespace prover::cuda
