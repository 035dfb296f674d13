#include "gpu/field/lanes_avx512.h"
#include "gpu/msm/batch_kernel.h"
#include "gpu/msm/batch_makers.h"

namespace gpu::detail {

std::unique_ptr<BatchSums> make_batch_sums_ifma(BatchSums::Shape shape) {
  return std::make_unique<BatchKernel<LanesElement<LanesAvx512>>>(shape);
}

}  // namespace gpu::detail
