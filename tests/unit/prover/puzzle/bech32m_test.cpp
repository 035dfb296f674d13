#include "prover/puzzle/bech32m.h"

#include <gtest/gtest.h>

#include "prover/puzzle/challenge.h"

namespace prover {
namespace {

const std::string kZeros = "ab1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq5g436j";

TEST(Bech32mTest, ZeroHashIsWrittenAsTheReferenceWritesIt) {
  EXPECT_EQ(format_block_hash(Bytes32{}), kZeros);
  EXPECT_EQ(parse_block_hash(kZeros).value(), Bytes32{});
}

// BIP 350's valid strings, whose data is given there for some as five-bit values.
TEST(Bech32mTest, PublishedStringsHoldTheirBytes) {
  EXPECT_EQ(bech32m_encode("a", {}), "a1lqfn3a");
  EXPECT_TRUE(bech32m_decode("a", 0, "a1lqfn3a").value().empty());
  EXPECT_TRUE(bech32m_decode("?", 0, "?1v759aa").ok());
}

TEST(Bech32mTest, BytesOfAnyLengthComeBack) {
  std::vector<std::uint8_t> bytes;
  for (std::size_t size = 0; size < 70; ++size) {
    const std::string text = bech32m_encode("puzzle", bytes);
    EXPECT_EQ(bech32m_decode("puzzle", size, text).value(), bytes);
    bytes.push_back(static_cast<std::uint8_t>(0xa5 + 77 * size));
  }
}

TEST(Bech32mTest, EveryWrongCharacterIsFound) {
  const std::string text = bech32m_encode("ab", Bytes32{1, 2, 3});
  for (std::size_t i = 3; i < text.size(); ++i) {
    std::string wrong = text;
    wrong[i] = wrong[i] == 'q' ? 'p' : 'q';
    EXPECT_EQ(parse_block_hash(wrong).error().text(), "block hash: the checksum does not match");
  }
}

TEST(Bech32mTest, TextIsRefusedForEachReason) {
  struct Case {
    std::string text;
    std::string error;
  };
  const Case kCases[] = {
      {"", "expected it to begin with \"ab1\""},
      {"aleo1qqqq", "expected it to begin with \"ab1\""},
      {"AB1" + kZeros.substr(3), "expected it to begin with \"ab1\""},
      {kZeros.substr(0, 60), "60 characters, expected 61"},
      {kZeros + "q", "62 characters, expected 61"},
      {kZeros.substr(0, 60) + "J",
       "character 60: \"J\", expected one of qpzry9x8gf2tvdw0s3jn54khce6mua7l"},
      {kZeros.substr(0, 60) + "b",
       "character 60: \"b\", expected one of qpzry9x8gf2tvdw0s3jn54khce6mua7l"},
      {kZeros.substr(0, 60) + '\n',
       "character 60: byte 10, expected one of qpzry9x8gf2tvdw0s3jn54khce6mua7l"},
      {kZeros.substr(0, 60) + '\xff',
       "character 60: byte 255, expected one of qpzry9x8gf2tvdw0s3jn54khce6mua7l"},
      {kZeros.substr(0, 60) + "q", "the checksum does not match"},
  };
  for (const Case& one : kCases) {
    const auto bytes = bech32m_decode("ab", 32, one.text);
    ASSERT_FALSE(bytes.ok()) << one.text;
    EXPECT_EQ(bytes.error().text(), one.error);
  }
  EXPECT_EQ(bech32m_decode("ab", 32, kZeros.substr(0, 60)).error().code(), base::Errc::Truncated);
}

TEST(Bech32mTest, PaddingBitsAreZero) {
  // Sixteen bits are four characters, the last of which has four bits of padding: "qqqp" has a one
  // there, and the checksum is right.
  const auto error = bech32m_decode("ab", 2, "ab1qqqplnatz2").error().text();
  EXPECT_EQ(error, "the padding bits are not zero");
}

// bech32 (BIP 173) has another constant.
TEST(Bech32mTest, TheOlderChecksumIsRefused) {
  EXPECT_EQ(bech32m_decode("a", 0, "a12uel5l").error().text(), "the checksum does not match");
}

}  // namespace
}  // namespace prover
