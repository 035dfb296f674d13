// Sums and transforms of any size on a device against the host's.
#include <algorithm>
#include <cstring>
#include <vector>

#include "gpu/device/device_msm.h"
#include "gpu/device/device_ntt.h"
#include "gpu/msm/msm.h"
#include "gpu/ntt/ntt.h"
#include "tests/unit/gpu/random.h"
#include "tests/unit/prover/cuda/device.h"

namespace gpu {
namespace {

class CudaGeneralTest : public prover::test::DeviceTest {
 protected:
  std::vector<Fr> random_scalars(std::size_t count) {
    std::vector<Fr> out;
    for (std::size_t i = 0; i < count; ++i) {
      out.push_back(test::random_element<Fr>(random_));
    }
    return out;
  }
  // A few points again and again: what differs is their scalars.
  std::vector<G1Affine> random_points(std::size_t count) {
    std::vector<G1Affine> some;
    for (std::size_t i = 0; i < std::min<std::size_t>(count, 64); ++i) {
      some.push_back(test::random_point(random_));
    }
    std::vector<G1Affine> out;
    for (std::size_t i = 0; i < count; ++i) {
      out.push_back(some[i % some.size()]);
    }
    return out;
  }
  static std::vector<Limbs<4>> canonical(std::span<const Fr> scalars) {
    std::vector<Limbs<4>> out;
    for (const Fr& scalar : scalars) {
      out.push_back(scalar.canonical());
    }
    return out;
  }

  base::SeededRandom random_{404};
};

TEST_F(CudaGeneralTest, SumsAreTheHostsAtAwkwardSizes) {
  for (const std::uint32_t count : {1U, 2U, 31U, 32U, 33U, 1023U, 8192U, 16'384U}) {
    const auto points = random_points(count);
    const auto scalars = random_scalars(count);
    const auto device_points = on_device(to_te_entries(points));
    const auto device_scalars = on_device(canonical(scalars));
    auto msm_on_device = DeviceMsm::make(count);
    ASSERT_TRUE(msm_on_device.ok()) << msm_on_device.error().text();
    DeviceMsm device = std::move(msm_on_device).value();
    const auto sum = device.sum(stream_, device_points.span(), device_scalars.span());
    ASSERT_TRUE(sum.ok()) << sum.error().text();
    EXPECT_EQ(to_affine(std::span(&sum.value(), 1)).front(), msm(points, scalars).affine())
        << count;
  }
}

TEST_F(CudaGeneralTest, TransformsAreTheHosts) {
  for (const unsigned log_size : {1U, 2U, 3U, 5U, 10U, 13U, 14U, 16U}) {
    const NttDomain domain(log_size);
    std::vector<Fr> values = random_scalars(domain.size());
    const auto in = on_device(values);
    const auto roots =
        on_device(std::vector<Fr>(domain.half_roots().begin(), domain.half_roots().end()));
    auto out = empty<Fr>(domain.size());
    ASSERT_TRUE(ntt_forward(stream_, log_size, in.span(), roots.span(), out.span()).ok());
    ntt_forward(domain, values);
    EXPECT_EQ(on_host(out), values) << log_size;
  }
}

TEST_F(CudaGeneralTest, TransformsOfPointsAreTheHosts) {
  for (const unsigned log_size : {1U, 5U, 8U}) {
    const NttDomain domain(log_size);
    const auto points = random_points(domain.size());
    const auto scalars = random_scalars(domain.size());
    const auto device_points = on_device(to_te_entries(points));
    const auto device_scalars = on_device(canonical(scalars));
    const auto roots =
        on_device(std::vector<Fr>(domain.half_roots().begin(), domain.half_roots().end()));
    auto scaled = empty<TePoint>(domain.size());
    auto out = empty<TePoint>(domain.size());
    ASSERT_TRUE(
        multiply_points(stream_, device_points.span(), device_scalars.span(), scaled.span()).ok());
    ASSERT_TRUE(point_ntt_forward(stream_, log_size, scaled.span(), roots.span(), out.span()).ok());
    std::vector<G1Affine> expected;
    for (std::size_t i = 0; i < points.size(); ++i) {
      expected.push_back(multiply(points[i], scalars[i].canonical()).affine());
    }
    EXPECT_EQ(to_affine(on_host(out)), g1_ntt_forward(domain, expected, one_after_another))
        << log_size;
  }
}

}  // namespace
}  // namespace gpu
