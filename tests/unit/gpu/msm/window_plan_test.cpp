#include "gpu/msm/window_plan.h"

#include <algorithm>
#include <vector>

#include <gtest/gtest.h>

#include "gpu/msm/table_steps.h"
#include "tests/unit/gpu/random.h"

namespace gpu {
namespace {

// sum of digit * 2^first_bit, modulo r.
Fr value_of(const Limbs<4>& scalar, const WindowPlan& plan) {
  Fr out;
  unsigned taken = 0;
  odd_digits(scalar, plan, [&](unsigned window, OddDigit digit) {
    EXPECT_EQ(window, taken++);
    EXPECT_LT(digit_index(digit), std::size_t{1} << (plan.width(window) - 1));
    Fr term = Fr::from_u64(2 * digit_index(digit) + 1);
    for (unsigned i = 0; i < plan.first_bit(window); ++i) {
      term = term.doubled();
    }
    out = digit_is_negative(digit) ? out - term : out + term;
  });
  EXPECT_EQ(taken, plan.windows);
  return out;
}

TEST(WindowPlanTest, DigitsOfEveryPlanAddUpToTheScalar) {
  base::SeededRandom random(41);
  Limbs<4> last = FrParams::kModulus;
  sub_from(last, Limbs<4>{{1}});
  for (unsigned windows = WindowPlan::kWindowsMin; windows <= WindowPlan::kWindowsMax; ++windows) {
    const WindowPlan plan{windows};
    for (const auto& scalar : {Limbs<4>{}, Limbs<4>{{1}}, Limbs<4>{{2}}, last,
                               test::random_element<Fr>(random).canonical(),
                               test::random_element<Fr>(random).canonical()}) {
      ASSERT_EQ(value_of(scalar, plan), Fr::from_canonical(scalar)) << windows;
    }
  }
}

TEST(WindowPlanTest, WindowsCoverTheScalarAndTheirTablesFollowEachOther) {
  for (unsigned windows = WindowPlan::kWindowsMin; windows <= WindowPlan::kWindowsMax; ++windows) {
    const WindowPlan plan{windows};
    unsigned bits = 0;
    std::size_t entries = 0;
    for (unsigned i = 0; i < windows; ++i) {
      EXPECT_EQ(plan.first_bit(i), bits);
      EXPECT_EQ(plan.first_entry(i), entries);
      bits += plan.width(i);
      entries += std::size_t{1} << (plan.width(i) - 1);
    }
    EXPECT_EQ(bits, kScalarBits);
    EXPECT_EQ(plan.entries(), entries);
  }
}

TEST(WindowPlanTest, WidestPlanFillsWhatMemoryThereIs) {
  constexpr std::size_t kBases = 8192;
  EXPECT_EQ(widest_plan(kBases, std::size_t{121'000'000'000}).windows, 19U);
  EXPECT_EQ(WindowPlan{19}.size_bytes(kBases), std::size_t{120'795'955'200});
  EXPECT_EQ(widest_plan(kBases, std::size_t{60'000'000'000}).windows, 21U);
  EXPECT_EQ(widest_plan(kBases, std::size_t{1} << 50).windows, WindowPlan::kWindowsMin);
  EXPECT_GT(widest_plan(kBases, 1'000'000).windows, WindowPlan::kWindowsMax);
}

class TableStepsTest : public ::testing::Test {
 protected:
  base::SeededRandom random_{43};
};

TEST_F(TableStepsTest, SegmentsHoldTheOddMultiplesOfEachWindow) {
  const G1Affine base = test::random_point(random_);
  const TeEntry entry = to_te_entries(std::span(&base, 1)).front();
  const WindowPlan plan{30};  // of 9 and 8 bits
  std::vector<TePoint> powers(plan.windows);
  write_powers(plan, entry, powers.data());
  std::vector<Fq> scratch(kSegmentEntries);
  for (const unsigned window : {0U, 29U}) {
    const std::size_t size = std::size_t{1} << (plan.width(window) - 1);
    std::vector<TeEntry> entries(size);
    for (std::size_t first = 0; first < size; first += 50) {  // segments need not be full
      build_segment(powers[window], first, std::min<std::size_t>(50, size - first), entries.data(),
                    scratch.data(), 1);
    }
    Fr factor = Fr::one();
    for (unsigned i = 0; i < plan.first_bit(window); ++i) {
      factor = factor.doubled();
    }
    for (const std::size_t k :
         {std::size_t{0}, std::size_t{1}, std::size_t{49}, std::size_t{50}, size - 1}) {
      const Fr multiple = factor * Fr::from_u64(2 * k + 1);
      const G1Affine expected = multiply_in_subgroup(base, multiple).affine();
      const TeEntry wanted = to_te_entries(std::span(&expected, 1)).front();
      EXPECT_EQ(entries[k].y_minus_x, wanted.y_minus_x) << window << " " << k;
      EXPECT_EQ(entries[k].y_plus_x, wanted.y_plus_x) << window << " " << k;
      EXPECT_EQ(entries[k].two_d_xy, wanted.two_d_xy) << window << " " << k;
    }
  }
}

TEST_F(TableStepsTest, SegmentsCoverEveryEntryOnce) {
  for (unsigned windows = WindowPlan::kWindowsMin; windows <= WindowPlan::kWindowsMax; ++windows) {
    const WindowPlan plan{windows};
    std::vector<unsigned> covered(plan.entries());
    for (std::uint32_t i = 0; i < segments(plan); ++i) {
      const Segment segment = segment_of(plan, i);
      ASSERT_LE(segment.first + segment.count, std::size_t{1} << (plan.width(segment.window) - 1));
      for (std::uint32_t k = 0; k < segment.count; ++k) {
        ++covered[plan.first_entry(segment.window) + segment.first + k];
      }
    }
    ASSERT_EQ(std::count(covered.begin(), covered.end(), 1U),
              static_cast<std::ptrdiff_t>(plan.entries()))
        << windows;
  }
}

TEST_F(TableStepsTest, MapsBackAsTheHostDoesAtAwkwardCounts) {
  for (const std::size_t count : {1U, 2U, 31U, 32U, 33U, 65U}) {
    std::vector<TePoint> sums(count);
    for (std::size_t i = 0; i < count; ++i) {
      if (i % 7 != 3) {  // the others stay neutral
        const G1Affine point = test::random_point(random_);
        sums[i] += to_te_entries(std::span(&point, 1)).front();
        sums[i] = sums[i].doubled();
      }
    }
    std::vector<Fq> scratch(count);
    std::vector<G1Affine> points(count);
    const std::size_t stride = (count + kMapGroup - 1) / kMapGroup;
    for (std::size_t i = 0; i < stride; ++i) {
      map_back(sums.data(), count, i, stride, scratch.data(), points.data());
    }
    EXPECT_EQ(points, to_affine(sums)) << count;
  }
}

}  // namespace
}  // namespace gpu
