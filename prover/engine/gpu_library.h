// The CUDA engine's library, opened at run time: this program needs neither driver nor toolkit, and
// where the engine cannot be had says in one sentence why.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "gpu/ntt/ntt.h"
#include "overlay/base/result.h"
#include "prover/engine/card.h"

struct linkspan_gpu_api;

namespace prover {

// Loaded once and kept to the end of the process; copies are the same library.
class GpuLibrary {
 public:
  static constexpr const char* kName = "liblinkspan-gpu.so";

  // `path` as the loader takes it: a name without a slash is searched for where libraries are.
  // Errors: NotFound: "no GPU engine: liblinkspan-gpu.so: cannot open shared object file";
  // Conflict: "no GPU engine: ./liblinkspan-gpu.so is not of version 1"; Unavailable, the library
  // being there: "no GPU engine: no CUDA-capable device is detected".
  static base::Result<GpuLibrary> open(const std::string& path);

  std::uint32_t devices() const { return devices_; }  // at least 1
  // Requires index < devices(). Errors: as the card's (card.h).
  base::Result<std::unique_ptr<Card>> open_card(std::uint32_t index,
                                                const CardOptions& options) const;
  // On a device, beside its card's work. Errors: as the card's.
  base::Result<std::vector<gpu::G1Affine>> transform_points(std::uint32_t device,
                                                            const gpu::NttDomain& domain,
                                                            std::span<const gpu::G1Affine> points,
                                                            std::span<const gpu::Fr> values) const;

 private:
  GpuLibrary(const linkspan_gpu_api& api, std::uint32_t devices) : api_(&api), devices_(devices) {}

  const linkspan_gpu_api* api_;
  std::uint32_t devices_;
};

}  // namespace prover
