#include "gpu/field/multiplier.h"

#include <vector>

#include <gtest/gtest.h>

#include "gpu/field/bls12_377.h"
#include "gpu/field/fq_x86.h"
#include "tests/unit/gpu/random.h"

namespace gpu {
namespace {

std::vector<Fq> edges() {
  std::vector<Fq> out;
  Limbs<6> below = FqParams::kModulus;
  for (int i = 0; i < 3; ++i) {
    sub_from(below, Limbs<6>{{1}});
    out.push_back(Fq::from_montgomery(below));
    out.push_back(Fq::from_montgomery({{static_cast<std::uint64_t>(i)}}));
  }
  // A limb of ones, the others zero; all ones below the top; the highest bit alone.
  for (std::size_t limb = 0; limb < 6; ++limb) {
    Limbs<6> value;
    value.at[limb] = limb == 5 ? 0x01ae3a4617c510e9 : ~std::uint64_t{0};
    out.push_back(Fq::from_montgomery(value));
    for (std::size_t i = 0; i < limb; ++i) {
      value.at[i] = ~std::uint64_t{0};
    }
    out.push_back(Fq::from_montgomery(value));
  }
  out.push_back(Fq::from_montgomery({{0, 0, 0, 0, 0, 0x0100000000000000}}));
  return out;
}

#if defined(__x86_64__)

constexpr int kProducts = test::kIsSanitized ? 50'000 : 1'000'000;

TEST(MultiplierTest, AdxGivesThePortableProductAtTheEdges) {
  if (!is_supported(Arithmetic::Adx)) {
    GTEST_SKIP() << "this processor has no ADX";
  }
  for (const Fq& a : edges()) {
    for (const Fq& b : edges()) {
      ASSERT_EQ(multiply_adx(a, b), Fq::multiply_portable(a, b));
    }
  }
}

TEST(MultiplierTest, AdxGivesThePortableProductOfSeededValues) {
  if (!is_supported(Arithmetic::Adx)) {
    GTEST_SKIP() << "this processor has no ADX";
  }
  base::SeededRandom random(1);
  Fq a = test::random_element<Fq>(random);
  Fq b = test::random_element<Fq>(random);
  for (int i = 0; i < kProducts; ++i) {
    const Fq product = multiply_adx(a, b);
    ASSERT_EQ(product, Fq::multiply_portable(a, b)) << i;
    a = b + Fq::one();
    b = product;
  }
}

// Limbs of ones and small ones in all orders, and those next to the modulus.
std::vector<Limbs<4>> edges_of_four() {
  std::vector<Limbs<4>> out;
  for (unsigned ones = 0; ones < 16; ++ones) {
    for (std::uint64_t low = 0; low < 3; ++low) {
      Limbs<4> value;
      for (std::size_t i = 0; i < 4; ++i) {
        value.at[i] = ((ones >> i) & 1U) != 0 ? ~std::uint64_t{0} : low;
      }
      out.push_back(value);
    }
  }
  Limbs<4> below = FrParams::kModulus;
  for (int i = 0; i < 3; ++i) {
    out.push_back(below);
    sub_from(below, Limbs<4>{{1}});
  }
  return out;
}

TEST(MultiplierTest, AdxGivesThePortableProductOfFrWithAnySecondFactor) {
  if (!is_supported(Arithmetic::Adx)) {
    GTEST_SKIP() << "this processor has no ADX";
  }
  const auto check = [](const Fr& a, const Limbs<4>& b) {
    const Fr factor = Fr::from_montgomery(b);
    ASSERT_EQ(Fr::product_by(detail::gpu_fr_multiply_adx, a, factor),
              Fr::multiply_portable(a, factor));
  };
  for (Limbs<4> a : edges_of_four()) {
    while (!less(a, FrParams::kModulus)) {
      sub_from(a, FrParams::kModulus);
    }
    for (const Limbs<4>& b : edges_of_four()) {
      check(Fr::from_montgomery(a), b);
    }
  }
  base::SeededRandom random(5);
  for (int i = 0; i < kProducts; ++i) {
    check(test::random_element<Fr>(random), test::random_limbs<4>(random));
  }
}

TEST(MultiplierTest, AdxMayWriteOverItsOperands) {
  if (!is_supported(Arithmetic::Adx)) {
    GTEST_SKIP() << "this processor has no ADX";
  }
  base::SeededRandom random(2);
  const Fq a = test::random_element<Fq>(random);
  Limbs<6> in_place = a.montgomery();
  detail::gpu_fq_multiply_adx(in_place.at, in_place.at, in_place.at);
  EXPECT_EQ(Fq::from_montgomery(in_place), Fq::multiply_portable(a, a));

  const Fr c = test::random_element<Fr>(random);
  Limbs<4> scalar = c.montgomery();
  detail::gpu_fr_multiply_adx(scalar.at, scalar.at, scalar.at);
  EXPECT_EQ(Fr::from_montgomery(scalar), Fr::multiply_portable(c, c));
}

TEST(MultiplierTest, TheDifferenceWithoutBranchesIsTheDifference) {
  for (const Fq& a : edges()) {
    for (const Fq& b : edges()) {
      ASSERT_EQ(subtract_x86(a, b), a - b);
    }
  }
}

#endif

TEST(MultiplierTest, TheOneInUseCanBeChosen) {
  base::SeededRandom random(3);
  const Fq a = test::random_element<Fq>(random);
  const Fq b = test::random_element<Fq>(random);
  const Fq expected = Fq::multiply_portable(a, b);
  const Fr c = test::random_element<Fr>(random);
  use_arithmetic(Arithmetic::Scalar);
  const detail::Multipliers scalar = detail::multipliers;
  for (const Arithmetic arithmetic :
       {Arithmetic::Scalar, Arithmetic::Adx, Arithmetic::Fma, Arithmetic::Ifma}) {
    if (!is_supported(arithmetic)) {
      continue;
    }
    use_arithmetic(arithmetic);
    EXPECT_EQ(arithmetic_in_use(), arithmetic);
    EXPECT_EQ(a * b, expected);
    EXPECT_EQ(c * c, Fr::multiply_portable(c, c));
    const bool is_scalar = arithmetic == Arithmetic::Scalar;
    EXPECT_EQ(detail::multipliers.fq == scalar.fq, is_scalar);
    EXPECT_EQ(detail::multipliers.fr == scalar.fr, is_scalar);
  }
  use_arithmetic(best_arithmetic());
}

TEST(MultiplierTest, NamesAreReadBackWhereTheProcessorHasIt) {
  EXPECT_EQ(parse_arithmetic("auto").value(), best_arithmetic());
  for (const Arithmetic arithmetic :
       {Arithmetic::Scalar, Arithmetic::Adx, Arithmetic::Fma, Arithmetic::Ifma}) {
    const auto parsed = parse_arithmetic(name(arithmetic));
    if (is_supported(arithmetic)) {
      EXPECT_EQ(parsed.value(), arithmetic);
    } else {
      EXPECT_EQ(parsed.error().text(),
                std::string(name(arithmetic)) + ": this processor does not have the instructions");
    }
  }
  EXPECT_EQ(parse_arithmetic("sse").error().text(),
            "\"sse\", expected auto, scalar, adx, fma or ifma");
}

}  // namespace
}  // namespace gpu
