#include "gpu/curve/g1.h"

#include <vector>

#include <gtest/gtest.h>

#include "tests/unit/gpu/random.h"

namespace gpu {
namespace {

// Points of the curve with the order in their name, outside the subgroup.
const G1Affine kOrderTwo = {-Fq::one(), Fq::zero()};
const G1Affine kOrderThree = {Fq::zero(), Fq::one()};
const G1Affine kOrderSix = {Fq::from_u64(2), Fq::from_u64(3)};

class G1Test : public testing::Test {
 protected:
  base::SeededRandom random_{12};
  G1Affine p_ = test::random_point(random_);
  G1Affine q_ = test::random_point(random_);
};

TEST_F(G1Test, TheGeneratorIsOnTheCurveAndOfOrderR) {
  EXPECT_TRUE(is_on_curve(g1_generator()));
  EXPECT_TRUE(multiply(g1_generator(), FrParams::kModulus).is_infinity());
  EXPECT_FALSE(multiply(g1_generator(), Limbs<4>{{1}}).is_infinity());
}

TEST_F(G1Test, SumsCommuteAndAssociate) {
  const G1Affine s = test::random_point(random_);
  EXPECT_EQ(G1(p_) + q_, G1(q_) + p_);
  EXPECT_EQ((G1(p_) + q_) + s, G1(p_) + (G1(q_) + s));
  EXPECT_TRUE(is_on_curve((G1(p_) + q_).affine()));
}

TEST_F(G1Test, EqualPointsAreDoubled) {
  const G1 doubled = G1(p_).doubled();
  EXPECT_EQ(G1(p_) + p_, doubled);
  EXPECT_EQ(G1(p_) + G1(p_), doubled);
  // The same point with other coordinates.
  const G1 other = (G1(p_) + q_) + -q_;
  EXPECT_EQ(other + p_, doubled);
  EXPECT_EQ(other + G1(p_), doubled);
  EXPECT_EQ(doubled, multiply(p_, Limbs<4>{{2}}));
}

TEST_F(G1Test, OppositePointsGiveInfinity) {
  EXPECT_TRUE((G1(p_) + -p_).is_infinity());
  EXPECT_TRUE((G1(p_) + -G1(p_)).is_infinity());
  EXPECT_TRUE(((G1(p_) + q_) + -(G1(q_) + p_)).is_infinity());
  EXPECT_TRUE((G1(p_) + -p_).affine().is_infinity());
}

TEST_F(G1Test, InfinityIsNeutral) {
  const G1 infinity;
  EXPECT_EQ(infinity + p_, G1(p_));
  EXPECT_EQ(G1(p_) + infinity, G1(p_));
  EXPECT_EQ(G1(p_) + G1Affine(), G1(p_));
  EXPECT_TRUE((infinity + infinity).is_infinity());
  EXPECT_TRUE(infinity.doubled().is_infinity());
  EXPECT_EQ(infinity, G1(G1Affine()));
  EXPECT_FALSE(infinity == G1(p_));
  EXPECT_TRUE(is_on_curve(G1Affine()));
}

TEST_F(G1Test, PointsOfSmallOrderObeyTheLaw) {
  EXPECT_TRUE(G1(kOrderTwo).doubled().is_infinity());
  EXPECT_TRUE((G1(kOrderTwo) + kOrderTwo).is_infinity());
  EXPECT_EQ(G1(kOrderThree).doubled(), G1(-kOrderThree));
  EXPECT_TRUE(multiply(kOrderSix, Limbs<4>{{6}}).is_infinity());
  EXPECT_EQ(multiply(kOrderSix, Limbs<4>{{3}}), G1(kOrderTwo));
}

TEST_F(G1Test, ManyBecomeAffineAtOnce) {
  const std::vector<G1> points = {G1(), G1(p_) + q_, G1(), G1(p_).doubled(), G1(q_)};
  const std::vector<G1Affine> affine = to_affine(points);
  for (std::size_t i = 0; i < points.size(); ++i) {
    EXPECT_EQ(affine[i], points[i].affine());
    EXPECT_EQ(G1(affine[i]), points[i]);
  }
  EXPECT_TRUE(to_affine(std::vector<G1>()).empty());
}

TEST_F(G1Test, BothMultiplicationsAgree) {
  std::vector<Fr> scalars = {Fr::zero(), Fr::one(), Fr::from_u64(2), -Fr::one(), -Fr::from_u64(2)};
  // Around lambda = x^2 - 1, where the split's halves turn over.
  const Fr x = Fr::from_u64(detail::kX);
  for (const std::uint64_t i : {0U, 1U, 2U}) {
    scalars.push_back(x.squared() - Fr::from_u64(i));
    scalars.push_back(x.squared() * x.squared() - x.squared() - Fr::from_u64(i));
  }
  for (int i = 0; i < 20; ++i) {
    scalars.push_back(test::random_element<Fr>(random_));
  }
  for (const Fr& scalar : scalars) {
    EXPECT_EQ(multiply_in_subgroup(p_, scalar), multiply(p_, scalar.canonical()));
  }
  EXPECT_TRUE(multiply_in_subgroup(G1Affine(), scalars.back()).is_infinity());
  EXPECT_TRUE(multiply(G1Affine(), Limbs<4>{{5}}).is_infinity());
}

TEST_F(G1Test, MultiplicationIsRepeatedAddition) {
  G1 sum;
  for (std::uint64_t i = 0; i < 40; ++i) {
    EXPECT_EQ(multiply(p_, Limbs<4>{{i}}), sum);
    EXPECT_EQ(multiply_in_subgroup(p_, Fr::from_u64(i)), sum);
    sum += p_;
  }
}

TEST_F(G1Test, OnlyPointsOfOrderRAreInTheSubgroup) {
  EXPECT_TRUE(is_in_subgroup(p_));
  EXPECT_TRUE(is_in_subgroup(G1Affine()));
  for (const G1Affine& small : {kOrderTwo, kOrderThree, kOrderSix}) {
    EXPECT_TRUE(is_on_curve(small));
    EXPECT_FALSE(is_in_subgroup(small));
    EXPECT_FALSE(is_in_subgroup((G1(p_) + small).affine()));
  }
}

TEST_F(G1Test, APointOffTheCurveIsSeen) {
  EXPECT_FALSE(is_on_curve({p_.x, p_.y + Fq::one()}));
}

}  // namespace
}  // namespace gpu
