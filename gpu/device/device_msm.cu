#include <utility>
#include <vector>

#include <cuda_runtime_api.h>

#include "gpu/device/device_msm.h"
#include "gpu/runtime/cuda_error.h"
#include "overlay/base/check.h"

namespace gpu {
namespace {

constexpr unsigned kThreads = 128;
constexpr unsigned kScanThreads = 1024;

__device__ std::uint32_t thread_index() {
  return blockIdx.x * blockDim.x + threadIdx.x;
}

// Thread: a scalar.
__global__ void __launch_bounds__(kThreads)
    digits_kernel(BucketShape shape, const Limbs<4>* scalars, std::uint32_t* digits,
                  std::uint32_t* counts) {
  const std::uint32_t i = thread_index();
  if (i < shape.points) {
    bucket_digits(shape, scalars[i], i, digits, counts);
  }
}

// Block: a window. Counts become begins, in both arrays. Each thread sums a run of buckets, the
// runs' sums are added up over the block, and each thread goes over its run again.
__global__ void __launch_bounds__(kScanThreads)
    scan_kernel(std::uint32_t* begins, std::uint32_t* cursors, std::uint32_t buckets) {
  __shared__ std::uint32_t runs[kScanThreads];
  const std::size_t window = std::size_t{blockIdx.x} * buckets;
  const std::uint32_t each = (buckets + kScanThreads - 1) / kScanThreads;
  const std::uint32_t first = min(threadIdx.x * each, buckets);
  const std::uint32_t last = min(first + each, buckets);
  std::uint32_t total = 0;
  for (std::uint32_t i = first; i < last; ++i) {
    total += begins[window + i];
  }
  runs[threadIdx.x] = total;
  __syncthreads();
  for (unsigned distance = 1; distance < kScanThreads; distance *= 2) {
    const std::uint32_t before = threadIdx.x >= distance ? runs[threadIdx.x - distance] : 0;
    __syncthreads();
    runs[threadIdx.x] += before;
    __syncthreads();
  }
  std::uint32_t at = runs[threadIdx.x] - total;
  for (std::uint32_t i = first; i < last; ++i) {
    const std::uint32_t count = begins[window + i];
    begins[window + i] = at;
    cursors[window + i] = at;
    at += count;
  }
}

// Thread: a digit of the window that the block's second index is.
__global__ void __launch_bounds__(kThreads)
    scatter_kernel(BucketShape shape, const std::uint32_t* digits, std::uint32_t* cursors,
                   std::uint32_t* lists) {
  const std::uint32_t i = thread_index();
  const std::size_t window = blockIdx.y;
  if (i < shape.points) {
    bucket_scatter(digits + window * shape.points, i, cursors + window * shape.buckets(),
                   lists + window * shape.points);
  }
}

// Thread: a bucket of the window that the block's second index is. Cursors have become ends.
__global__ void __launch_bounds__(kThreads)
    buckets_kernel(BucketShape shape, const TeEntry* points, const std::uint32_t* lists,
                   const std::uint32_t* begins, const std::uint32_t* ends, TePoint* sums) {
  const std::uint32_t bucket = thread_index();
  const std::size_t window = blockIdx.y;
  if (bucket < shape.buckets()) {
    const std::size_t at = window * shape.buckets() + bucket;
    sums[at] = bucket_sum(points, lists + window * shape.points, begins[at], ends[at]);
  }
}

// Thread: a segment of the window that the block's second index is.
__global__ void __launch_bounds__(kThreads)
    segments_kernel(const TePoint* sums, TePoint* out, std::uint32_t buckets,
                    std::uint32_t segments) {
  const std::uint32_t i = thread_index();
  const std::size_t window = blockIdx.y;
  if (i < segments) {
    const std::uint32_t first = i * kBucketSegment;
    out[window * segments + i] =
        bucket_segment(sums + window * buckets, first, min(kBucketSegment, buckets - first));
  }
}

// Thread: kFold points of the window that the block's second index is.
__global__ void __launch_bounds__(kThreads)
    fold_kernel(const TePoint* in, TePoint* out, std::uint32_t count, std::uint32_t folded) {
  const std::uint32_t i = thread_index();
  const std::size_t window = blockIdx.y;
  if (i < folded) {
    const std::uint32_t first = i * kFold;
    out[window * folded + i] = fold_points(in + window * count, first, min(kFold, count - first));
  }
}

dim3 blocks_for(std::uint32_t threads, unsigned windows = 1) {
  return dim3((threads + kThreads - 1) / kThreads, windows);
}

std::uint32_t parts(std::uint32_t count, std::uint32_t each) {
  return (count + each - 1) / each;
}

}  // namespace

base::Result<DeviceMsm> DeviceMsm::make(std::uint32_t points) {
  CHECK(points >= 1 && points <= kDeviceMsmPointsMax);
  DeviceMsm out;
  out.shape_ = bucket_shape(points);
  const std::size_t windows = out.shape_.windows();
  const std::size_t buckets = windows * out.shape_.buckets();
  for (auto& [buffer, size] :
       {std::pair{&out.digits_, windows * points}, std::pair{&out.lists_, windows * points},
        std::pair{&out.begins_, buckets}, std::pair{&out.cursors_, buckets}}) {
    auto made = DeviceBuffer<std::uint32_t>::make(size);
    if (!made.ok()) {
      return made.error();
    }
    *buffer = std::move(made).value();
  }
  for (DeviceBuffer<TePoint>* buffer : {&out.sums_, &out.folded_}) {
    auto made = DeviceBuffer<TePoint>::make(buckets);
    if (!made.ok()) {
      return made.error();
    }
    *buffer = std::move(made).value();
  }
  return base::Result<DeviceMsm>(std::move(out));
}

base::Result<TePoint> DeviceMsm::sum(Stream& stream, DeviceSpan<TeEntry> points,
                                     DeviceSpan<Limbs<4>> scalars) {
  CHECK(points.size() == shape_.points && scalars.size() == shape_.points);
  const unsigned windows = shape_.windows();
  const std::uint32_t buckets = shape_.buckets();
  const auto begins = begins_.span();
  if (auto status =
          device_status("cudaMemsetAsync",
                        cudaMemsetAsync(begins.data(), 0, begins.size() * sizeof(std::uint32_t),
                                        stream.handle()));
      !status.ok()) {
    return status.error();
  }
  const dim3 per_point = blocks_for(shape_.points, windows);
  digits_kernel<<<blocks_for(shape_.points), kThreads, 0, stream.handle()>>>(
      shape_, scalars.data(), digits_.span().data(), begins.data());
  scan_kernel<<<windows, kScanThreads, 0, stream.handle()>>>(begins.data(), cursors_.span().data(),
                                                             buckets);
  scatter_kernel<<<per_point, kThreads, 0, stream.handle()>>>(
      shape_, digits_.span().data(), cursors_.span().data(), lists_.span().data());
  buckets_kernel<<<blocks_for(buckets, windows), kThreads, 0, stream.handle()>>>(
      shape_, points.data(), lists_.span().data(), begins.data(), cursors_.span().data(),
      sums_.span().data());
  std::uint32_t count = parts(buckets, kBucketSegment);
  TePoint* in = folded_.span().data();
  TePoint* out = sums_.span().data();
  segments_kernel<<<blocks_for(count, windows), kThreads, 0, stream.handle()>>>(out, in, buckets,
                                                                                count);
  while (count > 1) {
    const std::uint32_t folded = parts(count, kFold);
    fold_kernel<<<blocks_for(folded, windows), kThreads, 0, stream.handle()>>>(in, out, count,
                                                                               folded);
    std::swap(in, out);
    count = folded;
  }
  std::vector<TePoint> sums(windows);
  if (auto status = launch_status("msm", shape_.points); !status.ok()) {
    return status.error();
  }
  if (auto status = download(stream, std::span<TePoint>(sums), DeviceSpan<TePoint>(in, windows));
      !status.ok()) {
    return status.error();
  }
  if (auto status = stream.wait(); !status.ok()) {
    return status.error();
  }
  TePoint total;
  for (unsigned window = windows; window-- > 0;) {
    for (unsigned i = 0; i < shape_.width; ++i) {
      total = total.doubled();
    }
    total += sums[window].cached();
  }
  return total;
}

}  // namespace gpu
