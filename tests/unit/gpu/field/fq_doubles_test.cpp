#include "gpu/field/fq_doubles.h"

#include <array>
#include <cmath>
#include <vector>

#include <gtest/gtest.h>

#include "tests/unit/gpu/random.h"

namespace gpu {
namespace {

using Doubles = FqDoubles<DoublesPortable>;
using Four = std::array<Fq, kDoublesLanes>;

constexpr std::size_t kRounds = test::kIsSanitized ? 300 : 5'000;

// The element whose lane is `limbs`.
Fq in_lane(const Limbs<6>& limbs) {
  return Fq::from_canonical(limbs) * Fq::from_canonical(detail::power_of_two_limbs(408)).inverse();
}

Limbs<6> q_less(std::uint64_t count) {
  Limbs<6> out = FqParams::kModulus;
  sub_from(out, Limbs<6>{{count}});
  return out;
}

// Next to zero and to q, in either radix, and with limbs at their ends.
std::vector<Fq> edges() {
  std::vector<Fq> out = {Fq::zero(),
                         Fq::one(),
                         -Fq::one(),
                         Fq::from_montgomery(q_less(1)),
                         Fq::from_montgomery(q_less(2)),
                         in_lane(q_less(1)),
                         in_lane(q_less(2))};
  for (const unsigned bit : {1U, 50U, 51U, 101U, 102U, 356U, 357U, 376U}) {
    Limbs<6> power;
    power.at[bit / 64] = std::uint64_t{1} << (bit % 64);
    out.push_back(in_lane(power));
    sub_from(power, Limbs<6>{{1}});
    out.push_back(in_lane(power));
  }
  return out;
}

Four random_four(base::RandomSource& random) {
  Four out;
  for (Fq& value : out) {
    value = test::random_element<Fq>(random);
  }
  return out;
}

template <typename Operation>
Four each(const Operation& operation) {
  Four out;
  for (std::size_t i = 0; i < kDoublesLanes; ++i) {
    out[i] = operation(i);
  }
  return out;
}

TEST(FqDoublesTest, ElementsComeBackFromTheirLanes) {
  base::SeededRandom random(4);
  for (const Fq& value : edges()) {
    const Four four = {value, -value, test::random_element<Fq>(random), value};
    EXPECT_EQ(Doubles::from(four).values(), four);
  }
}

TEST(FqDoublesTest, ProductsAndSquaresAreTheFieldsAtTheEdges) {
  const std::vector<Fq> values = edges();
  for (const Fq& a : values) {
    for (const Fq& b : values) {
      const Four left = {a, -a, b, a};
      const Four right = {b, b, a, -b};
      ASSERT_EQ((Doubles::from(left) * Doubles::from(right)).values(),
                each([&](std::size_t i) { return left[i] * right[i]; }));
      ASSERT_EQ(Doubles::from(left).squared().values(),
                each([&](std::size_t i) { return left[i] * left[i]; }));
    }
  }
}

TEST(FqDoublesTest, DifferencesMayBeFactorsAndSettledOnesBeKept) {
  base::SeededRandom random(6);
  for (std::size_t round = 0; round < kRounds; ++round) {
    const Four a = random_four(random);
    const Four b = random_four(random);
    const Four c = random_four(random);
    const Doubles x = Doubles::from(a);
    const Doubles y = Doubles::from(b);
    const Doubles z = Doubles::from(c);
    ASSERT_EQ(((x - y) * z).values(), each([&](std::size_t i) { return (a[i] - b[i]) * c[i]; }));
    ASSERT_EQ((((x - y) - z).settled() * y).squared().values(), each([&](std::size_t i) {
                const Fq value = (a[i] - b[i] - c[i]) * b[i];
                return value * value;
              }));
  }
}

void expect_limbs_within(const Doubles& value, double bound) {
  for (const DoublesLimbs& lane : value.lanes()) {
    for (const double limb : lane) {
      ASSERT_LE(std::fabs(limb), bound);
      ASSERT_EQ(limb, std::nearbyint(limb));
    }
  }
}

TEST(FqDoublesTest, ProductsHaveLimbsWithin2To50AndSettledOnesFourMore) {
  base::SeededRandom random(7);
  for (std::size_t round = 0; round < kRounds; ++round) {
    const Doubles x = Doubles::from(random_four(random));
    const Doubles y = Doubles::from(random_four(random));
    expect_limbs_within(x * y, 0x1p50);
    expect_limbs_within(x.squared(), 0x1p50);
    expect_limbs_within((x - y - y).settled(), 0x1p50 + 4);
  }
  for (const double limb : {0x1p53, -0x1p53, 0x1p53 - 1, 0x1p50, -0x1p50, 0x1p50 + 1}) {
    DoublesLimbs limbs;
    limbs.fill(limb);
    limbs.back() = 0;
    const Doubles all = Doubles::all(limbs);
    expect_limbs_within(all.settled(), 0x1p50 + 4);
  }
}

// A coordinate may grow by q's for a whole polynomial before it is a factor.
TEST(FqDoublesTest, FactorsMayBeManyTimesQ) {
  base::SeededRandom random(8);
  const Four a = random_four(random);
  const Four b = random_four(random);
  Doubles x = Doubles::from(a);
  Four expected = a;
  for (std::size_t i = 0; i < 1'000; ++i) {
    x = (x - Doubles::from(b)).settled();
    expected = each([&](std::size_t k) { return expected[k] - b[k]; });
  }
  EXPECT_EQ((x * Doubles::from(b)).values(),
            each([&](std::size_t i) { return expected[i] * b[i]; }));
}

}  // namespace
}  // namespace gpu
