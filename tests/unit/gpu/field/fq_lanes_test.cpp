#include "gpu/field/fq_lanes.h"

#include <vector>

#include <gtest/gtest.h>

#include "tests/unit/gpu/random.h"

namespace gpu {
namespace {

using Lanes = FqLanes<LanesPortable>;

constexpr std::size_t kRounds = test::kIsSanitized ? 500 : 20'000;

Lanes lanes_of(const std::vector<Fq>& values) {
  Lanes out;
  for (std::size_t i = 0; i < kLanes; ++i) {
    out.set(i, to_lanes(values[i]));
  }
  return out;
}

// Eight at a time: seeded, and next to zero and to q in either radix.
std::vector<Fq> some(base::RandomSource& random) {
  std::vector<Fq> out = {-Fq::one(), Fq::zero(), Fq::one(), -Fq::from_u64(2)};
  Limbs<6> below = FqParams::kModulus;
  sub_from(below, Limbs<6>{{1}});
  out.push_back(Fq::from_montgomery(below));
  // What stands in a lane is the element times 2^416: here q - 1 and 2^376.
  out.push_back(Fq::from_montgomery(below) * detail::kFromLanes);
  out.push_back(Fq::from_montgomery({{0, 0, 0, 0, 0, 0x0100000000000000}}) * detail::kFromLanes);
  out.push_back(test::random_element<Fq>(random));
  return out;
}

TEST(FqLanesTest, ElementsComeBackFromTheirLimbs) {
  base::SeededRandom random(4);
  for (const Fq& value : some(random)) {
    EXPECT_EQ(from_lanes(to_lanes(value)), value);
  }
}

TEST(FqLanesTest, ProductsAreTheFieldsAtTheEdges) {
  base::SeededRandom random(5);
  const std::vector<Fq> values = some(random);
  for (std::size_t shift = 0; shift < kLanes; ++shift) {
    std::vector<Fq> others;
    for (std::size_t i = 0; i < kLanes; ++i) {
      others.push_back(values[(i + shift) % kLanes]);
    }
    const Lanes product = lanes_of(values) * lanes_of(others);
    for (std::size_t i = 0; i < kLanes; ++i) {
      ASSERT_EQ(from_lanes(product.get(i)), values[i] * others[i]);
    }
  }
}

TEST(FqLanesTest, ProductsOfSeededValuesAreTheFields) {
  base::SeededRandom random(6);
  std::vector<Fq> a(kLanes);
  std::vector<Fq> b(kLanes);
  for (std::size_t i = 0; i < kLanes; ++i) {
    a[i] = test::random_element<Fq>(random);
    b[i] = test::random_element<Fq>(random);
  }
  Lanes x = lanes_of(a);
  Lanes y = lanes_of(b);
  for (std::size_t round = 0; round < kRounds; ++round) {
    const Lanes product = x * y;
    x = y;
    y = product;
    for (std::size_t i = 0; i < kLanes; ++i) {
      const Fq expected = a[i] * b[i];
      a[i] = b[i];
      b[i] = expected;
    }
  }
  for (std::size_t i = 0; i < kLanes; ++i) {
    EXPECT_EQ(from_lanes(y.get(i)), b[i]);
  }
}

TEST(FqLanesTest, DifferencesOfLargeValuesStayRight) {
  base::SeededRandom random(7);
  const std::vector<Fq> values = some(random);
  // As many times q as a coordinate may carry before it is renewed by a product.
  Lanes sum = lanes_of(values);
  std::vector<Fq> expected = values;
  unsigned bound = 2;
  for (int i = 0; i < 8; ++i) {
    std::vector<Fq> others;
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
      others.push_back(values[(lane + static_cast<std::size_t>(i)) % kLanes]);
      expected[lane] = others[lane] - expected[lane];
    }
    sum = Lanes::subtract(lanes_of(others), sum, detail::multiple_of_q(bound));
    bound += 2;
  }
  for (std::size_t i = 0; i < kLanes; ++i) {
    EXPECT_EQ(from_lanes(sum.get(i)), expected[i]);
    EXPECT_EQ(from_lanes((sum * Lanes::one()).get(i)), expected[i]);
    EXPECT_EQ(from_lanes((sum * sum).get(i)), expected[i].squared());
  }
}

TEST(FqLanesTest, AGatherTakesEachLaneFromItsOffset) {
  const std::uint64_t from[] = {10, 11, 12, 13, 14, 15, 16, 17, 18};
  const std::uint64_t offsets[] = {8, 0, 0, 3, 7, 1, 2, 5};
  std::uint64_t to[kLanes];
  LanesPortable::gather(from, offsets).store(to);
  for (std::size_t i = 0; i < kLanes; ++i) {
    EXPECT_EQ(to[i], 10 + offsets[i]);
  }
}

}  // namespace
}  // namespace gpu
