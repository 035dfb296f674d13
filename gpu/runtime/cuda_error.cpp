#include "gpu/runtime/cuda_error.h"

#include <cuda_runtime_api.h>

namespace gpu {

base::Error device_error(const std::string& what, int code) {
  const auto errc =
      code == cudaErrorMemoryAllocation ? base::Errc::LimitExceeded : base::Errc::Device;
  return base::Error(errc, what + ": " + cudaGetErrorString(static_cast<cudaError_t>(code)));
}

base::Status device_status(const char* what, int code) {
  if (code == cudaSuccess) {
    return {};
  }
  return device_error(what, code);
}

base::Status launch_status(const char* kernel, std::size_t size) {
  const cudaError_t code = cudaGetLastError();
  if (code == cudaSuccess) {
    return {};
  }
  return device_error(std::string(kernel) + " of " + std::to_string(size), code);
}

}  // namespace gpu
