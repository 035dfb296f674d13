#include "prover/puzzle/coinbase.h"

#include <gtest/gtest.h>

#include "prover/puzzle/target.h"
#include "tests/unit/prover/puzzle/toy.h"

namespace prover {
namespace {

using test::Toy;

class CoinbaseTest : public testing::Test {
 protected:
  CoinbaseTest() {
    for (std::uint64_t nonce = 10; nonce < 15; ++nonce) {
      coinbase_.partials.push_back(toy_.solve(nonce).partial);
      sum_ += target_at(nonce - 10);
    }
    coinbase_.proof = open_coinbase(toy_.epoch, toy_.srs(), coinbase_.partials).opening.proof;
  }

  std::uint64_t target_at(std::size_t i) const {
    return target_of(coinbase_.partials[i].commitment);
  }
  CoinbaseVerdict by_pairing(const CoinbaseSolution& coinbase,
                             const CoinbaseTargets& targets = {}) const {
    return verify(toy_.key, coinbase, targets);
  }
  CoinbaseVerdict again(const CoinbaseSolution& coinbase,
                        const CoinbaseTargets& targets = {}) const {
    return recompute(toy_.epoch.challenge, toy_.srs(), coinbase, targets);
  }
  void expect_both(const CoinbaseSolution& coinbase, const CoinbaseTargets& targets,
                   const CoinbaseVerdict& verdict) const {
    EXPECT_EQ(by_pairing(coinbase, targets), verdict);
    EXPECT_EQ(again(coinbase, targets), verdict);
  }

  Toy toy_{31};
  CoinbaseSolution coinbase_;
  std::uint64_t sum_ = 0;
};

TEST_F(CoinbaseTest, OneProofStandsForAllByPairingAndByRecomputation) {
  expect_both(coinbase_, {1, sum_}, {});
}

TEST_F(CoinbaseTest, OneSolutionIsACoinbaseToo) {
  CoinbaseSolution one = {{coinbase_.partials.front()}, {}};
  one.proof = open_coinbase(toy_.epoch, toy_.srs(), one.partials).opening.proof;
  expect_both(one, {1, target_at(0)}, {});
}

TEST_F(CoinbaseTest, EveryWayOpensItTheSame) {
  const CoinbaseOpening cheap = open_coinbase(toy_.epoch, toy_.srs(), coinbase_.partials);
  const CoinbaseOpening plain = open_coinbase(toy_.epoch.challenge, toy_.srs(), coinbase_.partials);
  const Polynomial combined =
      combined_polynomial(toy_.epoch.challenge, cheap.accumulation, coinbase_.partials);
  const Opening literal =
      open_literally(toy_.srs(), toy_.epoch.polynomial, combined, cheap.accumulation.point);
  EXPECT_EQ(literal.value, cheap.opening.value);
  EXPECT_EQ(literal.proof, cheap.opening.proof);
  EXPECT_EQ(plain.opening.value, cheap.opening.value);
  EXPECT_EQ(plain.opening.proof, cheap.opening.proof);
  EXPECT_EQ(commit(toy_.epoch, combined),
            combined_commitment(cheap.accumulation, coinbase_.partials));
}

TEST_F(CoinbaseTest, TargetsAreAskedOfEachAndOfTheSum) {
  expect_both(coinbase_, {1, sum_ + 1}, {Verdict::LowTargetSum, 0, sum_});
  expect_both(coinbase_, {1, ~std::uint64_t{0}}, {Verdict::LowTargetSum, 0, sum_});
  std::size_t low = 0;
  while (target_at(low) >= sum_) {
    ++low;
  }
  expect_both(coinbase_, {sum_, 1}, {Verdict::LowTarget, low, target_at(low)});
}

TEST_F(CoinbaseTest, TheFirstThatIsToBlameIsNamed) {
  // Asked one more than the first has, so that the first whose target is no higher is another's.
  std::size_t best = 0;
  for (std::size_t i = 1; i < coinbase_.partials.size(); ++i) {
    best = target_at(i) > target_at(best) ? i : best;
  }
  std::swap(coinbase_.partials[0], coinbase_.partials[best]);
  ASSERT_LT(target_at(1), target_at(0));
  expect_both(coinbase_, {target_at(0), 0}, {Verdict::LowTarget, 1, target_at(1)});
}

TEST_F(CoinbaseTest, EqualCommitmentsAreRefused) {
  CoinbaseSolution twice = coinbase_;
  twice.partials.push_back(twice.partials[2]);
  expect_both(twice, {}, {Verdict::Duplicate, 5, 0});
  twice.partials.back().nonce += 1;
  expect_both(twice, {}, {Verdict::Duplicate, 5, 0});
}

TEST_F(CoinbaseTest, NoneAreRefused) {
  expect_both({{}, coinbase_.proof}, {}, {Verdict::BadCount, 0, 0});
}

TEST_F(CoinbaseTest, AnythingChangedIsRefused) {
  const auto expect = [&](const CoinbaseSolution& changed, const CoinbaseVerdict& by_again) {
    EXPECT_EQ(by_pairing(changed), (CoinbaseVerdict{Verdict::WrongProof, 0, 0}));
    EXPECT_EQ(again(changed), by_again);
  };
  const CoinbaseVerdict wrong_proof = {Verdict::WrongProof, 0, 0};
  CoinbaseSolution changed = coinbase_;
  changed.proof = -changed.proof;
  expect(changed, wrong_proof);
  changed.proof = {};
  expect(changed, wrong_proof);
  changed = coinbase_;
  changed.partials[2].nonce += 1;
  expect(changed, {Verdict::WrongCommitment, 2, 0});
  changed = coinbase_;
  changed.partials[4].address[3] ^= 1;
  expect(changed, {Verdict::WrongCommitment, 4, 0});
  changed = coinbase_;
  changed.partials[1].commitment = -changed.partials[1].commitment;
  expect(changed, {Verdict::WrongCommitment, 1, 0});
  changed = coinbase_;
  std::swap(changed.partials[0], changed.partials[1]);
  expect(changed, wrong_proof);
  changed = coinbase_;
  changed.partials.pop_back();
  expect(changed, wrong_proof);
}

TEST_F(CoinbaseTest, AnotherEpochOrStringIsRefused) {
  EpochChallenge other = toy_.epoch.challenge;
  other.epoch_block_hash[0] ^= 1;
  EXPECT_EQ(verify(make_epoch_key(other, toy_.toy.beta_h), coinbase_, {}).verdict,
            Verdict::WrongProof);
  EXPECT_EQ(recompute(other, toy_.srs(), coinbase_, {}).verdict, Verdict::WrongCommitment);
  EXPECT_EQ(
      verify(make_epoch_key(toy_.epoch.challenge, gpu::g2_generator()), coinbase_, {}).verdict,
      Verdict::WrongProof);
}

// Every bit by recomputation, which is quick for a degree this small; by pairing, one bit of every
// field.
TEST(SmallCoinbaseTest, OneBitChangedAnywhereIsRefused) {
  const Toy toy(3);
  CoinbaseSolution coinbase;
  coinbase.partials = {toy.solve(1).partial, toy.solve(2).partial};
  coinbase.proof = open_coinbase(toy.epoch, toy.srs(), coinbase.partials).opening.proof;
  const auto good = encode(coinbase);
  const auto changed_at = [&](std::size_t bit) {
    auto bytes = good;
    bytes[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
    return decode_coinbase_solution(bytes);
  };
  std::size_t decoded = 0;
  for (std::size_t bit = 0; bit < good.size() * 8; ++bit) {
    if (const auto changed = changed_at(bit); changed.ok()) {
      ++decoded;
      EXPECT_NE(recompute(toy.epoch.challenge, toy.srs(), changed.value(), {}).verdict,
                Verdict::Valid)
          << "bit " << bit;
    }
  }
  EXPECT_GE(decoded, 2U * (64 + 250 + 1) + 1) << "nonces, addresses and signs have other values";

  constexpr std::size_t kFirst = 4;  // after the count
  constexpr std::size_t kSign = 7;   // of a compressed point's last byte
  for (std::size_t i = 0; i < 2; ++i) {
    const std::size_t at = kFirst + i * kPartialSolutionBytes;
    for (const std::size_t bit : {at * 8, (at + 32) * 8, (at + 87) * 8 + kSign}) {
      EXPECT_EQ(verify(toy.key, changed_at(bit).value(), {}).verdict, Verdict::WrongProof);
    }
  }
  EXPECT_EQ(verify(toy.key, changed_at((good.size() - 2) * 8 + kSign).value(), {}).verdict,
            Verdict::WrongProof);
}

}  // namespace
}  // namespace prover
