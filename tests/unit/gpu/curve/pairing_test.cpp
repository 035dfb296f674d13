#include "gpu/curve/pairing.h"

#include <vector>

#include <gtest/gtest.h>

#include "tests/unit/gpu/random.h"

namespace gpu {
namespace {

class TowerTest : public testing::Test {
 protected:
  Fq2 fq2() {
    const Fq c0 = test::random_element<Fq>(random_);
    return {c0, test::random_element<Fq>(random_)};
  }
  Fq6 fq6() {
    const Fq2 c0 = fq2();
    const Fq2 c1 = fq2();
    return {c0, c1, fq2()};
  }
  Fq12 fq12() {
    const Fq6 c0 = fq6();
    return {c0, fq6()};
  }

  base::SeededRandom random_{16};
};

TEST_F(TowerTest, TheGeneratorsHaveTheirSquaresAndCubes) {
  const Fq2 u = {Fq(), Fq::one()};
  EXPECT_EQ(u * u, (Fq2{-Fq::from_u64(5), Fq()}));
  EXPECT_EQ(u.times_u(), u * u);
  const Fq6 v = {{}, Fq2::one(), {}};
  EXPECT_EQ(v * v * v, (Fq6{u, {}, {}}));
  const Fq12 w = {{}, Fq6::one()};
  EXPECT_EQ(w * w, (Fq12{v, {}}));
}

TEST_F(TowerTest, TheLawsOfAFieldHold) {
  for (int i = 0; i < 10; ++i) {
    const Fq12 a = fq12();
    const Fq12 b = fq12();
    const Fq12 c = fq12();
    EXPECT_EQ(a * b, b * a);
    EXPECT_EQ(a * b * c, a * (b * c));
    EXPECT_EQ(a.squared(), a * a);
    EXPECT_EQ(a * a.inverse(), Fq12::one());
    EXPECT_EQ(a.c0 * a.c0.inverse(), Fq6::one());
    EXPECT_EQ(a.c0.c0 * a.c0.c0.inverse(), Fq2::one());
    EXPECT_EQ(a.c0 * (b.c0 + c.c0), a.c0 * b.c0 + a.c0 * c.c0);
  }
}

TEST_F(TowerTest, FrobeniusIsThePowerOfQ) {
  const Fq12 a = fq12();
  EXPECT_EQ(a.frobenius(), a.pow(FqParams::kModulus));
  Fq12 power = a;
  for (int i = 0; i < 6; ++i) {
    power = power.frobenius();
  }
  EXPECT_EQ(power, a.conjugate());
}

class PairingTest : public testing::Test {
 protected:
  static Fq12 pairing(const G1Affine& p, const G2Affine& q) {
    const PairingTerm term = {p, q};
    return pairing_product(std::span(&term, 1));
  }

  base::SeededRandom random_{17};
  G1Affine g_ = g1_generator();
  G2Affine h_ = g2_generator();
};

TEST_F(PairingTest, TheSecondGeneratorIsOnItsCurveAndOfOrderR) {
  EXPECT_TRUE(is_on_curve(h_));
  EXPECT_TRUE(is_in_subgroup(h_));
}

TEST_F(PairingTest, TheSecondGroupObeysItsLaw) {
  const G2Affine two = add(h_, h_);
  const G2Affine three = add(two, h_);
  EXPECT_EQ(add(two, two), add(three, h_));
  EXPECT_TRUE(add(h_, -h_).is_infinity());
  EXPECT_EQ(add(h_, G2Affine()), h_);
  EXPECT_EQ(add(G2Affine(), h_), h_);
  EXPECT_TRUE(is_on_curve(three));
  EXPECT_EQ(multiply(h_, Limbs<4>{{3}}), three);
  EXPECT_TRUE(multiply(h_, Limbs<4>()).is_infinity());
}

TEST_F(PairingTest, IsNotDegenerateAndOfOrderR) {
  const Fq12 e = pairing(g_, h_);
  EXPECT_FALSE(e == Fq12::one());
  EXPECT_EQ(e.pow(FrParams::kModulus), Fq12::one());
}

TEST_F(PairingTest, IsBilinear) {
  const Fr a = test::random_element<Fr>(random_);
  const Fr b = test::random_element<Fr>(random_);
  const G1Affine ag = multiply_in_subgroup(g_, a).affine();
  const G2Affine bh = multiply(h_, b.canonical());

  const Fq12 e = pairing(ag, bh);

  EXPECT_EQ(e, pairing(g_, h_).pow((a * b).canonical()));
  EXPECT_EQ(e, pairing(multiply_in_subgroup(g_, a * b).affine(), h_));
  EXPECT_TRUE(pairings_are_equal({ag, bh}, {multiply_in_subgroup(ag, b).affine(), h_}));
  EXPECT_FALSE(pairings_are_equal({ag, bh}, {ag, h_}));
}

TEST_F(PairingTest, ProductsOfTermsAreProductsOfPairings) {
  const G1Affine p = test::random_point(random_);
  const G2Affine q = add(h_, h_);
  const PairingTerm terms[] = {{p, h_}, {g_, q}, {G1Affine(), q}, {p, G2Affine()}};
  EXPECT_EQ(pairing_product(terms), pairing(p, h_) * pairing(g_, q));
}

TEST_F(PairingTest, InfinityGivesOne) {
  EXPECT_EQ(pairing(G1Affine(), h_), Fq12::one());
  EXPECT_EQ(pairing(g_, G2Affine()), Fq12::one());
  EXPECT_EQ(pairing(-g_, h_), pairing(g_, -h_));
}

}  // namespace
}  // namespace gpu
