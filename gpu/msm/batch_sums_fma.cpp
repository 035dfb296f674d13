#include "gpu/field/lanes_avx2.h"
#include "gpu/msm/batch_kernel.h"
#include "gpu/msm/batch_makers.h"

namespace gpu::detail {

std::unique_ptr<BatchSums> make_batch_sums_fma(BatchSums::Shape shape) {
  return std::make_unique<BatchKernel<DoublesElement<DoublesAvx2>>>(shape);
}

}  // namespace gpu::detail
