#include "gpu/field/fp.h"

#include <vector>

#include <gtest/gtest.h>

#include "gpu/field/bls12_377.h"
#include "overlay/base/hex.h"
#include "tests/unit/gpu/random.h"

namespace gpu {
namespace {

template <typename F>
class FieldTest : public testing::Test {
 protected:
  F random() { return test::random_element<F>(source_); }

  // Values where carries and reductions happen or just do not.
  static std::vector<F> edges() {
    auto below = F::kModulus;
    below.at[0] -= 1;
    typename F::Value ones;
    for (std::size_t i = 0; i + 1 < F::kLimbs; ++i) {
      ones.at[i] = ~std::uint64_t{0};
    }
    return {F::zero(),
            F::one(),
            F::from_u64(2),
            F::from_u64(~std::uint64_t{0}),
            F::from_montgomery(typename F::Value{{1}}),
            F::from_montgomery(below),
            F::from_montgomery(half(below)),
            F::from_montgomery(ones),
            -F::one()};
  }

  base::SeededRandom source_{377};
};

using Fields = testing::Types<Fq, Fr>;
TYPED_TEST_SUITE(FieldTest, Fields);

// a * b by doubling and adding alone.
template <typename F>
F slow_product(const F& a, const F& b) {
  const auto scalar = b.canonical();
  F out;
  for (std::size_t i = bit_length(scalar); i-- > 0;) {
    out = out.doubled();
    if (bit(scalar, i)) {
      out += a;
    }
  }
  return out;
}

TYPED_TEST(FieldTest, ProductsAreRepeatedSums) {
  const auto edges = this->edges();
  for (const TypeParam& a : edges) {
    for (const TypeParam& b : edges) {
      ASSERT_EQ(a * b, slow_product(a, b));
    }
  }
  for (int i = 0; i < 200; ++i) {
    const TypeParam a = this->random();
    const TypeParam b = this->random();
    ASSERT_EQ(a * b, slow_product(a, b));
    ASSERT_EQ(TypeParam::multiply_portable(a, b), a * b);
  }
}

TYPED_TEST(FieldTest, TheLawsOfAFieldHold) {
  for (int i = 0; i < 200; ++i) {
    const TypeParam a = this->random();
    const TypeParam b = this->random();
    const TypeParam c = this->random();
    ASSERT_EQ(a + b, b + a);
    ASSERT_EQ(a * b, b * a);
    ASSERT_EQ((a * b) * c, a * (b * c));
    ASSERT_EQ(a * (b + c), a * b + a * c);
    ASSERT_EQ(a - b, a + -b);
    ASSERT_EQ(a.squared(), a * a);
    ASSERT_EQ(a.doubled(), a + a);
    ASSERT_EQ(a * a.inverse(), TypeParam::one());
  }
}

TYPED_TEST(FieldTest, SumsAndDifferencesStayBelowTheModulus) {
  const auto edges = this->edges();
  for (const TypeParam& a : edges) {
    EXPECT_TRUE((a - a).is_zero());
    EXPECT_TRUE((a + -a).is_zero());
    EXPECT_EQ(-(-a), a);
    for (const TypeParam& b : edges) {
      EXPECT_TRUE(less((a + b).montgomery(), TypeParam::kModulus));
      EXPECT_TRUE(less((a - b).montgomery(), TypeParam::kModulus));
      EXPECT_EQ(a + b - b, a);
    }
  }
}

TYPED_TEST(FieldTest, ZeroHasNoInverseAndGivesZero) {
  EXPECT_TRUE(TypeParam::zero().inverse().is_zero());
}

TYPED_TEST(FieldTest, AllAreInvertedByOneAndZerosStay) {
  for (const std::size_t size : {0U, 1U, 2U, 31U, 32U, 33U}) {
    std::vector<TypeParam> values;
    for (std::size_t i = 0; i < size; ++i) {
      values.push_back(i % 5 == 3 ? TypeParam() : this->random());
    }
    std::vector<TypeParam> inverses = values;
    std::vector<TypeParam> scratch(size);
    invert_all<TypeParam>(inverses, scratch);
    for (std::size_t i = 0; i < size; ++i) {
      EXPECT_EQ(inverses[i], values[i].inverse());
    }
  }
}

TYPED_TEST(FieldTest, CanonicalFormComesBack) {
  for (const TypeParam& a : this->edges()) {
    EXPECT_EQ(TypeParam::from_canonical(a.canonical()), a);
  }
  EXPECT_EQ(TypeParam::from_u64(77).canonical().at[0], 77U);
  EXPECT_EQ(TypeParam::one().canonical().at[0], 1U);
}

TYPED_TEST(FieldTest, PowersAreRepeatedProducts) {
  const TypeParam a = this->random();
  TypeParam product = TypeParam::one();
  for (std::uint64_t i = 0; i < 70; ++i) {
    EXPECT_EQ(a.pow(Limbs<1>{{i}}), product);
    product *= a;
  }
  auto order = TypeParam::kModulus;
  order.at[0] -= 1;
  EXPECT_EQ(a.pow(order), TypeParam::one());
}

// low + high 2^(64 n), digit by digit.
template <typename F>
F slow_reduction(const typename F::Value& low, const typename F::Value& high) {
  F out;
  for (const auto* part : {&high, &low}) {
    for (std::size_t i = F::kLimbs * 64; i-- > 0;) {
      out = out.doubled();
      if (bit(*part, i)) {
        out += F::one();
      }
    }
  }
  return out;
}

TYPED_TEST(FieldTest, WideIntegersAreReduced) {
  using Value = typename TypeParam::Value;
  Value ones;
  for (std::uint64_t& limb : ones.at) {
    limb = ~std::uint64_t{0};
  }
  std::vector<Value> values = {Value(), Value{{1}}, TypeParam::kModulus, ones};
  for (int i = 0; i < 8; ++i) {
    values.push_back(test::random_limbs<TypeParam::kLimbs>(this->source_));
  }
  for (const Value& low : values) {
    for (const Value& high : values) {
      EXPECT_EQ(TypeParam::reduce_wide(low, high),
                slow_reduction<TypeParam>(low, high).canonical());
    }
  }
}

TEST(RootOfUnityTest, HasExactlyItsOrder) {
  EXPECT_EQ(root_of_unity(0), Fr::one());
  EXPECT_EQ(root_of_unity(1), -Fr::one());
  for (unsigned log_size = 2; log_size <= kFrTwoAdicity; ++log_size) {
    EXPECT_EQ(root_of_unity(log_size).squared(), root_of_unity(log_size - 1));
  }
}

TEST(RootOfUnityTest, IsTheOneThatThePuzzleUses) {
  EXPECT_EQ(base::hex_encode(to_bytes(root_of_unity(14).canonical())),
            "1f536f9031f140ddff8e7230c7296bb09492838819fd91c8e87869644784e804");
}

}  // namespace
}  // namespace gpu
