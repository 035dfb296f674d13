// The device's arithmetic, compiled for the host, against the host's own.
#include "gpu/field/mont32.h"

#include <vector>

#include <gtest/gtest.h>

#include "gpu/field/bls12_377.h"
#include "tests/unit/gpu/random.h"

namespace gpu {
namespace {

constexpr int kProducts = test::kIsSanitized ? 20'000 : 300'000;

// 0, 1, 2 and p - 1, p - 2, p - 3 as limbs, and limbs of ones and zeros.
template <typename F, typename Params>
std::vector<F> edges() {
  std::vector<F> out;
  Limbs<F::kLimbs> below = Params::kModulus;
  Limbs<F::kLimbs> low;
  for (std::uint64_t i = 0; i < 3; ++i) {
    sub_from(below, Limbs<F::kLimbs>{{1}});
    low.at[0] = i;
    out.push_back(F::from_montgomery(below));
    out.push_back(F::from_montgomery(low));
  }
  for (std::size_t word = 0; word < 2 * F::kLimbs - 1; ++word) {
    Limbs<F::kLimbs> value;
    value.at[word / 2] = std::uint64_t{0xffffffff} << (32 * (word % 2));
    out.push_back(F::from_montgomery(value));
    for (std::size_t i = 0; i < word / 2; ++i) {
      value.at[i] = ~std::uint64_t{0};
    }
    out.push_back(F::from_montgomery(value));
  }
  return out;
}

template <typename Params>
class Mont32Test : public ::testing::Test {
 protected:
  using F = Fp<Params>;
  using Device = Mont32<Params>;

  static void expect_equal(const F& a, const F& b) {
    const auto& x = a.montgomery();
    const auto& y = b.montgomery();
    ASSERT_EQ(Device::product(x, y), F::multiply_portable(a, b).montgomery());
    ASSERT_EQ(Device::square(x), F::multiply_portable(a, a).montgomery());
    ASSERT_EQ(Device::sum(x, y), (a + b).montgomery());
    ASSERT_EQ(Device::difference(x, y), (a - b).montgomery());
  }
};

using Fields = ::testing::Types<FqParams, FrParams>;
TYPED_TEST_SUITE(Mont32Test, Fields);

TYPED_TEST(Mont32Test, GivesTheHostsBytesAtTheEdges) {
  const auto values = edges<Fp<TypeParam>, TypeParam>();
  for (const auto& a : values) {
    for (const auto& b : values) {
      this->expect_equal(a, b);
    }
  }
}

TYPED_TEST(Mont32Test, GivesTheHostsBytesOfSeededValues) {
  using Element = Fp<TypeParam>;
  base::SeededRandom random(32);
  Element a = test::random_element<Element>(random);
  Element b = test::random_element<Element>(random);
  for (int i = 0; i < kProducts; ++i) {
    ASSERT_NO_FATAL_FAILURE(this->expect_equal(a, b)) << i;
    const Element product = Element::multiply_portable(a, b);
    a = b + Element::one();
    b = product;
  }
}

}  // namespace
}  // namespace gpu
