// A coinbase solution as JSON: what is written, and each way to be refused.
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "prover/puzzle/bech32m.h"
#include "prover/puzzle/solution.h"

namespace prover {
namespace {

using Json = nlohmann::json;

G1Affine times_generator(std::uint64_t scalar) {
  return gpu::multiply_in_subgroup(gpu::g1_generator(), gpu::Fr::from_u64(scalar)).affine();
}

class CoinbaseJsonTest : public testing::Test {
 protected:
  // What is said after one member is set.
  std::string error_with(const std::string& pointer, const Json& value) const {
    Json json = good_;
    json[Json::json_pointer(pointer)] = value;
    return error_of(json.dump());
  }
  static std::string error_of(const std::string& text) {
    const auto coinbase = parse_coinbase_json(text);
    return coinbase.ok() ? "taken" : coinbase.error().text();
  }

  const CoinbaseSolution coinbase_ = {
      {{{1, 2, 3}, ~std::uint64_t{0}, times_generator(5)}, {{4}, 9, times_generator(7)}},
      gpu::g1_generator()};
  const Json good_ = Json::parse(format_json(coinbase_));
};

TEST_F(CoinbaseJsonTest, IsWrittenAsTheReferenceWritesIt) {
  const auto partial = [&](std::size_t i, const std::string& nonce) {
    return "{\"address\":\"" + format_address(coinbase_.partials[i].address) +
           "\",\"nonce\":" + nonce + ",\"commitment\":\"" +
           format_commitment(coinbase_.partials[i].commitment) + "\"}";
  };
  EXPECT_EQ(format_json(coinbase_),
            "{\"partial_solutions\":[" + partial(0, "18446744073709551615") + "," +
                partial(1, "9") +
                "],\"proof.w\":{\"x\":"
                "\"8936371498990330724573571709856357470573359146316361422574833741667472762584318"
                "7853442697973404985688481508350822\",\"y\":"
                "\"3702177272937190650578065972808860481433820514072818216637796320125658674906330"
                "993856598323293086021583822603349\",\"infinity\":false}}");
}

TEST_F(CoinbaseJsonTest, ComesBack) {
  EXPECT_EQ(parse_coinbase_json(format_json(coinbase_)).value(), coinbase_);
  EXPECT_EQ(parse_coinbase_json(good_.dump(2)).value(), coinbase_)
      << "in another order, with space";
}

TEST_F(CoinbaseJsonTest, TheMostThatIsWrittenFitsIntoWhatIsRead) {
  const Bytes32 address = {255, 255, 255};
  const std::size_t one =
      format_json(
          CoinbaseSolution{{{address, ~std::uint64_t{0}, times_generator(5)}}, gpu::g1_generator()})
          .size();
  EXPECT_LE(one * kCoinbaseJsonSolutionsMax, 2 * kCoinbaseJsonBytesMax);
  const std::size_t two =
      format_json(CoinbaseSolution{{{address, ~std::uint64_t{0}, times_generator(5)},
                                    {address, ~std::uint64_t{0}, times_generator(6)}},
                                   gpu::g1_generator()})
          .size();
  EXPECT_LE(one + (two - one) * (kCoinbaseJsonSolutionsMax - 1), kCoinbaseJsonBytesMax);
}

TEST_F(CoinbaseJsonTest, ItsOwnFieldsAreRefusedForEachReason) {
  EXPECT_EQ(error_with("/extra", 1), "coinbase solution: \"extra\": 1, expected no such field");
  EXPECT_EQ(error_with("/partial_solutions", Json::object()),
            "coinbase solution: partial_solutions: {}, expected an array");
  EXPECT_EQ(error_with("/partial_solutions", nullptr),
            "coinbase solution: partial_solutions: null, expected a value");
  EXPECT_EQ(error_with("/partial_solutions", Json::array()),
            "coinbase solution: partial_solutions: 0 of them, expected 1..16384");
  EXPECT_EQ(error_with("/partial_solutions", Json(16'385, 0)),
            "coinbase solution: partial_solutions: 16385 of them, expected 1..16384");
  EXPECT_EQ(error_with("/proof.w", Json::array()),
            "coinbase solution: proof.w: [], expected an object");
  EXPECT_EQ(error_of("{}"), "coinbase solution: partial_solutions: absent, expected a value");
  EXPECT_EQ(error_of(R"({"partial_solutions":[]})"),
            "coinbase solution: proof.w: absent, expected a value");
  EXPECT_EQ(error_of("["), "coinbase solution: not JSON");
  EXPECT_EQ(error_of("[]"), "coinbase solution: [], expected an object");
  EXPECT_EQ(error_of(R"({"proof.w":1,"proof.w":2})"),
            "coinbase solution: field \"proof.w\" is given twice");
  EXPECT_EQ(error_of(std::string(kCoinbaseJsonBytesMax + 1, ' ')),
            "coinbase solution: 4194305 bytes, at most 4194304");
}

TEST_F(CoinbaseJsonTest, APartialSolutionIsRefusedForEachReasonWithItsPlace) {
  const std::string where = "coinbase solution: partial_solutions[1]: ";
  const std::string at = "/partial_solutions/1";
  std::vector<std::uint8_t> infinity(48);
  infinity.back() = 0x40;
  std::vector<std::uint8_t> order_six(48);
  order_six.front() = 2;
  std::vector<std::uint8_t> off_curve(48);
  off_curve.front() = 4;
  const auto modulus = gpu::to_bytes(gpu::FqParams::kModulus);
  EXPECT_EQ(error_with(at, 3), where + "3, expected an object");
  EXPECT_EQ(error_with(at + "/extra", 1), where + "\"extra\": 1, expected no such field");
  EXPECT_EQ(error_with(at + "/nonce", -1),
            where + "nonce: -1, expected a number in 0..18446744073709551615");
  EXPECT_EQ(error_with(at + "/nonce", "9"),
            where + "nonce: \"9\", expected a number in 0..18446744073709551615");
  EXPECT_EQ(error_with(at + "/nonce", 9.0),
            where + "nonce: 9.0, expected a number in 0..18446744073709551615");
  EXPECT_EQ(error_with(at + "/address", 1),
            where + "address: 1, expected a text of at most 128 bytes");
  EXPECT_EQ(error_with(at + "/address", "aleo1"), where + "address: 5 characters, expected 63");
  const auto commitment = [&](std::span<const std::uint8_t> bytes) {
    return error_with(at + "/commitment", bech32m_encode("puzzle", bytes));
  };
  EXPECT_EQ(commitment(infinity), where + "commitment: point: infinity");
  EXPECT_EQ(commitment(order_six), where + "commitment: point: outside the subgroup of order r");
  EXPECT_EQ(commitment(off_curve), where + "commitment: point: no point of the curve has this x");
  EXPECT_EQ(commitment(modulus),
            where + "commitment: point: x: not below the modulus of the field");
}

TEST_F(CoinbaseJsonTest, AProofIsRefusedForEachReason) {
  const std::string where = "coinbase solution: proof.w: ";
  EXPECT_EQ(error_with("/proof.w/z", 1), where + "\"z\": 1, expected no such field");
  EXPECT_EQ(error_with("/proof.w/infinity", true), where + "point: infinity");
  EXPECT_EQ(error_with("/proof.w/infinity", 0), where + "infinity: 0, expected true or false");
  EXPECT_EQ(error_with("/proof.w/x", 1), where + "x: 1, expected a text of at most 128 bytes");
  EXPECT_EQ(error_with("/proof.w/x", "01"),
            where + "x: expected a decimal number without leading zeros");
  EXPECT_EQ(error_with("/proof.w/y", std::string(120, '9')),
            where + "y: not below the modulus of the field");
  EXPECT_EQ(error_with("/proof.w/x", "1"), where + "point: not on the curve");
  EXPECT_EQ(error_with("/proof.w", {{"x", "2"}, {"y", "3"}, {"infinity", false}}),
            where + "point: outside the subgroup of order r");
}

}  // namespace
}  // namespace prover
