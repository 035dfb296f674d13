// A prover's commitment C = [p(beta) e(beta)] G to the product of its polynomial p and the epoch's
// e, by three ways that give the same point:
//
//   literally         as the puzzle is defined: the product's values on the domain, summed over the
//                     Lagrange basis
//   by coefficients   the product's coefficients, summed over the powers of beta
//   by epoch bases    p's coefficients, summed over B_j = [beta^j e(beta)] G: half the terms and no
//                     transform, for bases that an epoch's provers make once
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "gpu/curve/g1.h"
#include "gpu/ntt/ntt.h"
#include "prover/puzzle/challenge.h"
#include "prover/puzzle/polynomial.h"
#include "prover/puzzle/srs.h"

namespace prover {

using gpu::G1Affine;

struct EpochBases {
  EpochChallenge challenge;
  Polynomial polynomial;        // e
  std::vector<G1Affine> bases;  // B_0 ... B_degree
};

// Whoever can do an epoch's transform faster than ParallelFor: out[j] = sum_i w^(ij) values[i]
// points[i] over the domain. Nothing where it failed.
using PointTransform = std::function<std::optional<std::vector<G1Affine>>(
    const gpu::NttDomain& domain, std::span<const G1Affine> points, std::span<const Fr> values)>;

// By the forward transform of e(w^i) L_i: seconds for degree 8191. Requires that the string was
// prepared for the challenge's degree.
EpochBases make_epoch_bases(const Srs& srs, const EpochChallenge& challenge,
                            const gpu::ParallelFor& parallel_for,
                            const PointTransform& transform = nullptr);

// The coefficients of the product, as many as the domain has points. Requires two polynomials with
// `degree` + 1 coefficients.
Polynomial product(const Polynomial& a, const Polynomial& b, std::uint32_t degree);

// Require polynomials of the same length; the first also that the string was prepared for it.
G1Affine commit_literally(const Srs& srs, const Polynomial& epoch, const Polynomial& prover);
G1Affine commit_by_coefficients(const Srs& srs, const Polynomial& epoch, const Polynomial& prover);
G1Affine commit(const EpochBases& epoch, const Polynomial& prover);

}  // namespace prover
