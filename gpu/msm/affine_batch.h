// Affine additions and doublings of many independent pairs with one inversion.
#pragma once

#include <span>
#include <vector>

#include "gpu/curve/g1.h"

namespace gpu {

// out[i] = a[i] + b[i]; b may be out. Any points: equal, opposite and infinite ones too.
// 5 products and a square each, and one inversion.
void add_pairs(std::span<const G1Affine> a, std::span<const G1Affine> b, std::span<G1Affine> out);

// 1, 3, ..., 2^width - 1 times each base, 2^(width-1) entries a base, one base after the other.
// Requires bases of the subgroup and width <= 15. 2 * width inversions for all.
std::vector<G1Affine> odd_multiples(std::span<const G1Affine> bases, unsigned width);

}  // namespace gpu
