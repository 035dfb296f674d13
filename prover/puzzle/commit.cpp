#include "prover/puzzle/commit.h"

#include <algorithm>
#include <utility>

#include "gpu/msm/msm.h"
#include "overlay/base/check.h"

namespace prover {
namespace {

// Points that one task scales: enough that sharing an inversion and handing over are small.
constexpr std::size_t kPointsPerTask = 64;

std::vector<Fr> values_on(const gpu::NttDomain& domain, const Polynomial& polynomial) {
  std::vector<Fr> values = polynomial;
  values.resize(domain.size());
  gpu::ntt_forward(domain, values);
  return values;
}

std::vector<Fr> product_values(const gpu::NttDomain& domain, const Polynomial& a,
                               const Polynomial& b) {
  std::vector<Fr> values = values_on(domain, a);
  const std::vector<Fr> others = values_on(domain, b);
  for (std::size_t i = 0; i < values.size(); ++i) {
    values[i] *= others[i];
  }
  return values;
}

std::uint32_t degree_of(const Polynomial& a, const Polynomial& b) {
  CHECK(a.size() == b.size() && a.size() >= 2 && a.size() <= kDegreeMax + 1);
  return static_cast<std::uint32_t>(a.size() - 1);
}

}  // namespace

EpochBases make_epoch_bases(const Srs& srs, const EpochChallenge& challenge,
                            const gpu::ParallelFor& parallel_for, const PointTransform& transform) {
  EpochBases out = {challenge, epoch_polynomial(challenge), {}};
  const gpu::NttDomain domain(domain_log_size(challenge.degree));
  const std::vector<Fr> values = values_on(domain, out.polynomial);
  const auto lagrange = srs.lagrange(challenge.degree);
  if (transform) {
    if (auto bases = transform(domain, lagrange, values); bases.has_value()) {
      CHECK(bases->size() == domain.size());
      out.bases = std::move(*bases);
      out.bases.resize(std::size_t{challenge.degree} + 1);
      return out;
    }
  }
  std::vector<G1Affine> scaled(domain.size());
  parallel_for((scaled.size() + kPointsPerTask - 1) / kPointsPerTask, [&](std::size_t task) {
    const std::size_t first = task * kPointsPerTask;
    const std::size_t last = std::min(first + kPointsPerTask, scaled.size());
    std::vector<gpu::G1> points;
    for (std::size_t i = first; i < last; ++i) {
      points.push_back(gpu::multiply_in_subgroup(lagrange[i], values[i]));
    }
    std::ranges::copy(gpu::to_affine(points), scaled.begin() + static_cast<std::ptrdiff_t>(first));
  });
  // Output j of the transform is sum_i w^(ij) e(w^i) L_i, which is a commitment to x^j e(x) as long
  // as that fits into the domain.
  out.bases = gpu::g1_ntt_forward(domain, scaled, parallel_for);
  out.bases.resize(std::size_t{challenge.degree} + 1);
  return out;
}

Polynomial product(const Polynomial& a, const Polynomial& b, std::uint32_t degree) {
  CHECK(a.size() == std::size_t{degree} + 1 && b.size() == a.size());
  const gpu::NttDomain domain(domain_log_size(degree));
  Polynomial out = product_values(domain, a, b);
  gpu::ntt_inverse(domain, out);
  return out;
}

G1Affine commit_literally(const Srs& srs, const Polynomial& epoch, const Polynomial& prover) {
  const std::uint32_t degree = degree_of(epoch, prover);
  const gpu::NttDomain domain(domain_log_size(degree));
  return gpu::msm(srs.lagrange(degree), product_values(domain, epoch, prover)).affine();
}

G1Affine commit_by_coefficients(const Srs& srs, const Polynomial& epoch, const Polynomial& prover) {
  const Polynomial both = product(epoch, prover, degree_of(epoch, prover));
  CHECK(both.size() <= srs.powers().size());
  return gpu::msm(srs.powers().first(both.size()), both).affine();
}

G1Affine commit(const EpochBases& epoch, const Polynomial& prover) {
  return gpu::msm(epoch.bases, prover).affine();
}

}  // namespace prover
