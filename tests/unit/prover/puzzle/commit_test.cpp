#include "prover/puzzle/commit.h"

#include <gtest/gtest.h>

#include "gpu/msm/batch_sums.h"
#include "gpu/msm/window_table.h"
#include "prover/puzzle/target.h"
#include "tests/unit/prover/puzzle/toy.h"

namespace prover {
namespace {

using test::Toy;

G1Affine times_generator(const Fr& scalar) {
  return gpu::multiply_in_subgroup(gpu::g1_generator(), scalar).affine();
}

TEST(PolynomialTest, QuotientTimesItsDivisorIsTheDifference) {
  const Polynomial p = prover_polynomial(test::toy_challenge(8), {}, 1);
  const Fr at = Fr::from_u64(12345);
  const Fr x = Fr::from_u64(777);
  const Polynomial q = quotient(p, at);
  EXPECT_EQ(q.size(), p.size() - 1);
  EXPECT_EQ(evaluate(q, x) * (x - at), evaluate(p, x) - evaluate(p, at));
  EXPECT_TRUE(quotient({Fr::one()}, at).empty());
  EXPECT_TRUE(evaluate({}, at).is_zero());
}

TEST(PolynomialTest, TheDomainHoldsTheProductAndNoMoreThanNeeded) {
  EXPECT_EQ(domain_log_size(1), 2U);
  EXPECT_EQ(domain_log_size(31), 6U);
  EXPECT_EQ(domain_log_size(32), 7U);
  EXPECT_EQ(domain_log_size(255), 9U);
  EXPECT_EQ(domain_log_size(kPuzzleDegree), 14U);
  EXPECT_EQ(domain_log_size(kDegreeMax), 15U);
}

TEST(PolynomialTest, CoefficientsDependOnAllThatIsHashed) {
  const EpochChallenge challenge = test::toy_challenge(1);
  EpochChallenge other = challenge;
  other.epoch_number += 1;
  const Fr first = prover_polynomial(challenge, {}, 0).front();
  EXPECT_FALSE(prover_polynomial(challenge, {}, 1).front() == first);
  EXPECT_FALSE(prover_polynomial(challenge, {1}, 0).front() == first);
  EXPECT_FALSE(prover_polynomial(other, {}, 0).front() == first);
  EXPECT_FALSE(epoch_polynomial(challenge).front() == first);
  other = challenge;
  other.degree = 9;
  EXPECT_EQ(prover_polynomial(other, {}, 0).front(), first);
}

// Degrees that fill their domain and that do not.
class CommitTest : public testing::TestWithParam<std::uint32_t> {};
INSTANTIATE_TEST_SUITE_P(Degrees, CommitTest, testing::Values(1U, 2U, 31U, 32U, 255U));

TEST_P(CommitTest, EveryWayGivesTheValueAtBeta) {
  const Toy toy(GetParam());
  const Fr epoch_value = evaluate(toy.epoch.polynomial, toy.toy.beta);
  for (const std::uint64_t nonce : {std::uint64_t{0}, ~std::uint64_t{0}}) {
    const Polynomial prover = toy.prover(nonce);
    const G1Affine expected = times_generator(evaluate(prover, toy.toy.beta) * epoch_value);
    EXPECT_EQ(commit_literally(toy.srs(), toy.epoch.polynomial, prover), expected);
    EXPECT_EQ(commit_by_coefficients(toy.srs(), toy.epoch.polynomial, prover), expected);
    EXPECT_EQ(commit(toy.epoch, prover), expected);
  }
}

TEST_P(CommitTest, BasesAreTheEpochsValueTimesPowersOfBeta) {
  const Toy toy(GetParam());
  Fr value = evaluate(toy.epoch.polynomial, toy.toy.beta);
  ASSERT_EQ(toy.epoch.bases.size(), GetParam() + 1);
  for (const G1Affine& base : toy.epoch.bases) {
    EXPECT_EQ(base, times_generator(value));
    value *= toy.toy.beta;
  }
}

// The ways that engines take, over the same bases.
TEST(CommitByTablesTest, TablesAndBatchesGiveTheCommitment) {
  const Toy toy(31);
  const gpu::WindowTable table(toy.epoch.bases, 4);
  constexpr std::size_t kProofs = gpu::BatchSums::kProofsStep;
  const auto sums = gpu::BatchSums::make(gpu::best_arithmetic(), {kProofs, 4});
  std::vector<crypto::Digest256> seeds;
  std::vector<G1Affine> expected;
  for (std::uint64_t nonce = 0; nonce < kProofs; ++nonce) {
    seeds.push_back(prover_seed(toy.epoch.challenge, Toy::kAddress, nonce));
    expected.push_back(commit(toy.epoch, toy.prover(nonce)));
    std::vector<gpu::Limbs<4>> scalars;
    for (std::uint32_t j = 0; j <= 31; ++j) {
      scalars.push_back(hash_to_coefficient(seeds.back(), j));
    }
    EXPECT_EQ(table.sum(scalars), expected.back());
  }
  for (std::uint32_t j = 0; j <= 31; ++j) {
    std::vector<gpu::Limbs<4>> scalars;
    for (const crypto::Digest256& seed : seeds) {
      scalars.push_back(hash_to_coefficient(seed, j));
    }
    sums->add(std::span(&toy.epoch.bases[j], 1), scalars);
  }
  EXPECT_EQ(sums->sums(), expected);
}

TEST(TargetTest, IsTheLargestNumberOverTheHash) {
  EXPECT_EQ(target_of_hash(0), 18446744073709551615U);
  EXPECT_EQ(target_of_hash(1), 18446744073709551615U);
  EXPECT_EQ(target_of_hash(2), 9223372036854775807U);
  EXPECT_EQ(target_of_hash(18446744073709551615U), 1U);
  EXPECT_EQ(target_of_hash(18446744073709551614U), 1U);
  EXPECT_EQ(target_of_hash(9223372036854775808U), 1U);
  EXPECT_EQ(target_of_hash(9223372036854775807U), 2U);
}

}  // namespace
}  // namespace prover
