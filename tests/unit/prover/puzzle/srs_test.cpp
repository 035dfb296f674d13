#include "prover/puzzle/srs.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "overlay/base/hex.h"
#include "prover/puzzle/little_endian.h"

namespace prover {
namespace {

using Bytes = std::vector<std::uint8_t>;

// The file that decode_powers reads, with the points given.
Bytes file_of(std::span<const gpu::G1Affine> points) {
  LittleEndianWriter writer;
  writer.number(std::uint64_t{points.size()});
  for (const gpu::G1Affine& point : points) {
    writer.raw(gpu::encode(point));
  }
  return writer.bytes();
}

class SrsTest : public testing::Test {
 protected:
  ToySrs toy_ = make_toy_srs(gpu::Fr::from_u64(3), 3);
  Bytes file_ = file_of(toy_.srs.powers());
};

TEST_F(SrsTest, PowersComeBackFromTheirFile) {
  const auto powers = decode_powers(file_, 4, {.sha256 = std::nullopt});
  ASSERT_TRUE(powers.ok()) << powers.error().text();
  EXPECT_TRUE(std::ranges::equal(powers.value(), toy_.srs.powers().first(4)));
}

TEST_F(SrsTest, ADigestThatMatchesSparesTheSubgroupCheck) {
  std::vector<gpu::G1Affine> points(toy_.srs.powers().begin(), toy_.srs.powers().end());
  points[2] = {gpu::Fq::from_u64(2), gpu::Fq::from_u64(3)};
  const Bytes file = file_of(points);
  PowersCheck check = {.sha256 = crypto::sha256(file), .membership = gpu::Membership::Trust};
  EXPECT_TRUE(decode_powers(file, 4, check).ok());
  check.membership = gpu::Membership::Check;
  EXPECT_EQ(decode_powers(file, 4, check).error().text(),
            "powers: 2: point: outside the subgroup of order r");
  EXPECT_TRUE(decode_powers(file, 2, check).ok());  // what is not used is not checked
}

TEST_F(SrsTest, FilesAreRefusedForEachReason) {
  const auto changed = [&](auto change) {
    Bytes out = file_;
    change(out);
    return out;
  };
  std::vector<gpu::G1Affine> points(toy_.srs.powers().begin(), toy_.srs.powers().end());
  std::vector<gpu::G1Affine> with_infinity = points;
  with_infinity[1] = {};
  std::vector<gpu::G1Affine> other_start = points;
  other_start[0] = other_start[1];
  struct Case {
    Bytes file;
    std::string error;
  };
  const Case kCases[] = {
      {Bytes(7), "powers: 7 bytes, expected 8"},
      {changed([](Bytes& b) { b.pop_back(); }), "powers: 775 bytes for 8 points of 96"},
      {changed([](Bytes& b) { b.push_back(0); }), "powers: 777 bytes for 8 points of 96"},
      {changed([](Bytes& b) { b[0] = 9; }), "powers: 776 bytes for 9 points of 96"},
      {changed([](Bytes& b) { std::fill_n(b.begin(), 8, std::uint8_t{0xff}); }),
       "powers: 776 bytes for 18446744073709551615 points of 96"},
      {file_of(std::span(points).first(3)), "powers: 3 points, expected 4 or more"},
      {changed([](Bytes& b) { b[8 + 96] ^= 1; }), "powers: 1: point: not on the curve"},
      {changed([](Bytes& b) { b[8 + 2 * 96 - 1] |= 0x80; }),
       "powers: 1: point: the sign's flag is set, expected none with both coordinates"},
      {file_of(with_infinity), "powers: 1: infinity"},
      {file_of(other_start), "powers: 0: another point than the generator"},
  };
  for (const Case& one : kCases) {
    const auto powers = decode_powers(one.file, 4, {.sha256 = std::nullopt});
    ASSERT_FALSE(powers.ok()) << one.error;
    EXPECT_EQ(powers.error().text(), one.error);
  }
}

TEST_F(SrsTest, AnotherDigestThanThePublishedIsRefused) {
  const auto powers = decode_powers(file_, 4);
  EXPECT_EQ(powers.error().code(), base::Errc::Unauthenticated);
  EXPECT_EQ(powers.error().text(), "powers: sha256 " + base::hex_encode(crypto::sha256(file_)) +
                                       ", expected "
                                       "eb7040c25ce1a19a5a9a1d12046c5820"
                                       "ba9c2768c606290f8a80fa2bd0e1e5ed");
}

TEST_F(SrsTest, BetaHIsReadAndChecked) {
  const auto bytes = gpu::encode(toy_.beta_h);
  EXPECT_EQ(decode_beta_h(bytes, std::nullopt).value(), toy_.beta_h);
  EXPECT_EQ(decode_beta_h(bytes).error().code(), base::Errc::Unauthenticated);
  EXPECT_EQ(decode_beta_h(gpu::encode(gpu::G2Affine()), std::nullopt).error().text(),
            "beta h: infinity");
  EXPECT_EQ(decode_beta_h(std::span(bytes).first(191), std::nullopt).error().text(),
            "beta h: point: 191 bytes, expected 192");
}

TEST_F(SrsTest, BothFilesAreOfOneBetaOrNot) {
  EXPECT_TRUE(is_of_one_beta(toy_.srs, toy_.beta_h));
  EXPECT_FALSE(is_of_one_beta(toy_.srs, gpu::g2_generator()));
}

TEST_F(SrsTest, TheLargestDegreeIsWhatItsPowersHold) {
  EXPECT_EQ(Srs::powers_for(3), 8U);
  EXPECT_EQ(toy_.srs.degree_max(), 3U);
  std::vector<gpu::G1Affine> more(toy_.srs.powers().begin(), toy_.srs.powers().end());
  more.resize(15, gpu::g1_generator());
  EXPECT_EQ(Srs(more).degree_max(), 3U);
  more.resize(16, gpu::g1_generator());
  EXPECT_EQ(Srs(more).degree_max(), 7U);
  EXPECT_EQ(Srs::powers_for(7), 16U);
}

TEST_F(SrsTest, TheLagrangeBasisCommitsToValues) {
  toy_.srs.prepare(3, gpu::one_after_another);
  toy_.srs.prepare(1, gpu::one_after_another);
  EXPECT_EQ(toy_.srs.lagrange(3).size(), 8U);
  EXPECT_EQ(toy_.srs.lagrange(1).size(), 4U);
  gpu::G1 sum;  // the polynomial that is one everywhere
  for (const gpu::G1Affine& point : toy_.srs.lagrange(3)) {
    sum += point;
  }
  EXPECT_EQ(sum.affine(), gpu::g1_generator());
}

}  // namespace
}  // namespace prover
