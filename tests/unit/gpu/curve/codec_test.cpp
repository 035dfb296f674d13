#include <algorithm>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "gpu/curve/g1_codec.h"
#include "gpu/curve/g2.h"
#include "tests/unit/gpu/random.h"

namespace gpu {
namespace {

using Bytes = std::vector<std::uint8_t>;

template <std::size_t N>
Bytes bytes(const std::array<std::uint8_t, N>& from) {
  return {from.begin(), from.end()};
}

Bytes with(Bytes from, std::size_t at, std::uint8_t set) {
  from[at] |= set;
  return from;
}

Bytes cut(Bytes from, std::size_t size) {
  from.resize(size);
  return from;
}

// `count` field elements, each as the given number.
Bytes numbers(const std::vector<Limbs<6>>& values) {
  Bytes out;
  for (const Limbs<6>& value : values) {
    const auto part = to_bytes(value);
    out.insert(out.end(), part.begin(), part.end());
  }
  return out;
}

const Limbs<6> kQ = FqParams::kModulus;
constexpr Limbs<6> kZero = {};
const G1Affine kOrderTwo = {-Fq::one(), Fq::zero()};
const G1Affine kOrderSix = {Fq::from_u64(2), Fq::from_u64(3)};

struct Refusal {
  Bytes bytes;
  std::string text;
};

TEST(G1CodecTest, PointsComeBack) {
  base::SeededRandom random(14);
  std::vector<G1Affine> points = {G1Affine(), g1_generator(), -g1_generator()};
  for (int i = 0; i < 20; ++i) {
    points.push_back(test::random_point(random));
  }
  for (const G1Affine& point : points) {
    EXPECT_EQ(decompress(compress(point), Membership::Check).value(), point);
    EXPECT_EQ(decode_g1(encode(point), Membership::Check).value(), point);
  }
}

TEST(G1CodecTest, TheSignFlagMeansTheLargerY) {
  const auto plain = compress(g1_generator());
  const auto negated = compress(-g1_generator());
  // The generator's y is far below q / 2.
  EXPECT_EQ(plain.back() & 0xc0, 0);
  EXPECT_EQ(negated.back() & 0xc0, 0x80);
  EXPECT_TRUE(std::equal(plain.begin(), plain.end() - 1, negated.begin()));
}

TEST(G1CodecTest, InfinityIsOneFlagAndZeros) {
  EXPECT_EQ(bytes(compress(G1Affine())), with(Bytes(48), 47, 0x40));
  EXPECT_EQ(bytes(encode(G1Affine())), with(Bytes(96), 95, 0x40));
}

TEST(G1CodecTest, CompressedBytesAreRefusedForEachReason) {
  const Bytes good = bytes(compress(g1_generator()));
  Limbs<6> ones;
  std::ranges::fill(ones.at, ~std::uint64_t{0});
  const Refusal kRefusals[] = {
      {{}, "point: 0 bytes, expected 48"},
      {cut(good, 47), "point: 47 bytes, expected 48"},
      {cut(good, 49), "point: 49 bytes, expected 48"},
      {with(good, 47, 0xc0), "point: both the sign's and infinity's flag are set"},
      {with(good, 47, 0x40), "point: infinity with an x that is not zero"},
      {numbers({kQ}), "point: x: not below the modulus of the field"},
      {with(with(Bytes(48), 0, 1), 47, 0x20), "point: x: not below the modulus of the field"},
      {numbers({{{4}}}), "point: no point of the curve has this x"},
      {with(bytes(compress(kOrderTwo)), 47, 0x80), "point: the sign's flag is set on y = 0"},
      {bytes(compress(kOrderTwo)), "point: outside the subgroup of order r"},
      {bytes(compress(kOrderSix)), "point: outside the subgroup of order r"},
  };
  for (const Refusal& refusal : kRefusals) {
    const auto point = decompress(refusal.bytes, Membership::Check);
    ASSERT_FALSE(point.ok()) << refusal.text;
    EXPECT_EQ(point.error().text(), refusal.text);
    EXPECT_EQ(point.error().code() == base::Errc::Truncated, refusal.bytes.size() < 48);
  }
}

TEST(G1CodecTest, UncompressedBytesAreRefusedForEachReason) {
  const Bytes good = bytes(encode(g1_generator()));
  const Refusal kRefusals[] = {
      {cut(good, 95), "point: 95 bytes, expected 96"},
      {cut(good, 97), "point: 97 bytes, expected 96"},
      {with(good, 95, 0x80), "point: the sign's flag is set, expected none with both coordinates"},
      {with(good, 95, 0x40), "point: infinity with coordinates that are not zero"},
      {numbers({kQ, kZero}), "point: x: not below the modulus of the field"},
      {numbers({kZero, kQ}), "point: y: not below the modulus of the field"},
      {with(good, 47, 0x80), "point: x: not below the modulus of the field"},
      {numbers({kZero, kZero}), "point: not on the curve"},
      {numbers({{{2}}, {{4}}}), "point: not on the curve"},
      {numbers({{{2}}, {{3}}}), "point: outside the subgroup of order r"},
      {bytes(encode(kOrderTwo)), "point: outside the subgroup of order r"},
  };
  for (const Refusal& refusal : kRefusals) {
    const auto point = decode_g1(refusal.bytes, Membership::Check);
    ASSERT_FALSE(point.ok()) << refusal.text;
    EXPECT_EQ(point.error().text(), refusal.text);
  }
}

TEST(G1CodecTest, TrustedPointsNeedOnlyBeOnTheCurve) {
  EXPECT_EQ(decompress(compress(kOrderSix), Membership::Trust).value(), kOrderSix);
  EXPECT_EQ(decode_g1(encode(kOrderSix), Membership::Trust).value(), kOrderSix);
  EXPECT_FALSE(decode_g1(numbers({{{2}}, {{4}}}), Membership::Trust).ok());
}

TEST(SquareRootTest, IsFoundForSquaresAlone) {
  base::SeededRandom random(15);
  const Fq non_square = -Fq::from_u64(5);
  for (int i = 0; i < 20; ++i) {
    const Fq value = test::random_element<Fq>(random);
    const auto root = square_root(value.squared());
    ASSERT_TRUE(root.has_value());
    EXPECT_TRUE(*root == value || *root == -value);
    EXPECT_FALSE(square_root(value.squared() * non_square).has_value());
  }
  EXPECT_TRUE(square_root(Fq())->is_zero());
}

TEST(G2CodecTest, PointsComeBack) {
  for (const std::uint64_t i : {0U, 1U, 2U, 77U}) {
    const G2Affine point = multiply(g2_generator(), Limbs<4>{{i}});
    EXPECT_EQ(decode_g2(encode(point)).value(), point);
  }
  EXPECT_EQ(bytes(encode(G2Affine())), with(Bytes(192), 191, 0x40));
}

TEST(G2CodecTest, BytesAreRefusedForEachReason) {
  const Bytes good = bytes(encode(g2_generator()));
  const G2Affine off = {g2_generator().x, g2_generator().y + Fq2::one()};
  const Refusal kRefusals[] = {
      {cut(good, 191), "point: 191 bytes, expected 192"},
      {cut(good, 193), "point: 193 bytes, expected 192"},
      {with(good, 191, 0x80), "point: the sign's flag is set, expected none with both coordinates"},
      {with(good, 191, 0x40), "point: infinity with coordinates that are not zero"},
      {with(good, 47, 0x40), "point: x.c0: not below the modulus of the field"},
      {numbers({kZero, kQ, kZero, kZero}), "point: x.c1: not below the modulus of the field"},
      {numbers({kZero, kZero, kQ, kZero}), "point: y.c0: not below the modulus of the field"},
      {numbers({kZero, kZero, kZero, kQ}), "point: y.c1: not below the modulus of the field"},
      {numbers({kZero, kZero, kZero, kZero}), "point: not on the curve"},
      {bytes(encode(off)), "point: not on the curve"},
  };
  for (const Refusal& refusal : kRefusals) {
    const auto point = decode_g2(refusal.bytes);
    ASSERT_FALSE(point.ok()) << refusal.text;
    EXPECT_EQ(point.error().text(), refusal.text);
  }
}

// The first x = (n, 1) that has a point: the twist's order is r times a large cofactor, so a point
// found so is not in the subgroup.
G2Affine outside_of_subgroup() {
  const Fq2 b = {Fq(), -Fq::from_u64(5).inverse()};
  for (std::uint64_t n = 0;; ++n) {
    const Fq2 x = {Fq::from_u64(n), Fq::one()};
    const Fq2 square = x.squared() * x + b;
    // sqrt(a + b u) = c + d u: c^2 = (a + sqrt(a^2 + 5 b^2)) / 2 and d = b / (2 c).
    const auto norm = square_root(square.c0.squared() + Fq::from_u64(5) * square.c1.squared());
    if (!norm.has_value()) {
      continue;
    }
    for (const Fq& root : {*norm, -*norm}) {
      const auto c = square_root((square.c0 + root) * Fq::from_u64(2).inverse());
      if (c.has_value() && !c->is_zero()) {
        return {x, {*c, square.c1 * c->doubled().inverse()}};
      }
    }
  }
}

TEST(G2CodecTest, APointOutsideTheSubgroupIsRefused) {
  const G2Affine point = outside_of_subgroup();
  ASSERT_TRUE(is_on_curve(point));
  EXPECT_FALSE(is_in_subgroup(point));
  EXPECT_EQ(decode_g2(encode(point)).error().text(), "point: outside the subgroup of order r");
}

}  // namespace
}  // namespace gpu
