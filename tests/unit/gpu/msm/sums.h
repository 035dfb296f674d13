// The definition that sums of products are compared with.
#pragma once

#include <span>

#include "gpu/curve/g1.h"

namespace gpu::test {

inline G1Affine naive_sum(std::span<const G1Affine> points, std::span<const Limbs<4>> scalars) {
  G1 out;
  for (std::size_t i = 0; i < points.size(); ++i) {
    out += multiply(points[i], scalars[i]);
  }
  return out.affine();
}

}  // namespace gpu::test
