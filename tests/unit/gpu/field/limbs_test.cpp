#include "gpu/field/limbs.h"

#include <gtest/gtest.h>

namespace gpu {
namespace {

constexpr std::uint64_t kOnes = ~std::uint64_t{0};

TEST(LimbsTest, CarriesRunThroughAllLimbs) {
  Limbs<3> a = {{kOnes, kOnes, 5}};
  EXPECT_EQ(add_to(a, Limbs<3>{{1, 0, 0}}), 0U);
  EXPECT_EQ(a, (Limbs<3>{{0, 0, 6}}));

  a = {{kOnes, kOnes, kOnes}};
  EXPECT_EQ(add_to(a, Limbs<3>{{1, 0, 0}}), 1U);
  EXPECT_TRUE(is_zero(a));
}

TEST(LimbsTest, BorrowsRunThroughAllLimbs) {
  Limbs<3> a = {{0, 0, 6}};
  EXPECT_EQ(sub_from(a, Limbs<3>{{1, 0, 0}}), 0U);
  EXPECT_EQ(a, (Limbs<3>{{kOnes, kOnes, 5}}));

  a = {};
  EXPECT_EQ(sub_from(a, Limbs<3>{{1, 0, 0}}), 1U);
  EXPECT_EQ(a, (Limbs<3>{{kOnes, kOnes, kOnes}}));
}

TEST(LimbsTest, MulAddDoesNotOverflow) {
  std::uint64_t high = 0;
  EXPECT_EQ(mul_add(kOnes, kOnes, kOnes, kOnes, high), kOnes);
  EXPECT_EQ(high, kOnes);
}

TEST(LimbsTest, TheHighestLimbDecidesWhatIsLess) {
  EXPECT_TRUE(less(Limbs<2>{{9, 1}}, Limbs<2>{{0, 2}}));
  EXPECT_FALSE(less(Limbs<2>{{0, 2}}, Limbs<2>{{9, 1}}));
  EXPECT_FALSE(less(Limbs<2>{{9, 1}}, Limbs<2>{{9, 1}}));
}

TEST(LimbsTest, BitsCrossLimbsAndEndInZeros) {
  const Limbs<2> a = {{std::uint64_t{0b101} << 61, 0b11}};
  EXPECT_EQ(bits(a, 61, 5), 0b11101U);
  EXPECT_EQ(bits(a, 64, 32), 0b11U);
  EXPECT_EQ(bits(a, 127, 8), 0U);
  EXPECT_EQ(bits(a, 128, 8), 0U);
  EXPECT_EQ(bit_length(a), 66U);
  EXPECT_EQ(bit_length(Limbs<2>()), 0U);
  EXPECT_TRUE(bit(a, 61));
  EXPECT_FALSE(bit(a, 62));
}

TEST(LimbsTest, HalfMovesBitsDownALimb) {
  EXPECT_EQ(half(Limbs<2>{{1, 1}}), (Limbs<2>{{std::uint64_t{1} << 63, 0}}));
}

TEST(LimbsTest, BytesAreLittleEndian) {
  const Limbs<2> a = {{0x0807060504030201, 0x100f0e0d0c0b0a09}};
  const auto bytes = to_bytes(a);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    EXPECT_EQ(bytes[i], i + 1);
  }
  EXPECT_EQ(from_bytes<2>(bytes.data()), a);
}

}  // namespace
}  // namespace gpu
