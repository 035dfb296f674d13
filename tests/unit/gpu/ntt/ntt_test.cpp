#include "gpu/ntt/ntt.h"

#include <vector>

#include <gtest/gtest.h>

#include "tests/unit/gpu/random.h"

namespace gpu {
namespace {

std::vector<Fr> random_values(std::size_t count) {
  base::SeededRandom random(18);
  std::vector<Fr> out(count);
  for (Fr& value : out) {
    value = test::random_element<Fr>(random);
  }
  return out;
}

std::vector<Fr> naive(const NttDomain& domain, const std::vector<Fr>& values) {
  std::vector<Fr> out(values.size());
  for (std::size_t i = 0; i < out.size(); ++i) {
    for (std::size_t k = 0; k < values.size(); ++k) {
      out[i] += values[k] * domain.element(i * k % domain.size());
    }
  }
  return out;
}

class NttTest : public testing::TestWithParam<unsigned> {
 protected:
  NttDomain domain_{GetParam()};
};
INSTANTIATE_TEST_SUITE_P(LogSizes, NttTest, testing::Values(0U, 1U, 2U, 3U, 6U, 8U));

TEST_P(NttTest, ForwardIsTheSumOfTheDefinition) {
  const std::vector<Fr> values = random_values(domain_.size());
  std::vector<Fr> transformed = values;
  ntt_forward(domain_, transformed);
  EXPECT_EQ(transformed, naive(domain_, values));
}

TEST_P(NttTest, InverseUndoesForward) {
  const std::vector<Fr> values = random_values(domain_.size());
  std::vector<Fr> back = values;
  ntt_forward(domain_, back);
  ntt_inverse(domain_, back);
  EXPECT_EQ(back, values);
}

TEST(NttDomainTest, ElementsAreThePowersOfTheRoot) {
  const NttDomain domain(5);
  Fr power = Fr::one();
  for (std::size_t i = 0; i < domain.size(); ++i) {
    EXPECT_EQ(domain.element(i), power);
    power *= root_of_unity(5);
  }
  EXPECT_EQ(power, Fr::one());
  EXPECT_EQ(domain.size_inverse() * Fr::from_u64(domain.size()), Fr::one());
}

std::vector<G1Affine> times_generator(const std::vector<Fr>& scalars) {
  std::vector<G1> out;
  for (const Fr& scalar : scalars) {
    out.push_back(multiply_in_subgroup(g1_generator(), scalar));
  }
  return to_affine(out);
}

// The tasks from the last to the first: their order may not matter.
void backwards(std::size_t count, const std::function<void(std::size_t)>& task) {
  for (std::size_t i = count; i-- > 0;) {
    task(i);
  }
}

// 256 points are more than one task.
class PointNttTest : public testing::TestWithParam<unsigned> {
 protected:
  NttDomain domain_{GetParam()};
};
INSTANTIATE_TEST_SUITE_P(LogSizes, PointNttTest,
                         testing::Values(0U, 1U, 2U, 5U, test::kIsSanitized ? 6U : 8U));

TEST_P(PointNttTest, ForwardIsTheTransformOfTheScalars) {
  std::vector<Fr> scalars = random_values(domain_.size());
  scalars.front() = Fr();  // a point at infinity
  const auto points = times_generator(scalars);
  ntt_forward(domain_, scalars);

  EXPECT_EQ(g1_ntt_forward(domain_, points, one_after_another), times_generator(scalars));
  EXPECT_EQ(g1_ntt_forward(domain_, points, backwards), times_generator(scalars));
}

TEST_P(PointNttTest, InverseIsTheTransformOfTheScalars) {
  std::vector<Fr> scalars = random_values(domain_.size());
  scalars.back() = Fr();
  const auto points = times_generator(scalars);
  ntt_inverse(domain_, scalars);

  EXPECT_EQ(g1_ntt_inverse(domain_, points, backwards), times_generator(scalars));
}

TEST(PointNttEdgeTest, EqualPointsGiveInfinities) {
  const NttDomain domain(3);
  const std::vector<G1Affine> points(domain.size(), g1_generator());
  const auto out = g1_ntt_forward(domain, points, one_after_another);
  EXPECT_EQ(out[0], multiply_in_subgroup(g1_generator(), Fr::from_u64(8)).affine());
  for (std::size_t i = 1; i < out.size(); ++i) {
    EXPECT_TRUE(out[i].is_infinity());
  }
}

}  // namespace
}  // namespace gpu
