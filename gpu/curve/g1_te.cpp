#include "gpu/curve/g1_te.h"

namespace gpu {
namespace {

// The curve's d, and the factors of the mapping: with mx = s (X + 1) and my = s Y on the Montgomery
// form, x = t mx / my and y = (mx - 1) / (mx + 1), where t^2 is minus the twisted form's first a.
constexpr Fq kD =
    Fq::from_canonical({{0x7016092b426b700b, 0xb9aeca3c3871e9f2, 0xbf8b2d97f059909c,
                         0x1bbc34cc60d19690, 0x6505bb385732fe3a, 0x00cb5d5818b4d279}});
constexpr Fq kS =
    Fq::from_canonical({{0x3401d618f0339eab, 0x0f793b8504b428d4, 0x0ff643cca95ccc0d,
                         0xd7a504665d66cc8c, 0x1dc07a44b1eeea84, 0x0010f272020f118a}});
constexpr Fq kT =
    Fq::from_canonical({{0x450ae9206343e6e4, 0x7af39509df5027b6, 0xab82b31405cf8a30,
                         0x80d743e1f6c15c7c, 0x0cec22e650360183, 0x00272fd56ac5c669}});
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
