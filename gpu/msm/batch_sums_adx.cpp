#include "gpu/msm/batch_kernel.h"
#include "gpu/msm/batch_makers.h"

namespace gpu::detail {

std::unique_ptr<BatchSums> make_batch_sums_adx(BatchSums::Shape shape) {
  return std::make_unique<BatchKernel<SingleElement<AdxOperations>>>(shape);
}

}  // namespace gpu::detail
