#include "prover/puzzle/opening.h"

#include <gtest/gtest.h>

#include "prover/puzzle/target.h"
#include "tests/unit/prover/puzzle/toy.h"

namespace prover {
namespace {

using test::Toy;

class OpeningTest : public testing::Test {
 protected:
  Toy toy_{31};
};

TEST_F(OpeningTest, BothWaysGiveTheQuotientAtBeta) {
  const Polynomial prover = toy_.prover(3);
  const Fr at = challenge_point(commit(toy_.epoch, prover));
  const Fr beta = toy_.toy.beta;
  const Fr value = evaluate(prover, at) * evaluate(toy_.epoch.polynomial, at);
  const Fr at_beta = evaluate(prover, beta) * evaluate(toy_.epoch.polynomial, beta);
  const Fr quotient_at_beta = (at_beta - value) * (beta - at).inverse();
  const auto expected = gpu::multiply_in_subgroup(gpu::g1_generator(), quotient_at_beta).affine();

  for (const Opening& opening :
       {open(toy_.epoch, toy_.srs(), prover, at),
        open_by_coefficients(toy_.srs(), toy_.epoch.polynomial, prover, at),
        open_literally(toy_.srs(), toy_.epoch.polynomial, prover, at)}) {
    EXPECT_EQ(opening.value, value);
    EXPECT_EQ(opening.proof, expected);
  }
}

TEST_F(OpeningTest, APointOfTheDomainIsOpenedTheSame) {
  const Polynomial prover = toy_.prover(4);
  const Fr at = gpu::NttDomain(domain_log_size(31)).element(5);
  const Opening literal = open_literally(toy_.srs(), toy_.epoch.polynomial, prover, at);
  const Opening cheap = open(toy_.epoch, toy_.srs(), prover, at);
  EXPECT_EQ(literal.value, cheap.value);
  EXPECT_EQ(literal.proof, cheap.proof);
}

class VerifyTest : public testing::Test {
 protected:
  // A solution with a target above one, so that there is something to ask too much of.
  VerifyTest() {
    while (target_of((solution_ = toy_.solve(nonce_)).partial.commitment) < 2) {
      ++nonce_;
    }
    target_ = target_of(solution_.partial.commitment);
  }

  Verdict by_pairing(const ProverSolution& solution, std::uint64_t target_min = 1) const {
    return verify(toy_.key, solution, target_min);
  }
  Verdict again(const ProverSolution& solution, std::uint64_t target_min = 1) const {
    return recompute(toy_.epoch, toy_.srs(), solution, target_min);
  }

  Toy toy_{31};
  std::uint64_t nonce_ = 0;
  ProverSolution solution_;
  std::uint64_t target_ = 0;
};

TEST_F(VerifyTest, ASolutionIsValidByPairingAndByRecomputation) {
  EXPECT_EQ(by_pairing(solution_, target_), Verdict::Valid);
  EXPECT_EQ(again(solution_, target_), Verdict::Valid);
}

TEST_F(VerifyTest, ATargetBelowWhatIsAskedIsSaidSo) {
  EXPECT_EQ(by_pairing(solution_, target_ + 1), Verdict::LowTarget);
  EXPECT_EQ(again(solution_, target_ + 1), Verdict::LowTarget);
}

TEST_F(VerifyTest, AnotherNonceOrAddressIsRefused) {
  ProverSolution other = solution_;
  other.partial.nonce += 1;
  EXPECT_EQ(by_pairing(other), Verdict::WrongProof);
  EXPECT_EQ(again(other), Verdict::WrongCommitment);
  other = solution_;
  other.partial.address[0] ^= 1;
  EXPECT_EQ(by_pairing(other), Verdict::WrongProof);
  EXPECT_EQ(again(other), Verdict::WrongCommitment);
}

TEST_F(VerifyTest, AnotherCommitmentIsRefused) {
  ProverSolution other = solution_;
  other.partial.commitment = gpu::g1_generator();
  EXPECT_EQ(by_pairing(other), Verdict::WrongProof);
  EXPECT_EQ(again(other), Verdict::WrongCommitment);
}

TEST_F(VerifyTest, AnotherProofIsRefused) {
  ProverSolution other = solution_;
  other.proof = -other.proof;
  EXPECT_EQ(by_pairing(other), Verdict::WrongProof);
  EXPECT_EQ(again(other), Verdict::WrongProof);
  other.proof = {};
  EXPECT_EQ(by_pairing(other), Verdict::WrongProof);
  EXPECT_EQ(again(other), Verdict::WrongProof);
}

TEST_F(VerifyTest, AnotherEpochOrStringIsRefused) {
  EpochChallenge challenge = toy_.epoch.challenge;
  challenge.epoch_number += 1;
  EXPECT_EQ(verify(make_epoch_key(challenge, toy_.toy.beta_h), solution_, 1), Verdict::WrongProof);
  EXPECT_EQ(verify(make_epoch_key(toy_.epoch.challenge, gpu::g2_generator()), solution_, 1),
            Verdict::WrongProof);
}

TEST_F(VerifyTest, VerdictsHaveTexts) {
  EXPECT_EQ(text_of(Verdict::Valid), "valid");
  EXPECT_EQ(text_of(Verdict::LowTarget), "target below what is asked");
  EXPECT_EQ(text_of(Verdict::LowTargetSum), "sum of the targets below what is asked");
  EXPECT_EQ(text_of(Verdict::Duplicate), "two equal commitments");
  EXPECT_EQ(text_of(Verdict::BadCount), "no solutions, or too many");
  EXPECT_EQ(text_of(Verdict::WrongCommitment), "commitment to something else");
  EXPECT_EQ(text_of(Verdict::WrongProof), "the proof does not hold");
}

}  // namespace
}  // namespace prover
