// Transforms on a device: ntt.h's forward ones, natural order on both sides, out of place. All
// memory is the device's. Every call queues and returns. Errors: Device if a launch is refused; a
// fault within shows up in Stream::wait().
#pragma once

#include "gpu/curve/g1_te.h"
#include "gpu/field/bls12_377.h"
#include "gpu/runtime/buffer.h"
#include "gpu/runtime/stream.h"

namespace gpu {

inline constexpr unsigned kDeviceNttLogMax = 28;  // 8 GiB of elements

// out[i] = sum_k in[k] w^(ik). Require sizes 2^log_size, and 2^(log_size - 1) roots w^0, w^1, ...;
// 1 <= log_size <= kDeviceNttLogMax. Memory bound: log_size / 3 + 1 passes of 64 bytes an element.
base::Status ntt_forward(Stream& stream, unsigned log_size, DeviceSpan<Fr> in, DeviceSpan<Fr> roots,
                         DeviceSpan<Fr> out);

// values[i] = scalars[i] * points[i], about 2 600 products each.
base::Status multiply_points(Stream& stream, DeviceSpan<TeEntry> points,
                             DeviceSpan<Limbs<4>> scalars, DeviceSpan<TePoint> values);

// As ntt_forward, of points of the subgroup: size * log_size / 2 products of a point and a root.
base::Status point_ntt_forward(Stream& stream, unsigned log_size, DeviceSpan<TePoint> in,
                               DeviceSpan<Fr> roots, DeviceSpan<TePoint> out);

}  // namespace gpu
