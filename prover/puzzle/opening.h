// The opening of a commitment: the value v of f = p e at a point z that the commitment itself
// fixes, and w = [(f(beta) - v) / (beta - z)] G, which proves it (Kate, Zaverucha, Goldberg 2010).
#pragma once

#include "prover/puzzle/commit.h"

namespace prover {

// z: BLAKE2b-512 of the commitment's 96 bytes, as an integer modulo r.
Fr challenge_point(const G1Affine& commitment);

struct Opening {
  Fr value;        // v
  G1Affine proof;  // w
};

// By the epoch's bases: (f(x) - f(z)) / (x - z) = e(x) (p(x) - p(z)) / (x - z) +
// p(z) (e(x) - e(z)) / (x - z), one sum over the bases and one over the powers, no transform.
Opening open(const EpochBases& epoch, const Srs& srs, const Polynomial& prover, const Fr& at);

// By the coefficients of f = p e: one sum over the powers, and no bases. Requires two polynomials
// of the same length, and a string with powers for their product.
Opening open_by_coefficients(const Srs& srs, const Polynomial& epoch, const Polynomial& prover,
                             const Fr& at);

// As the puzzle is defined: (f(w^i) - v) / (w^i - z) over the Lagrange basis. Requires polynomials
// of the same length and a string that was prepared for it.
Opening open_literally(const Srs& srs, const Polynomial& epoch, const Polynomial& prover,
                       const Fr& at);

}  // namespace prover
