// The steps of transforms on a device, run by loops, against ntt.h's.
#include "gpu/ntt/ntt_steps.h"

#include <algorithm>
#include <vector>

#include <gtest/gtest.h>

#include "gpu/ntt/ntt.h"
#include "tests/unit/gpu/random.h"

namespace gpu {
namespace {

template <typename T>
std::vector<T> reversed(std::span<const T> values, unsigned log_size) {
  std::vector<T> out;
  for (std::uint32_t i = 0; i < values.size(); ++i) {
    out.push_back(values[bits_reversed(i, log_size)]);
  }
  return out;
}

// As device_ntt.cu groups the stages.
std::vector<Fr> by_steps(const NttDomain& domain, std::span<const Fr> values) {
  const unsigned log_size = domain.log_size();
  std::vector<Fr> out = reversed(values, log_size);
  const Fr* roots = domain.half_roots().data();
  for (unsigned log_half = 0; log_half < log_size;) {
    const unsigned stages = std::min(log_size - log_half, kNttStagesMax);
    for (std::uint32_t i = 0; i < out.size() >> stages; ++i) {
      if (stages == 3) {
        ntt_stages<3>(out.data(), roots, log_size, log_half, i);
      } else if (stages == 2) {
        ntt_stages<2>(out.data(), roots, log_size, log_half, i);
      } else {
        ntt_stages<1>(out.data(), roots, log_size, log_half, i);
      }
    }
    log_half += stages;
  }
  return out;
}

TEST(NttStepsTest, GiveTheTransformOfEverySize) {
  base::SeededRandom random(51);
  for (unsigned log_size = 1; log_size <= 11; ++log_size) {
    const NttDomain domain(log_size);
    std::vector<Fr> values;
    for (std::size_t i = 0; i < domain.size(); ++i) {
      values.push_back(test::random_element<Fr>(random));
    }
    const std::vector<Fr> out = by_steps(domain, values);
    ntt_forward(domain, values);
    EXPECT_EQ(out, values) << log_size;
  }
}

TEST(NttStepsTest, ProductOfAPointIsTheHosts) {
  base::SeededRandom random(52);
  const G1Affine point = test::random_point(random);
  const TePoint start(to_te_entries(std::span(&point, 1)).front());
  Limbs<4> last = FrParams::kModulus;
  sub_from(last, Limbs<4>{{1}});
  for (const auto& scalar : {Limbs<4>{}, Limbs<4>{{1}}, Limbs<4>{{16}}, last,
                             test::random_element<Fr>(random).canonical()}) {
    const TePoint product = te_multiply(start, scalar);
    EXPECT_EQ(to_affine(std::span(&product, 1)).front(), multiply(point, scalar).affine());
  }
}

TEST(NttStepsTest, GiveTheTransformOfPoints) {
  base::SeededRandom random(53);
  for (const unsigned log_size : {1U, 2U, 5U}) {
    const NttDomain domain(log_size);
    std::vector<G1Affine> points;
    for (std::size_t i = 0; i < domain.size(); ++i) {
      points.push_back(i == 1 ? G1Affine() : test::random_point(random));
    }
    std::vector<TePoint> values;
    for (const TeEntry& entry : to_te_entries(points)) {
      values.emplace_back(entry);
    }
    values = reversed<TePoint>(values, log_size);
    for (unsigned log_half = 0; log_half < log_size; ++log_half) {
      for (std::uint32_t i = 0; i < values.size() / 2; ++i) {
        point_ntt_stage(values.data(), domain.half_roots().data(), log_size, log_half, i);
      }
    }
    EXPECT_EQ(to_affine(values), g1_ntt_forward(domain, points, one_after_another)) << log_size;
  }
}

}  // namespace
}  // namespace gpu
