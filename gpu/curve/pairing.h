// The optimal ate pairing of BLS12-377 (Vercauteren, "Optimal pairings", 2010): bilinear,
// e(a P, b Q) = e(P, Q)^(ab), and not one for generators.
//
// Its third power, in truth: the final exponent is three times the usual one, which has a short
// addition chain and changes no equation. A few milliseconds. For verification.
#pragma once

#include <span>

#include "gpu/curve/g1.h"
#include "gpu/curve/g2.h"

namespace gpu {

struct PairingTerm {
  G1Affine p;
  G2Affine q;
};

// The product of the pairings of all terms; terms with infinity count as one. Requires points of
// the subgroups. Lines of all terms share an inversion, and all share the final exponentiation.
Fq12 pairing_product(std::span<const PairingTerm> terms);

// e(a.p, a.q) == e(b.p, b.q).
bool pairings_are_equal(const PairingTerm& a, const PairingTerm& b);

}  // namespace gpu
