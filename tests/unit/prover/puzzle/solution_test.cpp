#include "prover/puzzle/solution.h"

#include <algorithm>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "overlay/base/hex.h"
#include "prover/puzzle/bech32m.h"

namespace prover {
namespace {

using Bytes = std::vector<std::uint8_t>;

template <typename Range>
Bytes bytes_of(const Range& range) {
  return {range.begin(), range.end()};
}

// `from` with `part` written over it at `at`.
Bytes with(Bytes from, std::size_t at, const Bytes& part) {
  std::ranges::copy(part, from.begin() + static_cast<std::ptrdiff_t>(at));
  return from;
}

Bytes cut(Bytes from, std::size_t size) {
  from.resize(size);
  return from;
}

// Every way in which 48 bytes are no point that may be sent, with its text.
struct BadPoint {
  Bytes bytes;
  std::string error;
};
std::vector<BadPoint> bad_points() {
  Bytes infinity(48);
  infinity.back() = 0x40;
  Bytes infinity_and_x = infinity;
  infinity_and_x.front() = 1;
  Bytes both_flags = infinity;
  both_flags.back() = 0xc0;
  Bytes no_point(48);
  no_point.front() = 4;
  Bytes order_six(48);  // x = 2: (2, 3) or its opposite
  order_six.front() = 2;
  return {
      {infinity, "point: infinity"},
      {infinity_and_x, "point: infinity with an x that is not zero"},
      {both_flags, "point: both the sign's and infinity's flag are set"},
      {bytes_of(gpu::to_bytes(gpu::FqParams::kModulus)),
       "point: x: not below the modulus of the field"},
      {no_point, "point: no point of the curve has this x"},
      {order_six, "point: outside the subgroup of order r"},
  };
}

G1Affine times_generator(std::uint64_t scalar) {
  return gpu::multiply_in_subgroup(gpu::g1_generator(), gpu::Fr::from_u64(scalar)).affine();
}

const Bytes kR = bytes_of(gpu::to_bytes(gpu::FrParams::kModulus));

class SolutionTest : public testing::Test {
 protected:
  ProverSolution solution_ = {{{1, 2, 3}, 0x0807060504030201, times_generator(5)},
                              times_generator(6)};
  CoinbaseSolution coinbase_ = {{solution_.partial, {{4}, 9, times_generator(7)}},
                                times_generator(8)};
};

template <typename Decode>
void expect_error(const Bytes& bytes, const std::string& error, Decode decode) {
  const auto decoded = decode(bytes);
  ASSERT_FALSE(decoded.ok()) << error;
  EXPECT_EQ(decoded.error().text(), error);
}

TEST_F(SolutionTest, BytesAreAddressNonceCommitmentAndProof) {
  const auto bytes = encode(solution_);
  EXPECT_EQ(base::hex_encode(bytes),
            "0102030000000000000000000000000000000000000000000000000000000000"
            "0102030405060708" +
                base::hex_encode(gpu::compress(solution_.partial.commitment)) +
                base::hex_encode(gpu::compress(solution_.proof)) + "00");
  EXPECT_EQ(bytes_of(encode(solution_.partial)), cut(bytes_of(bytes), 88));
  EXPECT_EQ(bytes_of(encode_proof(solution_.proof)), Bytes(bytes.begin() + 88, bytes.end()));
}

TEST_F(SolutionTest, EverythingComesBack) {
  EXPECT_EQ(decode_partial_solution(encode(solution_.partial)).value(), solution_.partial);
  EXPECT_EQ(decode_prover_solution(encode(solution_)).value(), solution_);
  EXPECT_EQ(decode_coinbase_solution(encode(coinbase_)).value(), coinbase_);
  EXPECT_EQ(decode_proof(encode_proof(solution_.proof)).value(), solution_.proof);
  EXPECT_EQ(parse_commitment(format_commitment(solution_.proof)).value(), solution_.proof);
  EXPECT_EQ(parse_solution_json(format_json(solution_)).value(), solution_);
  EXPECT_EQ(parse_coinbase_json(format_json(coinbase_)).value(), coinbase_);
}

TEST_F(SolutionTest, CoinbaseBytesAreCountPartialsAndProof) {
  const auto bytes = encode(coinbase_);
  EXPECT_EQ(bytes.size(), 4U + 2 * 88 + 49);
  EXPECT_EQ(Bytes(bytes.begin(), bytes.begin() + 4), (Bytes{2, 0, 0, 0}));
  EXPECT_EQ(Bytes(bytes.begin() + 92, bytes.begin() + 180),
            bytes_of(encode(coinbase_.partials[1])));
}

TEST_F(SolutionTest, ACommitmentIsRefusedForEachReason) {
  expect_error(Bytes(47), "commitment: point: 47 bytes, expected 48", decode_commitment);
  expect_error(Bytes(49), "commitment: point: 49 bytes, expected 48", decode_commitment);
  for (const BadPoint& bad : bad_points()) {
    expect_error(bad.bytes, "commitment: " + bad.error, decode_commitment);
    EXPECT_EQ(parse_commitment(bech32m_encode("puzzle", bad.bytes)).error().text(),
              "commitment: " + bad.error);
  }
  EXPECT_EQ(parse_commitment("ab1").error().text(),
            "commitment: expected it to begin with \"puzzle1\"");
}

TEST_F(SolutionTest, AProofIsRefusedForEachReason) {
  const Bytes good = bytes_of(encode_proof(solution_.proof));
  expect_error({}, "proof: 0 bytes, expected 49", decode_proof);
  expect_error(cut(good, 48), "proof: 48 bytes, expected 49", decode_proof);
  expect_error(cut(good, 50), "proof: 50 bytes, expected 49", decode_proof);
  expect_error(with(good, 48, {1}), "proof: option 1, expected 0, no value that hides",
               decode_proof);
  expect_error(with(good, 48, {255}), "proof: option 255, expected 0, no value that hides",
               decode_proof);
  for (const BadPoint& bad : bad_points()) {
    expect_error(with(good, 0, bad.bytes), "proof: " + bad.error, decode_proof);
  }
}

TEST_F(SolutionTest, APartialSolutionIsRefusedForEachReason) {
  const Bytes good = bytes_of(encode(solution_.partial));
  expect_error(cut(good, 87), "partial solution: 87 bytes, expected 88", decode_partial_solution);
  expect_error(cut(good, 89), "partial solution: 89 bytes, expected 88", decode_partial_solution);
  expect_error(with(good, 0, kR), "partial solution: address: not below the modulus of the field",
               decode_partial_solution);
  for (const BadPoint& bad : bad_points()) {
    expect_error(with(good, 40, bad.bytes), "partial solution: commitment: " + bad.error,
                 decode_partial_solution);
  }
}

TEST_F(SolutionTest, AProverSolutionIsRefusedForEachReason) {
  const Bytes good = bytes_of(encode(solution_));
  expect_error(cut(good, 136), "prover solution: 136 bytes, expected 137", decode_prover_solution);
  expect_error(cut(good, 138), "prover solution: 138 bytes, expected 137", decode_prover_solution);
  expect_error(with(good, 0, kR), "prover solution: address: not below the modulus of the field",
               decode_prover_solution);
  expect_error(with(good, 136, {2}),
               "prover solution: proof: option 2, expected 0, no value that hides",
               decode_prover_solution);
  for (const BadPoint& bad : bad_points()) {
    expect_error(with(good, 40, bad.bytes), "prover solution: commitment: " + bad.error,
                 decode_prover_solution);
    expect_error(with(good, 88, bad.bytes), "prover solution: proof: " + bad.error,
                 decode_prover_solution);
  }
}

TEST_F(SolutionTest, ACoinbaseSolutionIsRefusedForEachReason) {
  const Bytes good = encode(coinbase_);
  const auto decode = decode_coinbase_solution;
  expect_error(cut(good, 3), "coinbase solution: 3 bytes, expected 4", decode);
  expect_error(cut(good, 228), "coinbase solution: 228 bytes, expected 229", decode);
  expect_error(cut(good, 230), "coinbase solution: 230 bytes, expected 229", decode);
  expect_error(with(good, 0, {0, 0, 0, 0}),
               "coinbase solution: 0 partial solutions, expected 1..1048576", decode);
  expect_error(with(good, 0, {3, 0, 0, 0}), "coinbase solution: 229 bytes, expected 317", decode);
  expect_error(with(good, 0, {1, 0, 16, 0}),
               "coinbase solution: 1048577 partial solutions, expected 1..1048576", decode);
  expect_error(with(good, 0, {255, 255, 255, 255}),
               "coinbase solution: 4294967295 partial solutions, expected 1..1048576", decode);
  expect_error(with(good, 92, kR),
               "coinbase solution: partial solution 1: address: not below the modulus of the field",
               decode);
  expect_error(with(good, 228, {1}),
               "coinbase solution: proof: option 1, expected 0, no value that hides", decode);
  for (const BadPoint& bad : bad_points()) {
    expect_error(with(good, 132, bad.bytes),
                 "coinbase solution: partial solution 1: commitment: " + bad.error, decode);
    expect_error(with(good, 180, bad.bytes), "coinbase solution: proof: " + bad.error, decode);
  }
}

TEST_F(SolutionTest, JsonIsWrittenAsTheReferenceWritesIt) {
  solution_.partial.nonce = ~std::uint64_t{0};
  solution_.proof = gpu::g1_generator();
  EXPECT_EQ(
      format_json(solution_),
      "{\"partial_solution\":{\"address\":\"" + format_address(solution_.partial.address) +
          "\",\"nonce\":18446744073709551615,\"commitment\":\"" +
          format_commitment(solution_.partial.commitment) +
          "\"},\"proof.w\":{\"x\":"
          "\"8936371498990330724573571709856357470573359146316361422574833741667472762584318785344"
          "2697973404985688481508350822\","
          "\"y\":"
          "\"370217727293719065057806597280886048143382051407281821663779632012565867490633099"
          "3856598323293086021583822603349\",\"infinity\":false}}");
  EXPECT_EQ(parse_solution_json(format_json(solution_)).value(), solution_);
}

TEST_F(SolutionTest, JsonIsRefusedForEachReason) {
  const auto good = nlohmann::json::parse(format_json(solution_));
  struct Case {
    std::string pointer;
    nlohmann::json value;
    std::string error;
  };
  const std::string q =
      "25866442601296909401065273369489353353639351275491466053988426266672046834834082277496888813"
      "9"
      "573360124440321458177";
  const std::string decimal_error = ": expected a decimal number without leading zeros";
  const Case kCases[] = {
      {"/extra", 1, "prover solution: \"extra\": 1, expected no such field"},
      {"/partial_solution", 1, "prover solution: partial_solution: 1, expected an object"},
      {"/proof.w", "x", "prover solution: proof.w: \"x\", expected an object"},
      {"/partial_solution/nonce", -1,
       "prover solution: partial_solution: nonce: -1, expected a number in "
       "0..18446744073709551615"},
      {"/partial_solution/nonce", "5",
       "prover solution: partial_solution: nonce: \"5\", expected a number in "
       "0..18446744073709551615"},
      {"/partial_solution/address", "aleo1",
       "prover solution: partial_solution: address: 5 characters, expected 63"},
      {"/partial_solution/commitment", "puzzle1",
       "prover solution: partial_solution: commitment: 7 characters, expected 90"},
      {"/proof.w/infinity", true, "prover solution: proof.w: point: infinity"},
      {"/proof.w/infinity", 0, "prover solution: proof.w: infinity: 0, expected true or false"},
      {"/proof.w/x", "012", "prover solution: proof.w: x" + decimal_error},
      {"/proof.w/x", "-1", "prover solution: proof.w: x" + decimal_error},
      {"/proof.w/y", "0x1", "prover solution: proof.w: y" + decimal_error},
      {"/proof.w/x", q, "prover solution: proof.w: x: not below the modulus of the field"},
      {"/proof.w/y", std::string(120, '9'),
       "prover solution: proof.w: y: not below the modulus of the field"},
      {"/proof.w/x", "1", "prover solution: proof.w: point: not on the curve"},
      {"/proof.w",
       {{"x", "2"}, {"y", "3"}, {"infinity", false}},
       "prover solution: proof.w: point: outside the subgroup of order r"},
      {"/proof.w",
       {{"x", "0"}, {"y", "0"}, {"infinity", false}},
       "prover solution: proof.w: point: not on the curve"},
  };
  for (const Case& one : kCases) {
    nlohmann::json json = good;
    json[nlohmann::json::json_pointer(one.pointer)] = one.value;
    const auto solution = parse_solution_json(json.dump());
    ASSERT_FALSE(solution.ok()) << one.error;
    EXPECT_EQ(solution.error().text(), one.error);
  }
  EXPECT_EQ(parse_solution_json("{").error().text(), "prover solution: not JSON");
  EXPECT_EQ(parse_solution_json("{}").error().text(),
            "prover solution: partial_solution: absent, expected a value");
  EXPECT_EQ(parse_solution_json(std::string(1025, ' ')).error().text(),
            "prover solution: 1025 bytes, at most 1024");
}

}  // namespace
}  // namespace prover
