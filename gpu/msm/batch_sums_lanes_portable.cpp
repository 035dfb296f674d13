#include "gpu/msm/batch_kernel.h"
#include "gpu/msm/batch_makers.h"

namespace gpu::detail {

std::unique_ptr<BatchSums> make_batch_sums_lanes_portable(BatchSums::Shape shape) {
  return std::make_unique<BatchKernel<LanesElement<LanesPortable>>>(shape);
}

std::unique_ptr<BatchSums> make_batch_sums_doubles_portable(BatchSums::Shape shape) {
  return std::make_unique<BatchKernel<DoublesElement<DoublesPortable>>>(shape);
}

}  // namespace gpu::detail
