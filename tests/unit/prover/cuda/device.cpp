#include "tests/unit/prover/cuda/device.h"

#include <cuda_runtime_api.h>

namespace prover::test {

const std::string& why_no_device() {
  static const std::string why = [] {
    int count = 0;
    const cudaError_t code = cudaGetDeviceCount(&count);
    cudaGetLastError();
    if (code != cudaSuccess) {
      return std::string(cudaGetErrorString(code));
    }
    return std::string(count == 0 ? "the driver shows none" : "");
  }();
  return why;
}

}  // namespace prover::test
