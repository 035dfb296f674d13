// The functions of card_abi.h over CudaCard: nothing is decided here.
#include <algorithm>
#include <cstdio>
#include <memory>

#include <cuda_runtime_api.h>

#include "gpu/device/device_ntt.h"
#include "gpu/runtime/cuda_error.h"
#include "prover/cuda/card_abi.h"
#include "prover/cuda/cuda_card.h"

using prover::cuda::CudaCard;

struct linkspan_gpu_card {
  int device = 0;
  std::unique_ptr<CudaCard> card;
};

namespace {

int tell(const base::Error& error, linkspan_gpu_error* out) {
  std::snprintf(out->text, sizeof(out->text), "%s", error.text().c_str());
  switch (error.code()) {
    case base::Errc::LimitExceeded:
      return LINKSPAN_GPU_MEMORY;
    case base::Errc::Unavailable:
      return LINKSPAN_GPU_UNAVAILABLE;
    case base::Errc::Malformed:
    case base::Errc::Truncated:
    case base::Errc::Unauthenticated:
    case base::Errc::NotFound:
    case base::Errc::Conflict:
    case base::Errc::Device:
      return LINKSPAN_GPU_LOST;
  }
  return LINKSPAN_GPU_LOST;
}

int tell(const base::Status& status, linkspan_gpu_error* out) {
  return status.ok() ? int{LINKSPAN_GPU_OK} : tell(status.error(), out);
}

// Runs `call` on the card with its device as this thread's.
template <typename Call>
int with(linkspan_gpu_card* card, linkspan_gpu_error* error, const Call& call) {
  if (auto status = gpu::use_device(card->device); !status.ok()) {
    return tell(status, error);
  }
  return tell(call(*card->card), error);
}

int count_devices(uint32_t* devices, linkspan_gpu_error* error) {
  int count = 0;
  if (const cudaError_t code = cudaGetDeviceCount(&count); code != cudaSuccess) {
    cudaGetLastError();
    int driver = 0;  // stays zero where none is installed
    cudaDriverGetVersion(&driver);
    return tell(base::Error(base::Errc::Unavailable,
                            driver == 0 ? "no CUDA driver is installed" : cudaGetErrorString(code)),
                error);
  }
  *devices = static_cast<uint32_t>(count);
  return LINKSPAN_GPU_OK;
}

int open_card(uint32_t device, const linkspan_gpu_options* options, linkspan_gpu_card** card,
              linkspan_gpu_facts* facts, linkspan_gpu_error* error) {
  auto opened = CudaCard::open(static_cast<int>(device), *options);
  if (!opened.ok()) {
    return tell(opened.error(), error);
  }
  auto out = std::make_unique<linkspan_gpu_card>();
  out->device = static_cast<int>(device);
  out->card = std::move(opened).value();
  *facts = out->card->facts();
  *card = out.release();
  return LINKSPAN_GPU_OK;
}

void close_card(linkspan_gpu_card* card) {
  const int device = card->device;
  std::unique_ptr<linkspan_gpu_card>(card).reset();
  // What went wrong in the device's context of this process ends with the context.
  cudaSetDevice(device);
  cudaDeviceReset();
  cudaGetLastError();
}

int set_bases(linkspan_gpu_card* card, const uint64_t* entries, uint32_t count,
              linkspan_gpu_error* error) {
  std::vector<gpu::TeEntry> bases(count);
  static_assert(sizeof(gpu::TeEntry) == 18 * sizeof(uint64_t));
  for (uint32_t i = 0; i < count; ++i) {
    for (gpu::Fq* part : {&bases[i].y_minus_x, &bases[i].y_plus_x, &bases[i].two_d_xy}) {
      gpu::Limbs<6> limbs;
      std::copy_n(entries, 6, limbs.at);
      *part = gpu::Fq::from_montgomery(limbs);
      entries += 6;
    }
  }
  return with(card, error, [&](CudaCard& it) { return it.set_bases(bases.data(), count); });
}

int build_tables(linkspan_gpu_card* card, int tables, uint32_t first, uint32_t count,
                 linkspan_gpu_error* error) {
  return with(card, error, [&](CudaCard& it) {
    return it.build_tables(tables == LINKSPAN_GPU_WIDE, first, count);
  });
}

int begin_batch(linkspan_gpu_card* card, int tables, const uint32_t* prefix, uint64_t first_nonce,
                linkspan_gpu_error* error) {
  prover::cuda::SeedPrefix words;
  std::copy_n(prefix, std::size(words.words), words.words);
  return with(card, error, [&](CudaCard& it) {
    return it.begin_batch(tables == LINKSPAN_GPU_WIDE, words, first_nonce);
  });
}

int add_bases(linkspan_gpu_card* card, uint32_t first, uint32_t count, linkspan_gpu_error* error) {
  return with(card, error, [&](CudaCard& it) { return it.add_bases(first, count); });
}

int wait_for_card(linkspan_gpu_card* card, uint32_t queued, linkspan_gpu_error* error) {
  return with(card, error, [&](CudaCard& it) { return it.wait(queued); });
}

int finish_batch(linkspan_gpu_card* card, uint64_t target, linkspan_gpu_hit* hits, uint32_t* found,
                 linkspan_gpu_error* error) {
  return with(card, error, [&](CudaCard& it) { return it.finish_batch(target, hits, *found); });
}

// What is given as limbs is what the device has too: a Montgomery form is the same everywhere.
template <typename T>
gpu::DeviceBuffer<T> upload_limbs(gpu::Stream& stream, std::size_t count, const uint64_t* limbs,
                                  base::Status& status) {
  static_assert(sizeof(T) % sizeof(uint64_t) == 0);
  auto made = gpu::DeviceBuffer<T>::make(count);
  if (!made.ok()) {
    status = made.error();
    return {};
  }
  status = gpu::detail::copy(stream, made.value().span().data(), limbs, count * sizeof(T));
  return std::move(made).value();
}

base::Status transform(unsigned log_size, const uint64_t* entries, const uint64_t* scalars,
                       const uint64_t* roots, uint64_t* out) {
  auto made = gpu::Stream::make(gpu::Stream::Priority::High);
  if (!made.ok()) {
    return made.error();
  }
  gpu::Stream stream = std::move(made).value();
  const std::size_t size = std::size_t{1} << log_size;
  base::Status status;
  const auto points = upload_limbs<gpu::TeEntry>(stream, size, entries, status);
  if (!status.ok()) {
    return status;
  }
  const auto factors = upload_limbs<gpu::Limbs<4>>(stream, size, scalars, status);
  if (!status.ok()) {
    return status;
  }
  const auto twiddles = upload_limbs<gpu::Fr>(stream, size / 2, roots, status);
  if (!status.ok()) {
    return status;
  }
  auto scaled = gpu::DeviceBuffer<gpu::TePoint>::make(size);
  auto sums = gpu::DeviceBuffer<gpu::TePoint>::make(size);
  auto scratch = gpu::DeviceBuffer<gpu::Fq>::make(size);
  auto affine = gpu::DeviceBuffer<gpu::G1Affine>::make(size);
  if (!scaled.ok() || !sums.ok() || !scratch.ok() || !affine.ok()) {
    return base::Error(base::Errc::LimitExceeded, "memory: transform of points");
  }
  static_assert(sizeof(gpu::G1Affine) == 12 * sizeof(uint64_t));
  const auto first_error = [](auto... steps) {
    base::Status first;
    static_cast<void>(((first = steps(), first.ok()) && ...));
    return first;
  };
  return first_error(
      [&] {
        return gpu::multiply_points(stream, points.span(), factors.span(), scaled.value().span());
      },
      [&] {
        return gpu::point_ntt_forward(stream, log_size, scaled.value().span(), twiddles.span(),
                                      sums.value().span());
      },
      [&] {
        return prover::cuda::launch_map_back(stream, sums.value().span(), scratch.value().span(),
                                             affine.value().span());
      },
      [&] {
        return gpu::detail::copy(stream, out, affine.value().span().data(),
                                 size * sizeof(gpu::G1Affine));
      },
      [&] { return stream.wait(); });
}

int transform_points(uint32_t device, uint32_t log_size, const uint64_t* entries,
                     const uint64_t* scalars, const uint64_t* roots, uint64_t* out,
                     linkspan_gpu_error* error) {
  if (auto status = gpu::use_device(static_cast<int>(device)); !status.ok()) {
    return tell(status, error);
  }
  return tell(transform(log_size, entries, scalars, roots, out), error);
}

int measure(linkspan_gpu_card* card, int what, double seconds, double* per_second,
            linkspan_gpu_error* error) {
  return with(card, error, [&](CudaCard& it) -> base::Status {
    const auto rate = what == LINKSPAN_GPU_PRODUCTS ? it.measure_products(seconds)
                                                    : it.measure_additions(seconds);
    if (!rate.ok()) {
      return rate.error();
    }
    *per_second = rate.value();
    return {};
  });
}

constexpr linkspan_gpu_api kApi = {
    LINKSPAN_GPU_VERSION,
    sizeof(linkspan_gpu_api),
    count_devices,
    open_card,
    close_card,
    set_bases,
    build_tables,
    begin_batch,
    add_bases,
    wait_for_card,
    finish_batch,
    transform_points,
    measure,
};

}  // namespace

extern "C" __attribute__((visibility("default"))) const linkspan_gpu_api* linkspan_gpu_api_table(
    uint32_t version) {
  return version == LINKSPAN_GPU_VERSION ? &kApi : nullptr;
}
