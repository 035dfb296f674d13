// The steps of a sum by buckets on a device, run by loops, against msm.h's.
#include "gpu/msm/bucket_steps.h"

#include <algorithm>
#include <vector>

#include <gtest/gtest.h>

#include "gpu/msm/msm.h"
#include "tests/unit/gpu/random.h"

namespace gpu {
namespace {

// As device_msm.cu orders the steps.
TePoint by_steps(const BucketShape& shape, std::span<const TeEntry> points,
                 std::span<const Fr> scalars) {
  const std::uint32_t buckets = shape.buckets();
  std::vector<std::uint32_t> digits(std::size_t{shape.windows()} * shape.points);
  std::vector<std::uint32_t> counts(std::size_t{shape.windows()} * buckets);
  for (std::uint32_t i = 0; i < shape.points; ++i) {
    bucket_digits(shape, scalars[i].canonical(), i, digits.data(), counts.data());
  }
  TePoint total;
  for (unsigned window = shape.windows(); window-- > 0;) {
    std::vector<std::uint32_t> begins(buckets);
    for (std::uint32_t b = 1; b < buckets; ++b) {
      begins[b] = begins[b - 1] + counts[window * buckets + b - 1];
    }
    std::vector<std::uint32_t> cursors = begins;
    std::vector<std::uint32_t> list(shape.points);
    for (std::uint32_t i = 0; i < shape.points; ++i) {
      bucket_scatter(&digits[std::size_t{window} * shape.points], i, cursors.data(), list.data());
    }
    std::vector<TePoint> sums;
    for (std::uint32_t b = 0; b < buckets; ++b) {
      sums.push_back(bucket_sum(points.data(), list.data(), begins[b], cursors[b]));
    }
    std::vector<TePoint> parts;
    for (std::uint32_t first = 0; first < buckets; first += kBucketSegment) {
      parts.push_back(
          bucket_segment(sums.data(), first, std::min(kBucketSegment, buckets - first)));
    }
    while (parts.size() > 1) {
      std::vector<TePoint> folded;
      const auto count = static_cast<std::uint32_t>(parts.size());
      for (std::uint32_t first = 0; first < count; first += kFold) {
        folded.push_back(fold_points(parts.data(), first, std::min(kFold, count - first)));
      }
      parts = folded;
    }
    for (unsigned i = 0; i < shape.width; ++i) {
      total = total.doubled();
    }
    total += parts.front().cached();
  }
  return total;
}

TEST(BucketStepsTest, GiveTheSumAtAwkwardSizesAndWidths) {
  base::SeededRandom random(61);
  for (const std::uint32_t count : {1U, 2U, 31U, 32U, 33U, 100U}) {
    std::vector<G1Affine> points;
    std::vector<Fr> scalars;
    for (std::uint32_t i = 0; i < count; ++i) {
      points.push_back(i == 3 ? G1Affine() : test::random_point(random));
      scalars.push_back(i == 1 ? Fr() : i == 2 ? -Fr::one() : test::random_element<Fr>(random));
    }
    const auto entries = to_te_entries(points);
    const G1Affine expected = msm(points, scalars).affine();
    for (const unsigned width : {4U, 7U, 11U}) {
      const TePoint sum = by_steps({.points = count, .width = width}, entries, scalars);
      EXPECT_EQ(to_affine(std::span(&sum, 1)).front(), expected) << count << " " << width;
    }
  }
}

TEST(BucketStepsTest, WidthGrowsWithThePoints) {
  EXPECT_EQ(bucket_shape(1).width, 4U);
  EXPECT_GE(bucket_shape(1 << 13).width, 9U);
  EXPECT_LE(bucket_shape(1 << 13).width, 12U);
  EXPECT_EQ(bucket_shape(1 << 22).width, 16U);
}

}  // namespace
}  // namespace gpu
