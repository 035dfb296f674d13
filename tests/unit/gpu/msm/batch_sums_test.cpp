#include "gpu/msm/batch_sums.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "gpu/msm/batch_makers.h"
#include "gpu/msm/elements.h"
#include "tests/unit/gpu/msm/sums.h"
#include "tests/unit/gpu/random.h"

namespace gpu {
namespace {

// Every arithmetic that this processor has, and the lanes of Fma and Ifma in plain C++ on any.
struct Kind {
  std::string name;
  std::unique_ptr<BatchSums> (*make)(BatchSums::Shape);
};

std::vector<Kind> kinds() {
  std::vector<Kind> out = {
      {"scalar", [](BatchSums::Shape shape) { return BatchSums::make(Arithmetic::Scalar, shape); }},
      {"lanes", detail::make_batch_sums_lanes_portable},
      {"doubles", detail::make_batch_sums_doubles_portable}};
  if (is_supported(Arithmetic::Adx)) {
    out.push_back(
        {"adx", [](BatchSums::Shape shape) { return BatchSums::make(Arithmetic::Adx, shape); }});
  }
  if (is_supported(Arithmetic::Fma)) {
    out.push_back(
        {"fma", [](BatchSums::Shape shape) { return BatchSums::make(Arithmetic::Fma, shape); }});
  }
  if (is_supported(Arithmetic::Ifma)) {
    out.push_back(
        {"ifma", [](BatchSums::Shape shape) { return BatchSums::make(Arithmetic::Ifma, shape); }});
  }
  return out;
}

class BatchSumsTest : public testing::TestWithParam<Kind> {
 protected:
  // Adds a base with one scalar a proof, and remembers both.
  void add(BatchSums& sums, const G1Affine& base, const std::vector<Fr>& scalars) {
    std::vector<Limbs<4>> limbs;
    for (std::size_t proof = 0; proof < scalars.size(); ++proof) {
      limbs.push_back(scalars[proof].canonical());
      expected_[proof] += multiply(base, limbs.back());
    }
    sums.add(std::span(&base, 1), limbs);
  }

  std::vector<Fr> random_scalars(std::size_t count) {
    std::vector<Fr> out(count);
    for (Fr& scalar : out) {
      scalar = test::random_element<Fr>(random_);
    }
    return out;
  }

  base::SeededRandom random_{20};
  std::vector<G1> expected_ = std::vector<G1>(kProofs);
  static constexpr std::size_t kProofs = 8;
};
INSTANTIATE_TEST_SUITE_P(Arithmetics, BatchSumsTest, testing::ValuesIn(kinds()),
                         [](const auto& kind) { return kind.param.name; });

TEST_P(BatchSumsTest, AreTheSumsOfTheProducts) {
  // 48 proofs and a narrow window make more than one chunk.
  for (const BatchSums::Shape shape : {BatchSums::Shape{8, 2}, BatchSums::Shape{48, 3},
                                       BatchSums::Shape{8, 4}, BatchSums::Shape{16, 7}}) {
    const std::size_t bases_count = shape.proofs == 48 ? 4 : 7;
    std::vector<G1Affine> bases;
    std::vector<Limbs<4>> scalars;
    for (std::size_t i = 0; i < bases_count; ++i) {
      bases.push_back(test::random_point(random_));
      for (std::size_t p = 0; p < shape.proofs; ++p) {
        scalars.push_back(test::random_element<Fr>(random_).canonical());
      }
    }
    const auto sums = GetParam().make(shape);
    sums->add(std::span(bases).first(3), std::span(scalars).first(3 * shape.proofs));
    sums->add(std::span(bases).subspan(3), std::span(scalars).subspan(3 * shape.proofs));
    const auto out = sums->sums();
    ASSERT_EQ(out.size(), shape.proofs);
    for (std::size_t p = 0; p < shape.proofs; ++p) {
      std::vector<Limbs<4>> of_proof;
      for (std::size_t i = 0; i < bases_count; ++i) {
        of_proof.push_back(scalars[i * shape.proofs + p]);
      }
      ASSERT_EQ(out[p], test::naive_sum(bases, of_proof)) << p;
    }
  }
}

TEST_P(BatchSumsTest, AreZeroAtFirstAndAfterClear) {
  const auto sums = GetParam().make({kProofs, 4});
  EXPECT_EQ(sums->sums(), std::vector<G1Affine>(kProofs));
  add(*sums, g1_generator(), random_scalars(kProofs));
  sums->clear();
  EXPECT_EQ(sums->sums(), std::vector<G1Affine>(kProofs));

  expected_ = std::vector<G1>(kProofs);
  add(*sums, g1_generator(), random_scalars(kProofs));
  EXPECT_EQ(sums->sums(), to_affine(expected_));
}

TEST_P(BatchSumsTest, EqualOppositeAndInfiniteOperandsAreExact) {
  const auto sums = GetParam().make({kProofs, 3});
  const G1Affine p = test::random_point(random_);
  const auto scalars = random_scalars(kProofs);

  add(*sums, p, scalars);
  add(*sums, p, scalars);  // every accumulator meets its equal
  EXPECT_EQ(sums->sums(), to_affine(expected_));
  add(*sums, G1Affine(), scalars);  // a base that is infinite
  const G1Affine opposite = -(G1(p).doubled()).affine();
  add(*sums, opposite, scalars);  // every accumulator meets its opposite
  EXPECT_EQ(sums->sums(), std::vector<G1Affine>(kProofs));
  add(*sums, p, scalars);  // and goes on from infinity
  add(*sums, test::random_point(random_), random_scalars(kProofs));
  add(*sums, test::random_point(random_), random_scalars(kProofs));
  EXPECT_EQ(sums->sums(), to_affine(expected_));
}

TEST_P(BatchSumsTest, SpecialScalarsAreExact) {
  const auto sums = GetParam().make({kProofs, 5});
  const std::vector<Fr> special = {Fr::zero(),       Fr::one(),         -Fr::one(),
                                   Fr::from_u64(2),  -Fr::from_u64(2),  Fr::zero(),
                                   Fr::from_u64(31), Fr::from_u64(1024)};
  for (int i = 0; i < 4; ++i) {
    add(*sums, test::random_point(random_), special);
  }
  const auto out = sums->sums();
  EXPECT_EQ(out, to_affine(expected_));
  EXPECT_TRUE(out.front().is_infinity());
}

TEST_P(BatchSumsTest, StayRightOverManyBases) {
  // More additions than the lanes of Ifma may let their values grow for.
  const auto sums = GetParam().make({kProofs, 2});
  G1Affine base = test::random_point(random_);
  for (unsigned i = 0; i < kLanesBoundMax / 2; ++i) {
    add(*sums, base, random_scalars(kProofs));
    base = (G1(base).doubled() + g1_generator()).affine();
  }
  EXPECT_EQ(sums->sums(), to_affine(expected_));
}

TEST(LanesElementTest, TheLargestValueStillComesOutOfItsLane) {
  EXPECT_TRUE(from_lanes(kMultiplesOfQ[kLanesBoundMax]).is_zero());
}

TEST(BestWidthTest, CostsTheFewestAdditions) {
  EXPECT_EQ(BatchSums::best_width(8), 7U);
  EXPECT_EQ(BatchSums::best_width(1024), 11U);
  EXPECT_EQ(BatchSums::best_width(BatchSums::kProofsMax), BatchSums::kWidthMax);
}

}  // namespace
}  // namespace gpu
