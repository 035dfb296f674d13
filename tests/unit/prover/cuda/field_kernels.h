// Kernels that do one operation of the field for each element, for tests.
#pragma once

#include "gpu/field/bls12_377.h"
#include "gpu/runtime/buffer.h"

namespace prover::test {

enum class FieldOperation { Product, ProductInLine, Square, Sum, Difference, Inverse };

// out[i] = a[i] op b[i]. Require equal sizes.
base::Status launch_field(gpu::Stream& stream, FieldOperation operation, gpu::DeviceSpan<gpu::Fq> a,
                          gpu::DeviceSpan<gpu::Fq> b, gpu::DeviceSpan<gpu::Fq> out);
base::Status launch_field(gpu::Stream& stream, FieldOperation operation, gpu::DeviceSpan<gpu::Fr> a,
                          gpu::DeviceSpan<gpu::Fr> b, gpu::DeviceSpan<gpu::Fr> out);

}  // namespace prover::test
