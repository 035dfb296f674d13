// Every kernel against the same steps run by loops, byte for byte, at awkward sizes.
#include "prover/cuda/kernels.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "tests/unit/gpu/random.h"
#include "tests/unit/prover/cuda/device.h"
#include "tests/unit/prover/cuda/field_kernels.h"

namespace prover::cuda {
namespace {

using gpu::DeviceBuffer;
using gpu::Fq;
using gpu::Fr;
using gpu::G1Affine;
using gpu::OddDigit;
using gpu::TeEntry;
using gpu::TePoint;
using test::FieldOperation;

constexpr std::uint32_t kAwkward[] = {1, 2, 31, 32, 33, 127, 128, 129, 1023};

template <typename T>
bool same_bytes(const std::vector<T>& a, const std::vector<T>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(T)) == 0;
}

class CudaKernelsTest : public test::DeviceTest {
 protected:
  template <typename F>
  void check_field() {
    for (const std::uint32_t count : kAwkward) {
      std::vector<F> a;
      std::vector<F> b;
      for (std::uint32_t i = 0; i < count; ++i) {
        a.push_back(i % 13 == 5 ? F::zero() - F::one() : gpu::test::random_element<F>(random_));
        b.push_back(i % 17 == 3 ? F::zero() : gpu::test::random_element<F>(random_));
      }
      const auto device_a = on_device(a);
      const auto device_b = on_device(b);
      auto out = empty<F>(count);
      for (const auto operation :
           {FieldOperation::Product, FieldOperation::ProductInLine, FieldOperation::Square,
            FieldOperation::Sum, FieldOperation::Difference, FieldOperation::Inverse}) {
        ASSERT_TRUE(
            test::launch_field(stream_, operation, device_a.span(), device_b.span(), out.span())
                .ok());
        std::vector<F> expected;
        for (std::uint32_t i = 0; i < count; ++i) {
          expected.push_back(expect(operation, a[i], b[i]));
        }
        EXPECT_TRUE(same_bytes(on_host(out), expected))
            << count << " elements, operation " << static_cast<int>(operation);
      }
    }
  }
  template <typename F>
  static F expect(FieldOperation operation, const F& a, const F& b) {
    switch (operation) {
      case FieldOperation::Product:
      case FieldOperation::ProductInLine:
        return F::multiply_portable(a, b);
      case FieldOperation::Square:
        return F::multiply_portable(a, a);
      case FieldOperation::Sum:
        return a + b;
      case FieldOperation::Difference:
        return a - b;
      case FieldOperation::Inverse:
        return a.inverse();
    }
    return F();
  }

  std::vector<TeEntry> random_entries(std::size_t count) {
    std::vector<G1Affine> points;
    for (std::size_t i = 0; i < count; ++i) {
      points.push_back(gpu::test::random_point(random_));
    }
    return gpu::to_te_entries(points);
  }
  std::vector<TePoint> random_sums(std::size_t count) {
    const auto entries = random_entries(std::min<std::size_t>(count, 40));
    std::vector<TePoint> out(count);
    for (std::size_t i = 0; i < count; ++i) {
      if (i % 11 != 7) {  // the others stay neutral
        out[i] += entries[i % entries.size()];
        out[i] = out[i].doubled();
      }
    }
    return out;
  }

  base::SeededRandom random_{377};
  SeedPrefix prefix_{.words = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17}};
};

TEST_F(CudaKernelsTest, FieldOfPointsGivesTheHostsBytes) {
  check_field<Fq>();
}

TEST_F(CudaKernelsTest, FieldOfScalarsGivesTheHostsBytes) {
  check_field<Fr>();
}

TEST_F(CudaKernelsTest, SeedsAndDigitsAreTheHosts) {
  for (const std::uint32_t count : kAwkward) {
    for (const unsigned windows : {19U, 32U, 64U}) {
      const gpu::SumShape shape{.plan = {windows}, .sums = count, .bases = 3};
      std::vector<SeedWords> seeds;
      for (std::uint32_t i = 0; i < count; ++i) {
        seeds.push_back(seed_of(prefix_, ~std::uint64_t{0} - 5 + i));
      }
      std::vector<OddDigit> digits(std::size_t{shape.bases} * windows * count);
      for (std::uint32_t base = 0; base < shape.bases; ++base) {
        for (std::uint32_t i = 0; i < count; ++i) {
          write_digits(shape, seeds[i], 8000, base, i, digits.data());
        }
      }
      auto device_seeds = empty<SeedWords>(count);
      auto device_digits = empty<OddDigit>(digits.size());
      ASSERT_TRUE(launch_seeds(stream_, prefix_, ~std::uint64_t{0} - 5, device_seeds.span()).ok());
      ASSERT_TRUE(
          launch_digits(stream_, shape, device_seeds.span(), 8000, device_digits.span()).ok());
      EXPECT_TRUE(same_bytes(on_host(device_seeds), seeds)) << count;
      EXPECT_TRUE(same_bytes(on_host(device_digits), digits)) << count << " " << windows;
    }
  }
}

TEST_F(CudaKernelsTest, TablesAreTheHosts) {
  const auto bases = random_entries(3);
  for (const unsigned windows : {30U, 41U, 64U}) {
    const gpu::WindowPlan plan{windows};
    std::vector<TePoint> powers(bases.size() * windows);
    std::vector<TeEntry> tables(bases.size() * plan.entries());
    std::vector<Fq> scratch(gpu::kSegmentEntries);
    for (std::size_t base = 0; base < bases.size(); ++base) {
      gpu::write_powers(plan, bases[base], &powers[base * windows]);
      for (std::uint32_t i = 0; i < gpu::segments(plan); ++i) {
        const gpu::Segment segment = gpu::segment_of(plan, i);
        gpu::build_segment(powers[base * windows + segment.window], segment.first, segment.count,
                           &tables[base * plan.entries() + plan.first_entry(segment.window)],
                           scratch.data(), 1);
      }
    }
    const auto device_bases = on_device(bases);
    auto device_powers = empty<TePoint>(powers.size());
    auto device_tables = empty<TeEntry>(tables.size());
    auto device_scratch = empty<Fq>(gpu::kSegmentEntries * 128 * 2);
    ASSERT_TRUE(launch_powers(stream_, plan, device_bases.span(), device_powers.span()).ok());
    ASSERT_TRUE(launch_build(stream_, plan, device_powers.span(), device_tables.span(),
                             device_scratch.span())
                    .ok());
    EXPECT_TRUE(same_bytes(on_host(device_powers), powers)) << windows;
    EXPECT_TRUE(same_bytes(on_host(device_tables), tables)) << windows;
  }
}

TEST_F(CudaKernelsTest, SumsAreTheHosts) {
  const gpu::WindowPlan plan{64};
  const auto tables = random_entries(40);
  std::vector<TeEntry> all;
  for (std::size_t i = 0; i < 2 * plan.entries(); ++i) {
    all.push_back(tables[i % tables.size()]);
  }
  const auto device_tables = on_device(all);
  for (const std::uint32_t count : kAwkward) {
    const gpu::SumShape shape{.plan = plan, .sums = count, .bases = 2};
    std::vector<OddDigit> digits(std::size_t{shape.bases} * plan.windows * count);
    for (std::uint32_t base = 0; base < shape.bases; ++base) {
      for (std::uint32_t i = 0; i < count; ++i) {
        write_digits(shape, seed_of(prefix_, i), 0, base, i, digits.data());
      }
    }
    std::vector<TePoint> sums(count);
    for (std::uint32_t i = 0; i < count; ++i) {
      gpu::accumulate(shape, i, digits.data(), all.data(), sums[i]);
    }
    const auto device_digits = on_device(digits);
    auto device_sums = empty<TePoint>(count);
    ASSERT_TRUE(launch_clear(stream_, device_sums.span()).ok());
    ASSERT_TRUE(launch_accumulate(stream_, shape, device_digits.span(), device_tables.span(),
                                  device_sums.span())
                    .ok());
    EXPECT_TRUE(same_bytes(on_host(device_sums), sums)) << count;
  }
}

TEST_F(CudaKernelsTest, SumsAreMappedBackAndCheckedAsTheHostDoes) {
  for (const std::uint32_t count : kAwkward) {
    const auto sums = random_sums(count);
    const auto points = gpu::to_affine(sums);
    const auto device_sums = on_device(sums);
    auto device_scratch = empty<Fq>(count);
    auto device_points = empty<G1Affine>(count);
    auto device_hits = empty<HitRecord>(kHitsMax);
    auto device_count = on_device(std::vector<Word32>{0});
    ASSERT_TRUE(
        launch_map_back(stream_, device_sums.span(), device_scratch.span(), device_points.span())
            .ok());
    ASSERT_TRUE(
        launch_check(stream_, device_points.span(), 2, device_hits.span(), device_count.span())
            .ok());
    EXPECT_TRUE(same_bytes(on_host(device_points), points)) << count;
    std::size_t expected = 0;
    for (const G1Affine& point : points) {
      expected += target_of_sum(point) >= 2 ? std::size_t{1} : 0;
    }
    ASSERT_EQ(on_host(device_count)[0], expected) << count;
    auto hits = on_host(device_hits);
    for (std::size_t i = 0; i < expected; ++i) {
      EXPECT_EQ(hits[i].target, target_of_sum(points[hits[i].index]));
      EXPECT_EQ(hits[i].commitment, points[hits[i].index]);
    }
  }
}

TEST_F(CudaKernelsTest, ProductsAreRepeatedProducts) {
  std::vector<Fq> values;
  for (int i = 0; i < 66; ++i) {
    values.push_back(gpu::test::random_element<Fq>(random_));
  }
  auto device = on_device(values);
  ASSERT_TRUE(launch_products(stream_, device.span(), 50).ok());
  for (std::size_t i = 0; i < 33; ++i) {
    const Fq factor = values[i];
    for (int n = 0; n < 50; ++n) {
      values[i] *= factor;
      values[33 + i] *= factor;
    }
  }
  EXPECT_TRUE(same_bytes(on_host(device), values));
}

}  // namespace
}  // namespace prover::cuda
