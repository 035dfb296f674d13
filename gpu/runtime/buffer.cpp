#include "gpu/runtime/buffer.h"

#include <cuda_runtime_api.h>

#include "gpu/runtime/cuda_error.h"

namespace gpu::detail {

base::Result<void*> allocate_device(std::size_t size_bytes) {
  void* out = nullptr;
  if (const cudaError_t code = cudaMalloc(&out, size_bytes); code != cudaSuccess) {
    cudaGetLastError();  // memory that is not there is an answer, not a state of the device
    return device_error("cudaMalloc of " + std::to_string(size_bytes) + " bytes", code);
  }
  return out;
}

void free_device(void* memory) {
  if (memory != nullptr) {
    cudaFree(memory);
  }
}

base::Result<void*> allocate_pinned(std::size_t size_bytes) {
  void* out = nullptr;
  if (const cudaError_t code = cudaMallocHost(&out, size_bytes); code != cudaSuccess) {
    cudaGetLastError();
    return device_error("cudaMallocHost of " + std::to_string(size_bytes) + " bytes", code);
  }
  return out;
}

void free_pinned(void* memory) {
  if (memory != nullptr) {
    cudaFreeHost(memory);
  }
}

base::Status copy(const Stream& stream, void* to, const void* from, std::size_t size_bytes) {
  return device_status("cudaMemcpyAsync",
                       cudaMemcpyAsync(to, from, size_bytes, cudaMemcpyDefault, stream.handle()));
}

}  // namespace gpu::detail
