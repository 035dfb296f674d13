// G1 of BLS12-377: y^2 = x^3 + 1 over Fq, in short Weierstrass form.
//
// G1Affine is how points are stored and summed in batches; G1 (XYZZ coordinates: x = X/ZZ,
// y = Y/ZZZ, ZZ^3 = ZZZ^2) is for sums that go on. Formulas: madd-2008-s, add-2008-s, dbl-2008-s-1
// of the Explicit-Formulas Database. All handle equal, opposite and infinite operands.
//
// A point here is on the curve but need not be in the subgroup of order r: what comes from outside
// goes through g1_codec.h, which checks.
#pragma once

#include <span>
#include <vector>

#include "gpu/field/bls12_377.h"

namespace gpu {

// Infinity is (0, 0), which is not on the curve.
struct G1Affine {
  Fq x;
  Fq y;

  bool is_infinity() const { return x.is_zero() && y.is_zero(); }
  G1Affine operator-() const { return {x, -y}; }
  friend bool operator==(const G1Affine&, const G1Affine&) = default;
};

// The generator that snarkVM fixes; other libraries use another one.
G1Affine g1_generator();

// Requires coordinates below the modulus, which Fq ensures. Infinity counts as on the curve.
bool is_on_curve(const G1Affine& point);

// Whether r * point is infinity, by the endomorphism: x^2 phi(P) = -P (Scott, "A note on group
// membership tests for G1, G2 and GT on BLS pairing-friendly curves", 2021). About 127 doublings.
// Requires a point on the curve.
bool is_in_subgroup(const G1Affine& point);

class G1 {
 public:
  G1() = default;  // infinity
  explicit G1(const G1Affine& point);

  bool is_infinity() const { return zz_.is_zero(); }
  G1 doubled() const;  // 6 products, 3 squares
  G1 operator-() const;
  G1& operator+=(const G1& other);        // 12 products, 2 squares
  G1& operator+=(const G1Affine& other);  // 8 products, 2 squares
  friend G1 operator+(G1 a, const G1& b) { return a += b; }
  friend G1 operator+(G1 a, const G1Affine& b) { return a += b; }

  // As points, not as coordinates.
  friend bool operator==(const G1& a, const G1& b);

  G1Affine affine() const;  // one inversion

 private:
  friend std::vector<G1Affine> to_affine(std::span<const G1> points);

  Fq x_;
  Fq y_;
  Fq zz_;
  Fq zzz_;
};

// All of them with one inversion.
std::vector<G1Affine> to_affine(std::span<const G1> points);

// scalar * point. The first takes any point and any integer; the second, about twice as fast,
// requires a point of the subgroup: it splits the scalar in halves by the endomorphism
// (Gallant, Lambert, Vanstone 2001).
G1 multiply(const G1Affine& point, const Limbs<4>& scalar);
G1 multiply_in_subgroup(const G1Affine& point, const Fr& scalar);

}  // namespace gpu
