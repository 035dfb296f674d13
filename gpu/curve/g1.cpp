#include "gpu/curve/g1.h"

#include <array>

namespace gpu {
namespace {

constexpr Fq kGeneratorX =
    Fq::from_canonical({{0x0f1ff930106fdb66, 0x1c32d6aa1d382418, 0x698d3d8b829c7343,
                         0x4c522d7aa91157f7, 0xa15ca8611c20543d, 0x0094a2b6015983b3}});
constexpr Fq kGeneratorY =
    Fq::from_canonical({{0x7c297f574a174455, 0x9f690c4bf418104f, 0xf62f1db67e503fcc,
                         0x4eb9c79b3e8594c8, 0x0d15f4c3519b90e8, 0x0006285f49795e69}});
static_assert(kGeneratorY.squared() == kGeneratorX.squared() * kGeneratorX + Fq::one());

// The cube root of unity with phi(x, y) = (kPhi x, y) = [x^2 - 1](x, y) on the subgroup.
constexpr Fq kPhi = Fq::from_canonical({{0x8508c00000000001, 0x452217cc90000000, 0xc5ed1347970dec00,
                                         0x619aaf7d34594aab, 0x09b3af05dd14f6ec, 0}});
static_assert(kPhi.squared() * kPhi == Fq::one() && kPhi != Fq::one());

// lambda = x^2 - 1, 127 bits, and x^2 = lambda + 1.
constexpr Limbs<2> kLambda = {{0x0a11800000000000, 0x452217cc90000001}};
constexpr Limbs<2> kXSquared = detail::product(Limbs<1>{{detail::kX}}, Limbs<1>{{detail::kX}});
static_assert(kXSquared.at[0] - 1 == kLambda.at[0] && kXSquared.at[1] == kLambda.at[1]);

G1Affine endomorphism(const G1Affine& point) {
  return {kPhi * point.x, point.y};
}

struct Split {
  Limbs<2> low;
  Limbs<2> high;
};

// scalar = low + high * lambda, both below 2^128: long division, bit by bit.
Split split(const Limbs<4>& scalar) {
  const Limbs<3> divisor = {{kLambda.at[0], kLambda.at[1], 0}};
  Limbs<3> rest;
  Split out;
  for (std::size_t i = 253; i-- > 0;) {
    add_to(rest, Limbs<3>(rest));
    rest.at[0] |= std::uint64_t{bit(scalar, i)};
    Limbs<3> less_divisor = rest;
    if (sub_from(less_divisor, divisor) == 0) {
      rest = less_divisor;
      CHECK(i < 128);
      out.high.at[i / 64] |= std::uint64_t{1} << (i % 64);
    }
  }
  out.low = {{rest.at[0], rest.at[1]}};
  return out;
}

constexpr unsigned kWindow = 4;

// 0, 1, ..., 15 times the point.
std::array<G1, 1U << kWindow> multiples(const G1Affine& point) {
  std::array<G1, 1U << kWindow> out;
  for (std::size_t i = 1; i < out.size(); ++i) {
    out[i] = i % 2 == 0 ? out[i / 2].doubled() : out[i - 1] + point;
  }
  return out;
}

}  // namespace

G1Affine g1_generator() {
  return {kGeneratorX, kGeneratorY};
}

bool is_on_curve(const G1Affine& point) {
  return point.is_infinity() || point.y.squared() == point.x.squared() * point.x + Fq::one();
}

bool is_in_subgroup(const G1Affine& point) {
  if (point.is_infinity()) {
    return true;
  }
  const Limbs<4> x_squared = {{kXSquared.at[0], kXSquared.at[1], 0, 0}};
  return (multiply(endomorphism(point), x_squared) + point).is_infinity();
}

G1::G1(const G1Affine& point) {
  if (!point.is_infinity()) {
    x_ = point.x;
    y_ = point.y;
    zz_ = Fq::one();
    zzz_ = Fq::one();
  }
}

G1 G1::doubled() const {
  if (is_infinity()) {
    return *this;
  }
  const Fq u = y_.doubled();
  const Fq v = u.squared();
  const Fq w = u * v;
  const Fq s = x_ * v;
  const Fq x2 = x_.squared();
  const Fq m = x2.doubled() + x2;
  G1 out;
  out.x_ = m.squared() - s.doubled();
  out.y_ = m * (s - out.x_) - w * y_;
  out.zz_ = v * zz_;  // zero if y is: a point of order two doubles to infinity
  out.zzz_ = w * zzz_;
  return out;
}

G1 G1::operator-() const {
  G1 out = *this;
  out.y_ = -y_;
  return out;
}

G1& G1::operator+=(const G1& other) {
  if (other.is_infinity()) {
    return *this;
  }
  if (is_infinity()) {
    return *this = other;
  }
  const Fq u1 = x_ * other.zz_;
  const Fq s1 = y_ * other.zzz_;
  const Fq p = other.x_ * zz_ - u1;
  const Fq r = other.y_ * zzz_ - s1;
  if (p.is_zero()) {
    return *this = r.is_zero() ? doubled() : G1();
  }
  const Fq pp = p.squared();
  const Fq ppp = p * pp;
  const Fq q = u1 * pp;
  x_ = r.squared() - ppp - q.doubled();
  y_ = r * (q - x_) - s1 * ppp;
  zz_ = zz_ * other.zz_ * pp;
  zzz_ = zzz_ * other.zzz_ * ppp;
  return *this;
}

G1& G1::operator+=(const G1Affine& other) {
  if (other.is_infinity()) {
    return *this;
  }
  if (is_infinity()) {
    return *this = G1(other);
  }
  const Fq p = other.x * zz_ - x_;
  const Fq r = other.y * zzz_ - y_;
  if (p.is_zero()) {
    return *this = r.is_zero() ? doubled() : G1();
  }
  const Fq pp = p.squared();
  const Fq ppp = p * pp;
  const Fq q = x_ * pp;
  x_ = r.squared() - ppp - q.doubled();
  y_ = r * (q - x_) - y_ * ppp;
  zz_ *= pp;
  zzz_ *= ppp;
  return *this;
}

bool operator==(const G1& a, const G1& b) {
  if (a.is_infinity() || b.is_infinity()) {
    return a.is_infinity() == b.is_infinity();
  }
  return a.x_ * b.zz_ == b.x_ * a.zz_ && a.y_ * b.zzz_ == b.y_ * a.zzz_;
}

G1Affine G1::affine() const {
  return to_affine(std::span(this, 1)).front();
}

std::vector<G1Affine> to_affine(std::span<const G1> points) {
  // One inversion of ZZZ serves both: 1/ZZ = (ZZ/ZZZ)^2, as ZZ^3 = ZZZ^2.
  std::vector<Fq> inverses;
  inverses.reserve(points.size());
  for (const G1& point : points) {
    inverses.push_back(point.zzz_);
  }
  std::vector<Fq> scratch(points.size());
  invert_all<Fq>(inverses, scratch);
  std::vector<G1Affine> out(points.size());
  for (std::size_t i = 0; i < points.size(); ++i) {
    const Fq root = points[i].zz_ * inverses[i];
    out[i] = {points[i].x_ * root.squared(), points[i].y_ * inverses[i]};
  }
  return out;
}

G1 multiply(const G1Affine& point, const Limbs<4>& scalar) {
  const auto table = multiples(point);
  G1 out;
  for (std::size_t i = 256 / kWindow; i-- > 0;) {
    for (unsigned j = 0; j < kWindow; ++j) {
      out = out.doubled();
    }
    out += table[bits(scalar, i * kWindow, kWindow)];
  }
  return out;
}

G1 multiply_in_subgroup(const G1Affine& point, const Fr& scalar) {
  const Split halves = split(scalar.canonical());
  const auto low = multiples(point);
  const auto high = multiples(endomorphism(point));
  G1 out;
  for (std::size_t i = 128 / kWindow; i-- > 0;) {
    for (unsigned j = 0; j < kWindow; ++j) {
      out = out.doubled();
    }
    out += low[bits(halves.low, i * kWindow, kWindow)];
    out += high[bits(halves.high, i * kWindow, kWindow)];
  }
  return out;
}

}  // namespace gpu
