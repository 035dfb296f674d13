#include "prover/prove.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace prover {
namespace {

using Json = nlohmann::json;

class ProveTest : public ::testing::Test {
 protected:
  static constexpr std::uint32_t kDegree = 31;

  ProveOptions options_{
      .challenge = {.epoch_number = 7, .epoch_block_hash = {1}, .degree = kDegree},
      .address = {2},
      .nonce = 18'446'744'073'709'551'615U,
      .with_opening = true};
  ReferenceString reference_ =
      load_srs({.powers = std::string(kToySrs)}, kDegree, BetaH::Required).value();
  Json proof_ = Json::parse(prove_json(reference_.srs, options_));

  std::string verdict(const Json& json) const {
    const auto claims = parse_claims(json.dump());
    if (!claims.ok()) {
      return claims.error().text();
    }
    for (const Claim& claim : claims.value()) {
      if (const auto status = verify_claim(reference_, claim); !status.ok()) {
        return status.error().text();
      }
    }
    return "valid";
  }
};

TEST_F(ProveTest, WhatIsPrintedIsWhatWasAsked) {
  EXPECT_EQ(proof_["nonce"], "18446744073709551615");
  EXPECT_EQ(proof_["epoch_number"], 7);
  EXPECT_EQ(proof_["degree"], kDegree);
  EXPECT_EQ(proof_["address"].get<std::string>().substr(0, 4), "0200");
  EXPECT_EQ(proof_["commitment"].get<std::string>().size(), 96U);
  EXPECT_EQ(proof_["proof"].get<std::string>().size(), 98U);
  EXPECT_EQ(proof_["z"].get<std::string>().size(), 64U);
}

TEST_F(ProveTest, ProofHoldsByPairingAndWithoutOneByComputingAgain) {
  EXPECT_EQ(verdict(proof_), "valid");
  proof_.erase("proof");
  EXPECT_EQ(verdict(proof_), "valid");
}

TEST_F(ProveTest, SolutionsInAListShareTheirChallenge) {
  Json list = {{"epoch_number", 7},
               {"epoch_block_hash", proof_["epoch_block_hash"]},
               {"degree", kDegree},
               {"address", proof_["address"]},
               {"solutions", Json::array({proof_, proof_})}};
  EXPECT_EQ(verdict(list), "valid");
  list["solutions"][1]["nonce"] = "5";
  EXPECT_NE(verdict(list), "valid");
}

TEST_F(ProveTest, EveryFieldThatIsWrongIsNamed) {
  const auto with = [&](const char* field, const Json& value) {
    Json changed = proof_;
    changed[field] = value;
    return verdict(changed);
  };
  const std::string target = proof_["target"];
  EXPECT_EQ(with("target", "12345"), "target: 12345, the commitment's is " + target);
  EXPECT_EQ(with("nonce", "5").substr(0, 6), "proof:");
  EXPECT_EQ(with("nonce", -1), "nonce: expected an unsigned number of 64 bits");
  EXPECT_EQ(with("nonce", "18446744073709551616"), "nonce: expected an unsigned number of 64 bits");
  EXPECT_EQ(with("epoch_number", 4'294'967'296), "epoch_number: 4294967296 exceeds 4294967295");
  EXPECT_EQ(with("degree", 0), "degree: 0 is less than 1");
  EXPECT_EQ(with("degree", 16'384), "degree: 16384 exceeds 16383");
  EXPECT_EQ(with("address", 5), "address: number, expected text");
  EXPECT_EQ(with("commitment", "00").substr(0, 11), "commitment:");
  EXPECT_EQ(with("proof", std::string(98, '0')).substr(0, 6), "proof:");
  EXPECT_EQ(with("solutions", Json::array()), "solutions: expected an array of 1 to 10000");
  EXPECT_EQ(with("solutions", Json::array({3})), "solutions[0]: number, expected an object");
}

TEST_F(ProveTest, MissingFieldsAreNamed) {
  for (const char* field : {"nonce", "commitment", "epoch_number", "epoch_block_hash", "address"}) {
    Json changed = proof_;
    changed.erase(field);
    EXPECT_EQ(verdict(changed), std::string(field) + ": missing");
  }
  EXPECT_EQ(parse_claims("[]").error().text(), "not a JSON object");
  EXPECT_EQ(parse_claims("{").error().text(), "not a JSON object");
}

TEST(ProofInputTest, AddressesAndHashesAreTakenInBothForms) {
  const std::string address = "aleo1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq3ljyzc";
  EXPECT_EQ(parse_address_option(address).value(), Bytes32{});
  EXPECT_EQ(parse_address_option(std::string(64, '0')).value(), Bytes32{});
  EXPECT_EQ(parse_address_option("00").error().text(), "1 bytes of hexadecimal, expected 32");
  EXPECT_FALSE(parse_address_option(std::string(64, 'f')).ok()) << "not below r";
  EXPECT_FALSE(parse_block_hash_option(address).ok());
}

TEST(ProofInputTest, ReferenceStringThatIsNotThereIsNamed) {
  const auto missing = load_srs({.powers = "/nonexistent/powers"}, 31, BetaH::Unused);
  ASSERT_FALSE(missing.ok());
  EXPECT_EQ(missing.error().code(), base::Errc::NotFound);
  EXPECT_NE(missing.error().text().find("/nonexistent/powers"), std::string::npos);
}

}  // namespace
}  // namespace prover
