// A sum of products of points and scalars on a device: msm.h's, for points of the subgroup, which
// are given ready to be added (to_te_entries) and so can be used again for other scalars.
#pragma once

#include "gpu/curve/g1_te.h"
#include "gpu/msm/bucket_steps.h"
#include "gpu/runtime/buffer.h"
#include "gpu/runtime/stream.h"

namespace gpu {

inline constexpr std::uint32_t kDeviceMsmPointsMax = 1U << 26;

// What a sum of up to so many terms needs besides its input: some bytes a term and window. Made
// once.
class DeviceMsm {
 public:
  // Requires 1 <= points <= kDeviceMsmPointsMax. Errors: LimitExceeded where memory is short.
  static base::Result<DeviceMsm> make(std::uint32_t points);

  // sum scalars[i] * points[i], scalars below r. Requires the sizes that this was made for. Blocks.
  // Errors: Device.
  base::Result<TePoint> sum(Stream& stream, DeviceSpan<TeEntry> points,
                            DeviceSpan<Limbs<4>> scalars);

 private:
  BucketShape shape_;
  DeviceBuffer<std::uint32_t> digits_;
  DeviceBuffer<std::uint32_t> begins_;  // a window's buckets' counts, then where their points begin
  DeviceBuffer<std::uint32_t> cursors_;  // and end
  DeviceBuffer<std::uint32_t> lists_;
  DeviceBuffer<TePoint> sums_;
  DeviceBuffer<TePoint> folded_;
};

}  // namespace gpu
