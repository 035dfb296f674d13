#include "prover/puzzle/opening.h"

#include "gpu/msm/msm.h"
#include "overlay/base/check.h"
#include "overlay/crypto/digest.h"

namespace prover {

Fr challenge_point(const G1Affine& commitment) {
  const crypto::Digest512 digest = crypto::blake2b_512(gpu::encode(commitment));
  return Fr::from_canonical(
      Fr::reduce_wide(gpu::from_bytes<4>(digest.data()), gpu::from_bytes<4>(digest.data() + 32)));
}

Opening open(const EpochBases& epoch, const Srs& srs, const Polynomial& prover, const Fr& at) {
  CHECK(prover.size() == epoch.bases.size());
  const Fr prover_value = evaluate(prover, at);
  const Polynomial of_prover = quotient(prover, at);
  Polynomial of_epoch = quotient(epoch.polynomial, at);
  for (Fr& coefficient : of_epoch) {
    coefficient *= prover_value;
  }
  const std::span<const G1Affine> bases = epoch.bases;
  return {prover_value * evaluate(epoch.polynomial, at),
          (gpu::msm(bases.first(of_prover.size()), of_prover) +
           gpu::msm(srs.powers().first(of_epoch.size()), of_epoch))
              .affine()};
}

Opening open_by_coefficients(const Srs& srs, const Polynomial& epoch, const Polynomial& prover,
                             const Fr& at) {
  CHECK(!epoch.empty());
  const Polynomial both = product(epoch, prover, static_cast<std::uint32_t>(epoch.size() - 1));
  const Polynomial rest = quotient(both, at);
  CHECK(rest.size() <= srs.powers().size());
  return {evaluate(both, at), gpu::msm(srs.powers().first(rest.size()), rest).affine()};
}

Opening open_literally(const Srs& srs, const Polynomial& epoch, const Polynomial& prover,
                       const Fr& at) {
  const auto degree = static_cast<std::uint32_t>(epoch.size() - 1);
  const gpu::NttDomain domain(domain_log_size(degree));
  const Polynomial both = product(epoch, prover, degree);
  const Fr value = evaluate(both, at);
  std::vector<Fr> values = both;
  gpu::ntt_forward(domain, values);
  std::vector<Fr> inverses(domain.size());
  std::vector<Fr> scratch(domain.size());
  for (std::size_t i = 0; i < domain.size(); ++i) {
    inverses[i] = domain.element(i) - at;
  }
  gpu::invert_all<Fr>(inverses, scratch);
  for (std::size_t i = 0; i < domain.size(); ++i) {
    // A point of the domain itself would be 0 / 0: there the quotient is evaluated.
    values[i] = inverses[i].is_zero() ? evaluate(quotient(both, at), at)
                                      : (values[i] - value) * inverses[i];
  }
  return {value, gpu::msm(srs.lagrange(degree), values).affine()};
}

}  // namespace prover
