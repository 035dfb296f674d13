// Sums over bases that never change, by stored tables: for each base B and each window i of w bits
// the odd multiples 1, 3, ..., 2^w - 1 of 2^(w i) B, in twisted Edwards form. A product with a
// scalar is then ceil(253 / w) additions of 7 products each, without a doubling or a branch.
//
// This is what a processor with much memory does (and a GPU); batch_sums.h is what suits a cache.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "gpu/curve/g1_te.h"
#include "gpu/field/bls12_377.h"
#include "gpu/msm/odd_digits.h"

namespace gpu {

class WindowTable {
 public:
  static constexpr unsigned kWidthMin = 2;
  static constexpr unsigned kWidthMax = 14;

  // 144 bytes an entry.
  static constexpr std::size_t size_bytes(std::size_t bases, unsigned width) {
    return bases * digit_count(width) * (std::size_t{1} << (width - 1)) * sizeof(TeEntry);
  }

  // Requires bases of the subgroup and a width within the bounds. 253 doublings a base and about
  // 16 products an entry.
  WindowTable(std::span<const G1Affine> bases, unsigned width);

  std::size_t bases() const { return bases_; }
  unsigned width() const { return width_; }

  // sum scalars[j] * base j. Requires bases() scalars below r.
  G1Affine sum(std::span<const Limbs<4>> scalars) const;

 private:
  std::size_t bases_;
  unsigned width_;
  std::vector<TeEntry> entries_;  // base by base, window by window, multiple by multiple
};

}  // namespace gpu
