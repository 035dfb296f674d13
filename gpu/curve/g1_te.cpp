#include "gpu/curve/g1_te.h"

namespace gpu {
namespace {

constexpr Fq kD = detail::te_d();
constexpr Fq kS = detail::te_s();
constexpr Fq kT = detail::te_t();
// The Montgomery form's A is 3 s times the root -1 of x^3 + 1; t^2 = -(A + 2) / B and
// d = -(A - 2) / (A + 2), with B = s.
constexpr Fq kA = -(kS.doubled() + kS);
static_assert(kD * (kA + Fq::from_u64(2)) == -(kA - Fq::from_u64(2)));

}  // namespace

std::vector<TeEntry> to_te_entries(std::span<const G1Affine> points) {
  // x = t mx / my and y = (mx - 1) / (mx + 1): one denominator, my (mx + 1). Both factors are zero
  // at no point of odd order but infinity.
  std::vector<Fq> inverses(points.size());
  std::vector<Fq> scratch(points.size());
  for (std::size_t i = 0; i < points.size(); ++i) {
    inverses[i] = kS * points[i].y * (kS * (points[i].x + Fq::one()) + Fq::one());
  }
  invert_all<Fq>(inverses, scratch);
  std::vector<TeEntry> out(points.size());
  for (std::size_t i = 0; i < points.size(); ++i) {
    if (points[i].is_infinity()) {
      continue;
    }
    const Fq mx = kS * (points[i].x + Fq::one());
    const Fq my = kS * points[i].y;
    const Fq x = kT * mx * (mx + Fq::one()) * inverses[i];
    const Fq y = (mx - Fq::one()) * my * inverses[i];
    out[i] = {y - x, y + x, (kD * x * y).doubled()};
  }
  return out;
}

std::vector<G1Affine> to_affine(std::span<const TePoint> points) {
  // With y = Y/Z and x = X/Z: mx = (Z + Y) / (Z - Y), my = t mx / x; X = mx / s - 1, Y = my / s.
  // One denominator: s (Z - Y) X, zero at the neutral element only.
  std::vector<Fq> inverses(points.size());
  std::vector<Fq> scratch(points.size());
  for (std::size_t i = 0; i < points.size(); ++i) {
    inverses[i] = kS * (points[i].z_ - points[i].y_) * points[i].x_;
  }
  invert_all<Fq>(inverses, scratch);
  std::vector<G1Affine> out(points.size());
  for (std::size_t i = 0; i < points.size(); ++i) {
    if (inverses[i].is_zero()) {
      continue;
    }
    const Fq mx_over_s = (points[i].z_ + points[i].y_) * points[i].x_ * inverses[i];
    out[i].x = mx_over_s - Fq::one();
    out[i].y = kT * (points[i].z_ + points[i].y_) * points[i].z_ * inverses[i];
  }
  return out;
}

}  // namespace gpu
