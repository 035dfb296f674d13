// One maker for each arithmetic, each in a source that is compiled with its instructions.
#pragma once

#include <memory>

#include "gpu/msm/batch_sums.h"

namespace gpu::detail {

std::unique_ptr<BatchSums> make_batch_sums_scalar(BatchSums::Shape shape);
std::unique_ptr<BatchSums> make_batch_sums_adx(BatchSums::Shape shape);
std::unique_ptr<BatchSums> make_batch_sums_fma(BatchSums::Shape shape);
std::unique_ptr<BatchSums> make_batch_sums_ifma(BatchSums::Shape shape);
// The lanes of Fma and Ifma in plain C++: slow, and the same bytes. For tests on any processor.
std::unique_ptr<BatchSums> make_batch_sums_doubles_portable(BatchSums::Shape shape);
std::unique_ptr<BatchSums> make_batch_sums_lanes_portable(BatchSums::Shape shape);

}  // namespace gpu::detail
