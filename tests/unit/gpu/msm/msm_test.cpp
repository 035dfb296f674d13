#include "gpu/msm/msm.h"

#include <vector>

#include <gtest/gtest.h>

#include "gpu/msm/affine_batch.h"
#include "gpu/msm/odd_digits.h"
#include "gpu/msm/window_table.h"
#include "tests/unit/gpu/msm/sums.h"
#include "tests/unit/gpu/random.h"

namespace gpu {
namespace {

std::vector<Limbs<4>> canonical(const std::vector<Fr>& scalars) {
  std::vector<Limbs<4>> out;
  for (const Fr& scalar : scalars) {
    out.push_back(scalar.canonical());
  }
  return out;
}

const std::vector<Fr> kSpecialScalars = {Fr::zero(),       Fr::one(),
                                         -Fr::one(),       Fr::from_u64(2),
                                         -Fr::from_u64(2), Fr::from_u64(~std::uint64_t{0})};

class MsmTest : public testing::Test {
 protected:
  std::vector<G1Affine> random_points(std::size_t count) {
    std::vector<G1Affine> out;
    for (std::size_t i = 0; i < count; ++i) {
      out.push_back(test::random_point(random_));
    }
    return out;
  }
  std::vector<Fr> random_scalars(std::size_t count) {
    std::vector<Fr> out;
    for (std::size_t i = 0; i < count; ++i) {
      out.push_back(test::random_element<Fr>(random_));
    }
    return out;
  }

  base::SeededRandom random_{19};
};

TEST_F(MsmTest, IsTheSumOfTheProducts) {
  for (const std::size_t size : {0U, 1U, 2U, 31U, 32U, 33U, test::kIsSanitized ? 100U : 1000U}) {
    const auto points = random_points(size);
    const auto scalars = random_scalars(size);
    EXPECT_EQ(msm(points, scalars).affine(), test::naive_sum(points, canonical(scalars))) << size;
  }
}

TEST_F(MsmTest, TakesAnyPointsAndScalars) {
  auto points = random_points(40);
  auto scalars = random_scalars(40);
  for (std::size_t i = 0; i < kSpecialScalars.size(); ++i) {
    scalars[i] = kSpecialScalars[i];
  }
  points[6] = points[7];  // equal, with equal scalars
  scalars[6] = scalars[7];
  points[8] = -points[9];  // opposite
  scalars[8] = scalars[9];
  points[10] = G1Affine();
  points[11] = {Fq::from_u64(2), Fq::from_u64(3)};  // outside the subgroup
  points[12] = {-Fq::one(), Fq::zero()};
  EXPECT_EQ(msm(points, scalars).affine(), test::naive_sum(points, canonical(scalars)));
}

TEST_F(MsmTest, OpposingTermsGiveInfinity) {
  const auto p = random_points(1).front();
  const Fr s = random_scalars(1).front();
  const std::vector<G1Affine> points = {p, -p};
  const std::vector<Fr> scalars = {s, s};
  EXPECT_TRUE(msm(points, scalars).is_infinity());
}

TEST_F(MsmTest, OddDigitsAddUpToTheScalar) {
  auto scalars = random_scalars(20);
  scalars.insert(scalars.end(), kSpecialScalars.begin(), kSpecialScalars.end());
  for (unsigned width = WindowTable::kWidthMin; width <= WindowTable::kWidthMax; ++width) {
    const Fr step = Fr::from_u64(std::uint64_t{1} << width);
    for (const Fr& scalar : scalars) {
      std::size_t seen = 0;
      Fr sum;
      Fr power = Fr::one();
      odd_digits(scalar.canonical(), width, [&](std::size_t window, OddDigit digit) {
        EXPECT_EQ(window, seen++);
        EXPECT_LT(digit_index(digit), std::size_t{1} << (width - 1));
        const Fr multiple = Fr::from_u64(2 * digit_index(digit) + 1);
        sum += power * (digit_is_negative(digit) ? -multiple : multiple);
        power *= step;
      });
      EXPECT_EQ(seen, digit_count(width));
      EXPECT_EQ(sum, scalar) << width;
    }
  }
}

TEST_F(MsmTest, PairsAreAddedWhateverTheyAre) {
  const auto p = random_points(3);
  const G1Affine none;
  const G1Affine two = {-Fq::one(), Fq::zero()};
  const std::vector<G1Affine> a = {p[0], p[0], p[0], none, p[0], none, two, p[1]};
  const std::vector<G1Affine> b = {p[1], p[0], -p[0], p[0], none, none, two, p[2]};
  std::vector<G1Affine> out(a.size());
  add_pairs(a, b, out);
  for (std::size_t i = 0; i < a.size(); ++i) {
    EXPECT_EQ(out[i], (G1(a[i]) + b[i]).affine()) << i;
  }
  std::vector<G1Affine> in_place = b;
  add_pairs(a, in_place, in_place);
  EXPECT_EQ(in_place, out);
}

TEST_F(MsmTest, OddMultiplesAreInOrder) {
  auto bases = random_points(2);
  bases.push_back(G1Affine());
  for (const unsigned width : {1U, 2U, 5U}) {
    const auto table = odd_multiples(bases, width);
    const std::size_t entries = std::size_t{1} << (width - 1);
    ASSERT_EQ(table.size(), bases.size() * entries);
    for (std::size_t i = 0; i < table.size(); ++i) {
      EXPECT_EQ(table[i], multiply(bases[i / entries], Limbs<4>{{2 * (i % entries) + 1}}).affine());
    }
  }
}

TEST_F(MsmTest, WindowTablesGiveTheSumOfTheProducts) {
  const std::size_t size = test::kIsSanitized ? 3 : 9;
  auto bases = random_points(size);
  bases[1] = bases[0];
  bases[2] = G1Affine();
  for (const unsigned width : {2U, 3U, 6U, 8U, 11U}) {
    const WindowTable table(bases, width);
    EXPECT_EQ(WindowTable::size_bytes(1, width),
              144 * digit_count(width) * (std::size_t{1} << (width - 1)));
    const auto scalars = canonical(random_scalars(size));
    EXPECT_EQ(table.sum(scalars), test::naive_sum(bases, scalars)) << width;
    for (const Fr& special : kSpecialScalars) {
      const std::vector<Limbs<4>> same(size, special.canonical());
      EXPECT_EQ(table.sum(same), test::naive_sum(bases, same)) << width;
    }
  }
  EXPECT_TRUE(WindowTable({}, 4).sum({}).is_infinity());
}

}  // namespace
}  // namespace gpu
