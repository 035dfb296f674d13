#include "overlay/crypto/secret.h"

#include <type_traits>

#include <gtest/gtest.h>

namespace crypto {
namespace {

static_assert(!std::is_copy_constructible_v<Secret<32>>);
static_assert(!std::is_copy_assignable_v<Secret<32>>);

bool is_zero(std::span<const std::uint8_t> bytes) {
  return std::ranges::all_of(bytes, [](std::uint8_t byte) { return byte == 0; });
}

TEST(SecretTest, MovingLeavesNothingBehind) {
  Secret<32> from = Secret<32>::random();
  const Secret<32> kept = from.copy();

  const Secret<32> to = std::move(from);

  EXPECT_TRUE(equal(to.bytes(), kept.bytes()));
  EXPECT_TRUE(is_zero(from.bytes()));  // NOLINT(bugprone-use-after-move): the point of the test
}

TEST(SecretTest, AssignmentWipesItsSource) {
  Secret<32> from = Secret<32>::random();
  Secret<32> to;

  to = std::move(from);

  EXPECT_FALSE(is_zero(to.bytes()));
  EXPECT_TRUE(is_zero(from.bytes()));  // NOLINT(bugprone-use-after-move): the point of the test
}

TEST(SecretTest, DyingWipesTheBytes) {
  alignas(Secret<32>) std::array<std::uint8_t, sizeof(Secret<32>)> memory{};
  auto* secret = std::construct_at(reinterpret_cast<Secret<32>*>(memory.data()));
  SystemRandom().fill(secret->writable());
  ASSERT_FALSE(is_zero(memory));

  std::destroy_at(secret);

  EXPECT_TRUE(is_zero(memory));
}

TEST(SecretTest, RandomOnesDiffer) {
  EXPECT_FALSE(equal(Secret<32>::random().bytes(), Secret<32>::random().bytes()));
}

TEST(SecretDeathTest, AWrongSizeIsABug) {
  const std::array<std::uint8_t, 31> bytes{};
  EXPECT_DEATH(Secret<32>{std::span<const std::uint8_t>(bytes)}, "check failed: bytes.size");
}

TEST(EqualTest, ComparesSizeAndEveryByte) {
  const std::array<std::uint8_t, 3> left{1, 2, 3};
  const std::array<std::uint8_t, 3> right{1, 2, 4};

  EXPECT_TRUE(equal(left, left));
  EXPECT_FALSE(equal(left, right));
  EXPECT_FALSE(equal(left, std::span(left).first(2)));
  EXPECT_TRUE(equal({}, {}));
}

}  // namespace
}  // namespace crypto
