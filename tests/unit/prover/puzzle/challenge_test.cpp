#include "prover/puzzle/challenge.h"

#include <algorithm>
#include <vector>

#include <gtest/gtest.h>

#include "gpu/field/bls12_377.h"
#include "overlay/base/hex.h"
#include "prover/puzzle/bech32m.h"

namespace prover {
namespace {

TEST(EpochChallengeTest, BytesAreNumberHashAndDegreeLittleEndian) {
  EpochChallenge challenge = {0x01020304, {}, kPuzzleDegree};
  challenge.epoch_block_hash[0] = 0xaa;
  challenge.epoch_block_hash[31] = 0x05;
  const auto bytes = encode(challenge);
  EXPECT_EQ(base::hex_encode(bytes),
            "04030201"
            "aa00000000000000000000000000000000000000000000000000000000000005"
            "ff1f0000");
  EXPECT_EQ(decode_challenge(bytes).value(), challenge);
}

TEST(EpochChallengeTest, BytesAreRefusedForEachReason) {
  const auto good = encode(EpochChallenge{7, {}, 31});
  struct Case {
    std::vector<std::uint8_t> bytes;
    std::string error;
  };
  const auto with = [&](std::size_t at, std::initializer_list<std::uint8_t> to) {
    std::vector<std::uint8_t> bytes(good.begin(), good.end());
    std::ranges::copy(to, bytes.begin() + static_cast<std::ptrdiff_t>(at));
    return bytes;
  };
  const auto r = gpu::to_bytes(gpu::FrParams::kModulus);
  std::vector<std::uint8_t> not_canonical(good.begin(), good.end());
  std::ranges::copy(r, not_canonical.begin() + 4);
  const Case kCases[] = {
      {{}, "epoch challenge: 0 bytes, expected 40"},
      {{good.begin(), good.end() - 1}, "epoch challenge: 39 bytes, expected 40"},
      {std::vector<std::uint8_t>(41), "epoch challenge: 41 bytes, expected 40"},
      {not_canonical, "epoch challenge: epoch block hash: not below the modulus of the field"},
      {with(36, {0, 0, 0, 0}), "epoch challenge: degree 0, expected 1..16383"},
      {with(36, {0, 0x40, 0, 0}), "epoch challenge: degree 16384, expected 1..16383"},
      {with(36, {0xff, 0xff, 0xff, 0xff}), "epoch challenge: degree 4294967295, expected 1..16383"},
  };
  for (const Case& one : kCases) {
    const auto challenge = decode_challenge(one.bytes);
    ASSERT_FALSE(challenge.ok()) << one.error;
    EXPECT_EQ(challenge.error().text(), one.error);
    EXPECT_EQ(challenge.error().code() == base::Errc::Truncated, one.bytes.size() < 40);
  }
}

TEST(EpochChallengeTest, TheLargestHashIsTaken) {
  auto below = gpu::FrParams::kModulus;
  below.at[0] -= 1;
  EpochChallenge challenge = {1, gpu::to_bytes(below), 1};
  EXPECT_EQ(decode_challenge(encode(challenge)).value(), challenge);
}

TEST(AddressTest, TextsComeBack) {
  const Bytes32 bytes = {1, 2, 3};
  EXPECT_EQ(parse_address(format_address(bytes)).value(), bytes);
  EXPECT_EQ(format_address(bytes).size(), 63U);
  EXPECT_EQ(parse_block_hash(format_block_hash(bytes)).value(), bytes);
}

TEST(AddressTest, TextIsRefusedWithItsName) {
  EXPECT_EQ(parse_address("ab1").error().text(), "address: expected it to begin with \"aleo1\"");
  EXPECT_EQ(parse_block_hash("aleo1").error().text(),
            "block hash: expected it to begin with \"ab1\"");
  const auto r = gpu::to_bytes(gpu::FrParams::kModulus);
  EXPECT_EQ(parse_address(bech32m_encode("aleo", r)).error().text(),
            "address: not below the modulus of the field");
  EXPECT_EQ(parse_block_hash(bech32m_encode("ab", r)).error().text(),
            "block hash: not below the modulus of the field");
}

}  // namespace
}  // namespace prover
