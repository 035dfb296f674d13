#include "prover/coinbase_file.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "prover/puzzle/target.h"

namespace prover {
namespace {

using Json = nlohmann::json;

class CoinbaseFileTest : public ::testing::Test {
 protected:
  static constexpr std::uint32_t kDegree = 31;

  // By the reference string with its beta H, and without.
  std::string by_pairing(const Json& json) const { return verdict(json, reference_); }
  std::string again(const Json& json) const {
    return verdict(json, {.srs = reference_.srs, .beta_h = {}});
  }
  static std::string verdict(const Json& json, const ReferenceString& reference) {
    const auto claim = parse_coinbase_file(json.dump());
    if (!claim.ok()) {
      return claim.error().text();
    }
    const auto status = verify_coinbase(reference, claim.value());
    return status.ok() ? "valid" : status.error().text();
  }
  Json with(const std::string& pointer, const Json& value) const {
    Json changed = file_;
    changed[Json::json_pointer(pointer)] = value;
    return changed;
  }

  ReferenceString reference_ =
      load_srs({.powers = std::string(kToySrs)}, kDegree, BetaH::Required).value();
  Json file_ = Json::parse(
      coinbase_json(reference_.srs,
                    {.challenge = {.epoch_number = 7, .epoch_block_hash = {1}, .degree = kDegree},
                     .address = {2},
                     .nonce = 18'446'744'073'709'551'614U},
                    3));
};

TEST_F(CoinbaseFileTest, WhatProvePrintsHoldsByPairingAndByComputingAgain) {
  EXPECT_EQ(by_pairing(file_), "valid");
  EXPECT_EQ(again(file_), "valid");
  EXPECT_EQ(file_["partial_solutions"][0]["nonce"], 18'446'744'073'709'551'614U);
  EXPECT_EQ(file_["partial_solutions"][2]["nonce"], 0) << "after the largest comes 0";
}

TEST_F(CoinbaseFileTest, AFileIsACoinbaseByItsPartialSolutions) {
  EXPECT_TRUE(is_coinbase_file(file_.dump()));
  EXPECT_TRUE(is_coinbase_file(R"({"partial_solutions":1})"));
  EXPECT_FALSE(is_coinbase_file(R"({"solutions":[]})"));
  EXPECT_FALSE(is_coinbase_file("[]"));
  EXPECT_FALSE(is_coinbase_file("{"));
}

TEST_F(CoinbaseFileTest, TheHashIsTakenInBothForms) {
  EXPECT_EQ(by_pairing(with("/epoch_block_hash", format_block_hash({1}))), "valid");
}

TEST_F(CoinbaseFileTest, OneSentenceSaysWhatDoesNotHold) {
  const std::string unlike =
      "proof.w: does not hold for this epoch, these addresses, nonces and commitments";
  const Json nonce = with("/partial_solutions/1/nonce", 5);
  EXPECT_EQ(by_pairing(nonce), unlike);
  EXPECT_EQ(again(nonce),
            "partial_solutions[1]: commitment: not that of this epoch, address and nonce");
  const Json epoch = with("/epoch_number", 8);
  EXPECT_EQ(by_pairing(epoch), unlike);
  EXPECT_EQ(again(epoch),
            "partial_solutions[0]: commitment: not that of this epoch, address and nonce");
  Json fewer = file_;
  fewer["partial_solutions"].erase(2);
  EXPECT_EQ(by_pairing(fewer), unlike);
  EXPECT_EQ(again(fewer), unlike);
  const Json twice = with("/partial_solutions/2", file_["partial_solutions"][0]);
  EXPECT_EQ(by_pairing(twice), "partial_solutions[2]: commitment: equal to an earlier one");
  EXPECT_EQ(again(twice), "partial_solutions[2]: commitment: equal to an earlier one");
}

TEST_F(CoinbaseFileTest, TargetsAreAskedWhereTheFileNamesThem) {
  std::uint64_t sum = 0;
  const CoinbaseClaim claim = parse_coinbase_file(file_.dump()).value();
  for (const auto& partial : claim.solution.partials) {
    sum += target_of(partial.commitment);
  }
  const std::string target = std::to_string(target_of(
      parse_commitment(file_["partial_solutions"][0]["commitment"].get<std::string>()).value()));
  EXPECT_EQ(by_pairing(with("/coinbase_target", sum)), "valid");
  EXPECT_EQ(by_pairing(with("/proof_target", 1)), "valid");
  EXPECT_EQ(by_pairing(with("/coinbase_target", sum + 1)),
            "sum of the targets " + std::to_string(sum) + ", at least " + std::to_string(sum + 1) +
                " is asked");
  EXPECT_EQ(again(with("/proof_target", sum)), "partial_solutions[0]: target " + target +
                                                   ", at least " + std::to_string(sum) +
                                                   " is asked of each");
}

TEST_F(CoinbaseFileTest, WhatIsKnownBesideTheFileWinsAndMayBeAbsentFromIt) {
  const auto verdict_in = [&](const Json& json, const CoinbaseContext& context) {
    const auto claim = parse_coinbase_file(json.dump(), context);
    if (!claim.ok()) {
      return claim.error().text();
    }
    const auto status = verify_coinbase(reference_, claim.value());
    return status.ok() ? "valid" : status.error().text();
  };
  const CoinbaseContext epoch = {.epoch_number = 7, .epoch_block_hash = Bytes32{1}};
  Json bare = file_;
  bare.erase("epoch_number");
  bare.erase("epoch_block_hash");
  EXPECT_EQ(verdict_in(bare, epoch), "valid");
  EXPECT_EQ(verdict_in(bare, {.epoch_number = 7}),
            "coinbase solution: epoch_block_hash: absent, expected a value");
  EXPECT_EQ(verdict_in(with("/epoch_number", 8), epoch), "valid");
  EXPECT_EQ(verdict_in(with("/epoch_number", "x"), epoch),
            "coinbase solution: epoch_number: \"x\", expected a number in 0..4294967295");
  EXPECT_EQ(verdict_in(file_, {.epoch_number = 8}),
            "proof.w: does not hold for this epoch, these addresses, nonces and commitments");
  const std::uint64_t most = 1'000'000'000;
  EXPECT_EQ(verdict_in(with("/coinbase_target", most), {.coinbase_target = 1}), "valid");
  EXPECT_EQ(verdict_in(with("/proof_target", most), {.proof_target = 1}), "valid");
  EXPECT_NE(verdict_in(file_, {.coinbase_target = most}), "valid");
  EXPECT_NE(verdict_in(file_, {.proof_target = most}), "valid");
}

TEST_F(CoinbaseFileTest, EveryFieldThatIsWrongIsNamed) {
  const auto error = [&](const std::string& pointer, const Json& value) {
    const std::string text = by_pairing(with(pointer, value));
    const std::string what = "coinbase solution: ";
    EXPECT_EQ(text.substr(0, what.size()), what);
    return text.substr(what.size());
  };
  EXPECT_EQ(error("/epoch_number", 4'294'967'296),
            "epoch_number: 4294967296, expected a number in 0..4294967295");
  EXPECT_EQ(error("/epoch_number", nullptr), "epoch_number: null, expected a value");
  EXPECT_EQ(error("/epoch_block_hash", "00").substr(0, 17), "epoch_block_hash:");
  EXPECT_EQ(error("/degree", 0), "degree: 0, expected a number in 1..16383");
  EXPECT_EQ(error("/degree", 16'384), "degree: 16384, expected a number in 1..16383");
  EXPECT_EQ(error("/proof_target", "8"),
            "proof_target: \"8\", expected a number in 0..18446744073709551615");
  EXPECT_EQ(error("/coinbase_target", -1),
            "coinbase_target: -1, expected a number in 0..18446744073709551615");
  EXPECT_EQ(error("/nonce", 1), "\"nonce\": 1, expected no such field");
  EXPECT_EQ(error("/partial_solutions/0/nonce", "5"),
            "partial_solutions[0]: nonce: \"5\", expected a number in 0..18446744073709551615");
}

TEST(CoinbaseFileDefaultTest, WithoutAnEpochNothingIsTakenAndTheDegreeIsTheNetworks) {
  Json json = {{"partial_solutions", Json::array()}, {"proof.w", Json::object()}};
  EXPECT_EQ(parse_coinbase_file(json.dump()).error().text(),
            "coinbase solution: epoch_number: absent, expected a value");
  EXPECT_EQ(parse_coinbase_file("[]").error().text(), "coinbase solution: [], expected an object");
}

}  // namespace
}  // namespace prover
