#include "gpu/runtime/cuda_error.h"
#include "tests/unit/prover/cuda/field_kernels.h"

namespace prover::test {
namespace {

template <typename F>
__global__ void field_kernel(FieldOperation operation, const F* a, const F* b, F* out,
                             unsigned count) {
  const unsigned i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= count) {
    return;
  }
  switch (operation) {
    case FieldOperation::Product:
      out[i] = a[i] * b[i];
      break;
    case FieldOperation::ProductInLine:
      out[i] = F::product_in_line(a[i], b[i]);
      break;
    case FieldOperation::Square:
      out[i] = a[i].squared();
      break;
    case FieldOperation::Sum:
      out[i] = a[i] + b[i];
      break;
    case FieldOperation::Difference:
      out[i] = a[i] - b[i];
      break;
    case FieldOperation::Inverse:
      out[i] = a[i].inverse();
      break;
  }
}

template <typename F>
base::Status launch(gpu::Stream& stream, FieldOperation operation, gpu::DeviceSpan<F> a,
                    gpu::DeviceSpan<F> b, gpu::DeviceSpan<F> out) {
  constexpr unsigned kThreads = 128;
  CHECK(a.size() == b.size() && a.size() == out.size());
  const auto count = static_cast<unsigned>(a.size());
  field_kernel<<<(count + kThreads - 1) / kThreads, kThreads, 0, stream.handle()>>>(
      operation, a.data(), b.data(), out.data(), count);
  return gpu::launch_status("field", count);
}

}  // namespace

base::Status launch_field(gpu::Stream& stream, FieldOperation operation, gpu::DeviceSpan<gpu::Fq> a,
                          gpu::DeviceSpan<gpu::Fq> b, gpu::DeviceSpan<gpu::Fq> out) {
  return launch(stream, operation, a, b, out);
}

base::Status launch_field(gpu::Stream& stream, FieldOperation operation, gpu::DeviceSpan<gpu::Fr> a,
                          gpu::DeviceSpan<gpu::Fr> b, gpu::DeviceSpan<gpu::Fr> out) {
  return launch(stream, operation, a, b, out);
}

}  // namespace prover::test
