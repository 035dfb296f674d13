// The functions of card_abi.h over CudaCard: nothing is decided here.
#include <algorithm>
#include <cstdio>
#include <memory>

#include <cuda_runtime_api.h>

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
    measure,
};

}  // namespace

extern "C" __attribute__((visibility("default"))) const linkspan_gpu_api* linkspan_gpu_api_table(
    uint32_t version) {
  return version == LINKSPAN_GPU_VERSION ? &kApi : nullptr;
}
