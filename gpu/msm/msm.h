// Sums of products of points and scalars (multi-scalar multiplication).
#pragma once

#include <span>

#include "gpu/curve/g1.h"

namespace gpu {

// sum scalars[i] * points[i], by Pippenger's buckets with signed digits (Bernstein, Doumen, Lange,
// Oosterwijk: "Faster batch forgery identification", 2012, section 4). Any points of the curve.
// Requires as many points as scalars. About n * ceil(254 / c) additions of 10 products, with c
// chosen from n: 2^13 points take 3.3 million products, 2^14 5 million.
G1 msm(std::span<const G1Affine> points, std::span<const Fr> scalars);

}  // namespace gpu
