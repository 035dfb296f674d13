#include "gpu/curve/g1_te.h"

#include <vector>

#include <gtest/gtest.h>

#include "tests/unit/gpu/random.h"

namespace gpu {
namespace {

G1Affine sum_of(const std::vector<TeEntry>& entries) {
  TePoint sum;
  for (const TeEntry& entry : entries) {
    sum += entry;
  }
  return to_affine(std::span(&sum, 1)).front();
}

class TwistedEdwardsTest : public testing::Test {
 protected:
  base::SeededRandom random_{13};
  std::vector<G1Affine> points_ = {test::random_point(random_), G1Affine(),
                                   test::random_point(random_), g1_generator()};
  std::vector<TeEntry> entries_ = to_te_entries(points_);
};

TEST_F(TwistedEdwardsTest, TheMappingComesBack) {
  for (std::size_t i = 0; i < points_.size(); ++i) {
    EXPECT_EQ(sum_of({entries_[i]}), points_[i]);
    EXPECT_EQ(sum_of({-entries_[i]}), -points_[i]);
  }
}

TEST_F(TwistedEdwardsTest, SumsAreThoseOfTheOtherForm) {
  G1 expected;
  TePoint sum;
  for (int i = 0; i < 50; ++i) {
    const G1Affine point = test::random_point(random_);
    expected += point;
    sum += to_te_entries(std::span(&point, 1)).front();
    EXPECT_EQ(to_affine(std::span(&sum, 1)).front(), expected.affine());
  }
}

TEST_F(TwistedEdwardsTest, EqualOppositeAndNeutralOperandsNeedNoCare) {
  const TeEntry& p = entries_[0];
  const TeEntry neutral;
  EXPECT_EQ(sum_of({p, p}), G1(points_[0]).doubled().affine());
  EXPECT_TRUE(sum_of({p, -p}).is_infinity());
  EXPECT_EQ(sum_of({p, -p, p}), points_[0]);
  EXPECT_EQ(sum_of({neutral, p, neutral}), points_[0]);
  EXPECT_TRUE(sum_of({}).is_infinity());
  EXPECT_TRUE(sum_of({neutral, entries_[1]}).is_infinity());
}

TEST_F(TwistedEdwardsTest, ManyAreMappedBackAtOnce) {
  std::vector<TePoint> sums(3);
  sums[1] += entries_[0];
  sums[2] += entries_[3];
  const auto affine = to_affine(sums);
  EXPECT_TRUE(affine[0].is_infinity());
  EXPECT_EQ(affine[1], points_[0]);
  EXPECT_EQ(affine[2], points_[3]);
}

}  // namespace
}  // namespace gpu
