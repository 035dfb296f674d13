#include "gpu/msm/affine_batch.h"

namespace gpu {
namespace {

// The slope's denominator: zero where the sum needs no slope.
Fq denominator(const G1Affine& a, const G1Affine& b) {
  if (a.is_infinity() || b.is_infinity()) {
    return Fq::zero();
  }
  if (a.x == b.x) {
    return a.y == b.y ? a.y.doubled() : Fq::zero();
  }
  return b.x - a.x;
}

G1Affine sum(const G1Affine& a, const G1Affine& b, const Fq& inverse) {
  if (inverse.is_zero()) {  // opposite, infinite, or of order two
    return a.is_infinity() ? b : b.is_infinity() ? a : G1Affine();
  }
  Fq numerator = b.y - a.y;
  if (a.x == b.x) {
    const Fq square = a.x.squared();
    numerator = square.doubled() + square;
  }
  const Fq slope = numerator * inverse;
  const Fq x = slope.squared() - a.x - b.x;
  return {x, slope * (a.x - x) - a.y};
}

}  // namespace

void add_pairs(std::span<const G1Affine> a, std::span<const G1Affine> b, std::span<G1Affine> out) {
  CHECK(a.size() == b.size() && a.size() == out.size());
  std::vector<Fq> inverses(a.size());
  std::vector<Fq> scratch(a.size());
  for (std::size_t i = 0; i < a.size(); ++i) {
    inverses[i] = denominator(a[i], b[i]);
  }
  invert_all<Fq>(inverses, scratch);
  for (std::size_t i = 0; i < a.size(); ++i) {
    out[i] = sum(a[i], b[i], inverses[i]);
  }
}

std::vector<G1Affine> odd_multiples(std::span<const G1Affine> bases, unsigned width) {
  CHECK(width >= 1 && width <= 15);
  const std::size_t entries = std::size_t{1} << (width - 1);
  std::vector<G1Affine> table(bases.size() * entries);
  std::vector<G1Affine> even(bases.begin(), bases.end());  // 2^k times each base
  for (std::size_t i = 0; i < bases.size(); ++i) {
    table[i * entries] = bases[i];
  }
  std::vector<G1Affine> low;
  std::vector<G1Affine> steps;
  std::vector<G1Affine> sums;
  for (std::size_t have = 1; have < entries; have *= 2) {
    // Entry k + have is entry k plus 2 * have times the base.
    add_pairs(even, even, even);
    low.clear();
    steps.clear();
    for (std::size_t i = 0; i < bases.size(); ++i) {
      for (std::size_t k = 0; k < have; ++k) {
        low.push_back(table[i * entries + k]);
        steps.push_back(even[i]);
      }
    }
    sums.resize(low.size());
    add_pairs(low, steps, sums);
    for (std::size_t i = 0; i < bases.size(); ++i) {
      for (std::size_t k = 0; k < have; ++k) {
        table[i * entries + have + k] = sums[i * have + k];
      }
    }
  }
  return table;
}

}  // namespace gpu
