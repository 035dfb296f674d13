#include "prover/selftest.h"

#include <vector>

#include "gpu/msm/batch_sums.h"
#include "gpu/msm/msm.h"
#include "prover/engine/coefficient_hash.h"
#include "prover/puzzle/commit.h"
#include "prover/puzzle/opening.h"
#include "prover/puzzle/target.h"
#include "prover/puzzle/verify.h"

namespace prover {
namespace {

constexpr std::uint32_t kDegree = 255;
constexpr std::size_t kNonces = gpu::BatchSums::kProofsStep;

struct World {
  ToySrs toy = make_toy_srs(Fr::from_u64(0x5e1f7e57), kDegree);
  EpochChallenge challenge{.epoch_number = 7, .epoch_block_hash = {1, 2, 3}, .degree = kDegree};
  Bytes32 address{4, 5, 6};
  EpochBases epoch;
  std::vector<Polynomial> provers;
  std::vector<G1Affine> expected;

  World() {
    toy.srs.prepare(kDegree, gpu::one_after_another);
    epoch = make_epoch_bases(toy.srs, challenge, gpu::one_after_another);
    const Fr at_beta = evaluate(epoch.polynomial, toy.beta);
    for (std::uint64_t nonce = 0; nonce < kNonces; ++nonce) {
      provers.push_back(prover_polynomial(challenge, address, nonce));
      expected.push_back(gpu::multiply_in_subgroup(gpu::g1_generator(),
                                                   evaluate(provers.back(), toy.beta) * at_beta)
                             .affine());
    }
  }
};

std::string check_hashes(const World& world) {
  std::vector<Seed> seeds;
  for (std::uint64_t nonce = 0; nonce < kNonces; ++nonce) {
    seeds.push_back(prover_seed(world.challenge, world.address, nonce));
  }
  std::array<gpu::Limbs<4>, kSeedLanes> out;
  for (std::uint32_t i = 0; i <= kDegree; ++i) {
    hash_coefficients(std::span(seeds).first<kSeedLanes>(), i, out);
    for (std::size_t lane = 0; lane < kSeedLanes; ++lane) {
      if (out[lane] != world.provers[lane][i].canonical()) {
        return "coefficient " + std::to_string(i) + " of nonce " + std::to_string(lane);
      }
    }
  }
  return "";
}

std::string check_routes(const World& world) {
  for (std::size_t i = 0; i < kNonces; ++i) {
    const Polynomial& e = world.epoch.polynomial;
    const std::string nonce = ", nonce " + std::to_string(i);
    if (commit_literally(world.toy.srs, e, world.provers[i]) != world.expected[i]) {
      return "the literal route" + nonce;
    }
    if (commit_by_coefficients(world.toy.srs, e, world.provers[i]) != world.expected[i]) {
      return "the route by coefficients" + nonce;
    }
    if (commit(world.epoch, world.provers[i]) != world.expected[i]) {
      return "the route by epoch bases" + nonce;
    }
  }
  return "";
}

std::string check_sums(const World& world, gpu::Arithmetic arithmetic) {
  const auto sums = gpu::BatchSums::make(arithmetic, {.proofs = kNonces, .width = 7});
  std::vector<gpu::Limbs<4>> scalars(kNonces);
  for (std::size_t j = 0; j < world.epoch.bases.size(); ++j) {
    for (std::size_t i = 0; i < kNonces; ++i) {
      scalars[i] = world.provers[i][j].canonical();
    }
    sums->add(std::span(world.epoch.bases).subspan(j, 1), scalars);
  }
  const auto points = sums->sums();
  for (std::size_t i = 0; i < kNonces; ++i) {
    if (points[i] != world.expected[i]) {
      return "nonce " + std::to_string(i) + " has another commitment";
    }
  }
  return "";
}

std::string check_opening(const World& world) {
  const EpochKey key = make_epoch_key(world.challenge, world.toy.beta_h);
  const Fr z = challenge_point(world.expected[0]);
  ProverSolution solution{
      .partial = {.address = world.address, .nonce = 0, .commitment = world.expected[0]},
      .proof = open(world.epoch, world.toy.srs, world.provers[0], z).proof};
  if (const Verdict verdict = verify(key, solution, 1); verdict != Verdict::Valid) {
    return "a right solution is refused: " + std::string(text_of(verdict));
  }
  solution.partial.nonce = 1;
  return verify(key, solution, 1) == Verdict::Valid ? "a wrong solution is taken" : "";
}

}  // namespace

bool run_selftest(
    const std::function<void(const std::string& name, const std::string& why)>& tell) {
  bool all = true;
  const auto report = [&](const std::string& name, const std::string& why) {
    all = all && why.empty();
    tell(name, why);
  };
  const World world;
  report("hashes of eight nonces at once", check_hashes(world));
  report("commitments by three routes", check_routes(world));
  for (const auto arithmetic : {gpu::Arithmetic::Scalar, gpu::Arithmetic::Adx, gpu::Arithmetic::Fma,
                                gpu::Arithmetic::Ifma}) {
    if (gpu::is_supported(arithmetic)) {
      report("batched sums, " + std::string(gpu::name(arithmetic)), check_sums(world, arithmetic));
    }
  }
  report("opening and pairing", check_opening(world));
  return all;
}

}  // namespace prover
