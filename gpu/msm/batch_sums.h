// Many sums over the same bases at once: out[p] = sum_j scalar[p][j] * base[j] for p proofs.
//
// Every base comes once, with the scalars of all proofs. Its odd multiples 1, 3, ..., 2^w - 1 are
// made (batched over a few bases), and each proof adds ceil(253 / w) of them, one for each window
// of its scalar, into an affine accumulator of that window; 2^(wi) is applied once, at the end.
// All the additions for one base are independent, so they share inversions (Montgomery's trick):
// 5 products and a square each. Per proof that is 6 * 8192 * ceil(253 / w) products and
// 6 * 8192 * 2^(w-1) / proofs for the tables: 1.2 million with 1 024 proofs and w = 11.
//
// Digits are all odd (Joye, Tunstall: "Exponent recoding and regular exponentiation algorithms",
// 2009), so that there is no zero digit and nothing to skip: s or r - s, whichever is odd, and the
// sign. Results are exact for all inputs; equal, opposite and infinite operands, which honest
// input does not make, send their chunk down a slow path.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "gpu/curve/g1.h"
#include "gpu/field/multiplier.h"

namespace gpu {

class BatchSums {
 public:
  struct Shape {
    std::size_t proofs = 0;  // a multiple of kProofsStep
    unsigned width = 0;      // kWidthMin..kWidthMax
  };
  static constexpr std::size_t kProofsStep = 8;  // lanes of the widest arithmetic
  static constexpr std::size_t kProofsMax = 65'536;
  static constexpr unsigned kWidthMin = 2;
  static constexpr unsigned kWidthMax = 14;
  // Bases that one call of add takes: their tables are built together.
  static constexpr std::size_t kBasesMax = 16;

  // Additions that one sum over `bases` bases takes, its part of the tables included; each is 6
  // products.
  static double additions_per_sum(Shape shape, std::size_t bases);
  static constexpr double kProductsPerAddition = 6;

  // The width with the fewest products for so many proofs.
  static unsigned best_width(std::size_t proofs);

  // Requires a shape within the bounds and is_supported(arithmetic). Holds about
  // 96 * proofs * ceil(253 / w) bytes, 128 with Fma and Ifma.
  static std::unique_ptr<BatchSums> make(Arithmetic arithmetic, Shape shape);

  virtual ~BatchSums() = default;
  BatchSums() = default;
  BatchSums(const BatchSums&) = delete;
  BatchSums& operator=(const BatchSums&) = delete;

  // All sums are zero again.
  virtual void clear() = 0;
  // Adds scalars[i * proofs + p] * bases[i] to sum p. Scalars are canonical (below r); bases are in
  // the subgroup. Requires at most kBasesMax bases.
  virtual void add(std::span<const G1Affine> bases, std::span<const Limbs<4>> scalars) = 0;
  // The sums so far.
  virtual std::vector<G1Affine> sums() const = 0;

  // For measuring: at least `count` products of Fq by this arithmetic, as independent of each other
  // as its registers allow, and how many there were.
  virtual std::uint64_t multiply(std::uint64_t count) const = 0;
};

}  // namespace gpu
