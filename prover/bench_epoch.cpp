#include "prover/bench_epoch.h"

#include <vector>

#include "prover/engine/parallel.h"

namespace prover {
namespace {

constexpr std::uint64_t kBeta = 1'000'003;

}  // namespace

std::shared_ptr<const EpochBases> make_bench_epoch(std::uint32_t degree, std::uint32_t number,
                                                   unsigned threads) {
  auto epoch = std::make_shared<EpochBases>();  // owned by whoever measures, and its engine
  epoch->challenge.degree = degree;
  epoch->challenge.epoch_number = number;
  epoch->polynomial = epoch_polynomial(epoch->challenge);
  // B_j = [beta^j e(beta)] G, by the beta that only a toy's owner knows.
  const Fr beta = Fr::from_u64(kBeta);
  std::vector<Fr> factors(degree + std::size_t{1});
  Fr factor = evaluate(epoch->polynomial, beta);
  for (Fr& at : factors) {
    at = factor;
    factor *= beta;
  }
  std::vector<gpu::G1> bases(factors.size());
  make_parallel_for(threads)(factors.size(), [&](std::size_t i) {
    bases[i] = gpu::multiply_in_subgroup(gpu::g1_generator(), factors[i]);
  });
  epoch->bases = gpu::to_affine(bases);
  return epoch;
}

gpu::G1Affine bench_commitment(const EpochBases& epoch, std::uint64_t nonce) {
  const Fr beta = Fr::from_u64(kBeta);
  const Fr product = evaluate(prover_polynomial(epoch.challenge, {}, nonce), beta) *
                     evaluate(epoch.polynomial, beta);
  return gpu::multiply_in_subgroup(gpu::g1_generator(), product).affine();
}

}  // namespace prover
