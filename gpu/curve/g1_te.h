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
#include "gpu/field/host_device.h"

namespace gpu {

namespace detail {

// The curve's d, and the factors of the mapping: with mx = s (X + 1) and my = s Y on the Montgomery
// form, x = t mx / my and y = (mx - 1) / (mx + 1), where t^2 is minus the twisted form's first a.
// Functions, because device code has no constants of the host's.
constexpr Fq te_d() {
  constexpr Fq kD =
      Fq::from_canonical({{0x7016092b426b700b, 0xb9aeca3c3871e9f2, 0xbf8b2d97f059909c,
                           0x1bbc34cc60d19690, 0x6505bb385732fe3a, 0x00cb5d5818b4d279}});
  return kD;
}
constexpr Fq te_s() {
  constexpr Fq kS =
      Fq::from_canonical({{0x3401d618f0339eab, 0x0f793b8504b428d4, 0x0ff643cca95ccc0d,
                           0xd7a504665d66cc8c, 0x1dc07a44b1eeea84, 0x0010f272020f118a}});
  return kS;
}
constexpr Fq te_t() {
  constexpr Fq kT =
      Fq::from_canonical({{0x450ae9206343e6e4, 0x7af39509df5027b6, 0xab82b31405cf8a30,
                           0x80d743e1f6c15c7c, 0x0cec22e650360183, 0x00272fd56ac5c669}});
  return kT;
}
constexpr Fq te_two_d() {
  constexpr Fq kTwoD = te_d().doubled();
  return kTwoD;
}

}  // namespace detail

// An affine point ready to be added: y - x, y + x, 2 d x y. Negation swaps the first two and
// negates the third.
struct TeEntry {
  Fq y_minus_x = Fq::one();
  Fq y_plus_x = Fq::one();
  Fq two_d_xy;

  GPU_HD TeEntry operator-() const { return {y_plus_x, y_minus_x, -two_d_xy}; }
};

// A projective point ready to be added again and again: y - x, y + x, 2 z, 2 d t.
struct TeCached {
  Fq y_minus_x = Fq::one();
  Fq y_plus_x = Fq::one();
  Fq two_z = Fq::one().doubled();
  Fq two_d_t;
};

// Extended coordinates: x = X/Z, y = Y/Z, T = XY/Z.
class TePoint {
 public:
  TePoint() = default;  // the neutral element, (0, 1)
  // Coordinates that are multiplied by four: there is 2x and 2y to begin with, and T = XY/Z.
  GPU_HD explicit TePoint(const TeEntry& entry)
      : x_((entry.y_plus_x - entry.y_minus_x).doubled()),
        y_((entry.y_plus_x + entry.y_minus_x).doubled()),
        z_(Fq::one().doubled().doubled()),
        t_((entry.y_plus_x - entry.y_minus_x) * (entry.y_plus_x + entry.y_minus_x)) {}

  GPU_HD const Fq& x() const { return x_; }
  GPU_HD const Fq& y() const { return y_; }
  GPU_HD const Fq& z() const { return z_; }
  GPU_HD const Fq& t() const { return t_; }

  GPU_HD TeCached cached() const {
    return {y_ - x_, y_ + x_, z_.doubled(), t_ * detail::te_two_d()};
  }
  // 4 products, 4 squares (dbl-2008-hwcd, a = -1).
  GPU_HD TePoint doubled() const {
    const Fq a = x_.squared();
    const Fq b = y_.squared();
    const Fq e = (x_ + y_).squared() - a - b;
    const Fq g = b - a;
    const Fq f = g - z_.squared().doubled();
    const Fq h = -(a + b);
    TePoint out;
    out.x_ = e * f;
    out.y_ = g * h;
    out.t_ = e * h;
    out.z_ = f * g;
    return out;
  }
  GPU_HD TePoint operator-() const {
    TePoint out = *this;
    out.x_ = -x_;
    out.t_ = -t_;
    return out;
  }
  // 8 products (add-2008-hwcd-3).
  GPU_HD TePoint& operator+=(const TeCached& other) {
    const Fq a = (y_ - x_) * other.y_minus_x;
    const Fq b = (y_ + x_) * other.y_plus_x;
    const Fq c = t_ * other.two_d_t;
    const Fq d = z_ * other.two_z;
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

  // this += or -= an entry, its products in line: the one step that a GPU's sums are made of. For
  // minus, `y_minus_x` and `y_plus_x` are given in each other's place, which costs an address.
  GPU_INLINED void add_signed(const Fq& y_minus_x, const Fq& y_plus_x, const Fq& two_d_xy,
                              bool is_negative) {
    const Fq a = Fq::product_in_line(y_ - x_, y_minus_x);
    const Fq b = Fq::product_in_line(y_ + x_, y_plus_x);
    const Fq c = Fq::product_in_line(t_, two_d_xy);
    const Fq d = z_.doubled();
    const Fq e = b - a;
    const Fq h = b + a;
    const Fq less = d - c;
    const Fq more = d + c;
    const Fq f = is_negative ? more : less;
    const Fq g = is_negative ? less : more;
    x_ = Fq::product_in_line(e, f);
    y_ = Fq::product_in_line(g, h);
    t_ = Fq::product_in_line(e, h);
    z_ = Fq::product_in_line(f, g);
  }

  GPU_HD TePoint& operator+=(const TeEntry& entry) {
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
