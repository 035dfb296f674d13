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
}

// sum limb[i] 2^(51 i) in Montgomery form with R = 2^408.
Fq element_of(const DoublesLimbs& limbs) {
  const Fq base = Fq::from_u64(std::uint64_t{1} << kDoublesBits);
  Fq sum;
  for (std::size_t i = kDoublesLimbs; i-- > 0;) {
    const Fq limb = Fq::from_u64(static_cast<std::uint64_t>(std::fabs(limbs[i])));
    sum = sum * base + (limbs[i] < 0 ? -limb : limb);
  }
  Fq radix = Fq::one();
  for (std::size_t i = 0; i < kDoublesLimbs; ++i) {
    radix *= base;
  }
  return sum * radix.inverse();
}

// Limbs at both ends of what is allowed; the top one, which makes the value, small.
DoublesLimbs extreme(double size, unsigned signs) {
  DoublesLimbs out;
  for (std::size_t i = 0; i < kDoublesLimbs; ++i) {
    out[i] = ((signs >> i) & 1U) != 0 ? -size : size;
  }
  out.back() = ((signs >> (kDoublesLimbs - 1)) & 1U) != 0 ? -0x1p33 : 0x1p33;
  return out;
}

TEST(FqDoublesTest, TheLargestFactorsHaveExactProducts) {
  for (unsigned signs = 0; signs < 256; ++signs) {
    const DoublesLimbs large = extreme(0x1p51 + 8, signs);
    for (const unsigned other : {0U, 0xffU, signs, ~signs, signs * 37}) {
      const DoublesLimbs small = extreme(0x1p50 + 4, other);
      const auto product = (Doubles::all(large) * Doubles::all(small)).values();
      ASSERT_EQ(product[0], element_of(large) * element_of(small)) << signs << " " << other;
      const auto square = Doubles::all(small).squared().values();
      ASSERT_EQ(square[0], element_of(small) * element_of(small)) << other;
    }
  }
}

TEST(FqDoublesTest, SettlingKeepsTheValueAndBoundsTheLimbs) {
  for (const double size : {0x1p52, 0x1p52 - 1, 0x1p51 + 8, 0x1p51, 0x1p50 + 1, 0x1p50}) {
    for (unsigned signs = 0; signs < 256; ++signs) {
      const DoublesLimbs limbs = extreme(size, signs);
      const Doubles settled = Doubles::all(limbs).settled();
      expect_limbs_within(settled, 0x1p50 + 4);
      ASSERT_EQ(element_of(settled.lanes()[0]), element_of(limbs)) << size << " " << signs;
    }
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
