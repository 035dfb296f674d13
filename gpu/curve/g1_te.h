// The same group in twisted Edwards form, a = -1: one mixed addition is 7 products, has no
// inversion and no branch, so it is what long sums over stored tables use (Hisil, Wong, Carter,
// Dawson: "Twisted Edwards curves revisited", 2008, section 3.3).
//
// The law is complete on points of odd order only (d is a square here), and the mapping from the
// short Weierstrass form leaves out the points of order two. So: points of the subgroup only.
#pragma once

#include <span>
#include <vector>

#include "gpu/curve/g1.h"

namespace gpu {

// An affine point ready to be added: y - x, y + x, 2 d x y. Negation swaps the first two and
// negates the third.
struct TeEntry {
  Fq y_minus_x = Fq::one();
  Fq y_plus_x = Fq::one();
  Fq two_d_xy;

  TeEntry operator-() const { return {y_plus_x, y_minus_x, -two_d_xy}; }
};

class TePoint {
 public:
  TePoint() = default;  // the neutral element, (0, 1)

  TePoint& operator+=(const TeEntry& entry) {
    const Fq a = (y_ - x_) * entry.y_minus_x;
    const Fq b = (y_ + x_) * entry.y_plus_x;
    const Fq c = t_ * entry.two_d_xy;
    const Fq d = z_.doubled();
    const Fq e = b - a;
    const Fq f = d - c;
    const Fq g = d + c;
    const Fq h = b + a;
    x_ = e * f;
    y_ = g * h;
    t_ = e * h;
    z_ = f * g;
    return *this;
  }

 private:
  friend std::vector<G1Affine> to_affine(std::span<const TePoint> points);

  Fq x_;
  Fq y_ = Fq::one();
  Fq z_ = Fq::one();
  Fq t_;
};

// Requires points of the subgroup. One inversion for all.
std::vector<TeEntry> to_te_entries(std::span<const G1Affine> points);
std::vector<G1Affine> to_affine(std::span<const TePoint> points);

}  // namespace gpu
