// What the reference computed for degree 8191, and a real block. Sums of 16 384 terms and
// transforms of as many points: seconds in a plain build, minutes under a sanitizer, where it is
// skipped.
#include "gpu/ntt/ntt.h"
#include "prover/puzzle/coinbase.h"
#include "prover/puzzle/target.h"
#include "prover/puzzle/verify.h"
#include "tests/unit/prover/puzzle/vectors.h"

namespace prover {
namespace {

using namespace test;

#define SKIP_WHERE_SLOW()                                        \
  if (kIsSanitized) {                                            \
    GTEST_SKIP() << "full size takes minutes under a sanitizer"; \
  }                                                              \
  static_assert(true)

std::uint64_t u64(const nlohmann::json& text) {
  return std::stoull(text.get<std::string>());
}

TEST(FullSizeTest, EpochZeroIsTheReferences) {
  SKIP_WITHOUT_VECTORS();
  SKIP_WHERE_SLOW();
  const auto vectors = read_vectors("vectors-deg8191-epoch0.json");
  const auto intermediate = read_vectors("vectors-intermediate.json");
  Srs srs = published_srs(kPuzzleDegree, gpu::Membership::Trust);
  srs.prepare(kPuzzleDegree, on_two_threads);
  EXPECT_EQ(compressed_hex(srs.lagrange(kPuzzleDegree).front()), intermediate["lagrange0"]);
  EXPECT_EQ(compressed_hex(srs.lagrange(kPuzzleDegree).back()), intermediate["lagrange16383"]);

  const EpochChallenge challenge = challenge_of(vectors, kPuzzleDegree);
  const EpochBases epoch = make_epoch_bases(srs, challenge, on_two_threads);
  for (const auto& base : vectors["epoch_bases"]) {
    EXPECT_EQ(compressed_hex(epoch.bases[base["j"].get<std::size_t>()]), base["point"]);
  }

  constexpr std::size_t kLiteralNonces = 2;
  const Bytes32 address = bytes32(vectors["address"]);
  std::vector<PartialSolution> partials;
  for (const auto& solution : vectors["solutions"]) {
    const std::uint64_t nonce = u64(solution["nonce"]);
    SCOPED_TRACE(nonce);
    const Polynomial prover = prover_polynomial(challenge, address, nonce);
    const G1Affine commitment = commit(epoch, prover);
    EXPECT_EQ(compressed_hex(commitment), solution["commitment"]);
    EXPECT_EQ(std::to_string(target_of(commitment)), solution["target"]);
    if (partials.size() < kLiteralNonces) {
      EXPECT_EQ(commit_literally(srs, epoch.polynomial, prover), commitment);
    }
    partials.push_back({address, nonce, commitment});
  }
  EXPECT_EQ(partials.size(), 32U);
}

// The one coinbase of the file, with what a verifier keeps.
struct CoinbaseOfZero {
  EpochKey key;
  CoinbaseSolution coinbase;
};

CoinbaseOfZero coinbase_of_zero() {
  const auto vectors = read_vectors("vectors-intermediate.json");
  CoinbaseOfZero out;
  out.key = make_epoch_key(challenge_of(vectors["cases"][0], kPuzzleDegree),
                           decode_beta_h(read_vector_file("beta-h.usrs")).value());
  for (const auto& one : vectors["cases"]) {
    if (one["epoch_number"] == 0) {
      out.coinbase.partials.push_back({bytes32(one["address"]), u64(one["nonce"]),
                                       decode_commitment(bytes(one["commitment"])).value()});
    }
  }
  out.coinbase.proof = decode_proof(bytes(vectors["coinbase_of_epoch0_cases"]["proof"])).value();
  return out;
}

// Every number of the file, by the literal way; the proof by both.
TEST(FullSizeTest, EveryIntermediateNumberIsTheReferences) {
  SKIP_WITHOUT_VECTORS();
  SKIP_WHERE_SLOW();
  const auto vectors = read_vectors("vectors-intermediate.json");
  Srs srs = published_srs(kPuzzleDegree, gpu::Membership::Trust);
  srs.prepare(kPuzzleDegree, on_two_threads);
  const gpu::NttDomain domain(domain_log_size(kPuzzleDegree));
  EXPECT_EQ(hex(domain.element(1)), vectors["omega_16384_le"]);
  EXPECT_EQ(hex(gpu::encode(gpu::g2_generator())), vectors["h_g2_uncompressed"]);
  const auto beta_h = decode_beta_h(read_vector_file("beta-h.usrs"));
  ASSERT_TRUE(beta_h.ok());
  EXPECT_TRUE(is_of_one_beta(srs, beta_h.value()));

  std::vector<PartialSolution> of_epoch_zero;
  for (const auto& one : vectors["cases"]) {
    SCOPED_TRACE(one["nonce"].get<std::string>());
    const EpochChallenge challenge = challenge_of(one, kPuzzleDegree);
    const Bytes32 address = bytes32(one["address"]);
    const std::uint64_t nonce = u64(one["nonce"]);
    const Polynomial epoch = epoch_polynomial(challenge);
    const Polynomial prover = prover_polynomial(challenge, address, nonce);
    EXPECT_EQ(hex(epoch.front()), one["epoch_coeff0_le"]);
    EXPECT_EQ(hex(epoch.back()), one["epoch_coeff8191_le"]);
    EXPECT_EQ(hex(prover.front()), one["prover_coeff0_le"]);
    EXPECT_EQ(hex(prover.back()), one["prover_coeff8191_le"]);
    EXPECT_EQ(hex(evaluate(epoch, domain.element(1))), one["epoch_eval1_le"]);
    Polynomial values = product(epoch, prover, kPuzzleDegree);
    gpu::ntt_forward(domain, values);
    EXPECT_EQ(hex(values[0]), one["product_eval0_le"]);
    EXPECT_EQ(hex(values[1]), one["product_eval1_le"]);
    EXPECT_EQ(hex(values[16383]), one["product_eval16383_le"]);

    const G1Affine commitment = commit_literally(srs, epoch, prover);
    EXPECT_EQ(compressed_hex(commitment), one["commitment"]);
    EXPECT_EQ(commit_by_coefficients(srs, epoch, prover), commitment);
    EXPECT_EQ(std::to_string(target_hash(gpu::compress(commitment))), one["sha256d_u64"]);
    EXPECT_EQ(std::to_string(target_of(commitment)), one["target"]);
    const Fr at = challenge_point(commitment);
    const Opening opening = open_literally(srs, epoch, prover, at);
    EXPECT_EQ(hex(at), one["challenge_point_le"]);
    EXPECT_EQ(hex(opening.value), one["claimed_value_le"]);
    EXPECT_EQ(hex(encode_proof(opening.proof)), one["proof"]);

    const ProverSolution solution = {{address, nonce, commitment}, opening.proof};
    const EpochKey key = make_epoch_key(challenge, beta_h.value());
    EXPECT_EQ(verify(key, solution, 1), Verdict::Valid);
    EXPECT_EQ(verify(key, solution, target_of(commitment) + 1), Verdict::LowTarget);
    if (challenge.epoch_number == 0) {
      of_epoch_zero.push_back(solution.partial);
    }
  }

  const auto& coinbase = vectors["coinbase_of_epoch0_cases"];
  const Accumulation accumulation = accumulation_of(of_epoch_zero);
  ASSERT_EQ(accumulation.factors.size(), coinbase["challenges_le"].size());
  for (std::size_t i = 0; i < accumulation.factors.size(); ++i) {
    EXPECT_EQ(hex(accumulation.factors[i]), coinbase["challenges_le"][i]);
  }
  EXPECT_EQ(hex(accumulation.point), coinbase["accumulator_point_le"]);
  const EpochChallenge challenge = challenge_of(vectors["cases"][0], kPuzzleDegree);
  const Opening opening = open_literally(
      srs, epoch_polynomial(challenge), combined_polynomial(challenge, accumulation, of_epoch_zero),
      accumulation.point);
  EXPECT_EQ(hex(encode_proof(opening.proof)), coinbase["proof"]);
}

TEST(FullSizeTest, TheReferencesAccumulationHoldsByPairingAndByRecomputation) {
  SKIP_WITHOUT_VECTORS();
  SKIP_WHERE_SLOW();
  const CoinbaseOfZero zero = coinbase_of_zero();
  EXPECT_EQ(verify(zero.key, zero.coinbase, {1, 3}), CoinbaseVerdict());
  EXPECT_EQ(verify(zero.key, zero.coinbase, {1, 4}),
            (CoinbaseVerdict{Verdict::LowTargetSum, 0, 3}));
  EXPECT_EQ(verify(zero.key, zero.coinbase, {2, 3}), (CoinbaseVerdict{Verdict::LowTarget, 0, 1}));
  const Srs srs = published_srs(kPuzzleDegree, gpu::Membership::Trust);
  EXPECT_EQ(recompute(zero.key.challenge, srs, zero.coinbase, {1, 3}), CoinbaseVerdict());
  EXPECT_EQ(parse_coinbase_json(format_json(zero.coinbase)).value(), zero.coinbase);
}

TEST(FullSizeTest, ABitChangedInAnyByteOfTheReferencesAccumulationIsRefused) {
  SKIP_WITHOUT_VECTORS();
  SKIP_WHERE_SLOW();
  const CoinbaseOfZero zero = coinbase_of_zero();
  const auto good = encode(zero.coinbase);
  for (std::size_t at = 0; at < good.size(); ++at) {
    auto bytes = good;
    bytes[at] ^= static_cast<std::uint8_t>(1U << (at % 8));
    const auto changed = decode_coinbase_solution(bytes);
    EXPECT_TRUE(!changed.ok() || verify(zero.key, changed.value(), {}).verdict != Verdict::Valid)
        << "byte " << at;
  }
}

TEST(FullSizeTest, AToyStringCommitsToTheValueAtBeta) {
  SKIP_WHERE_SLOW();
  const Fr beta = Fr::from_u64(0x5eed).inverse();
  ToySrs toy = make_toy_srs(beta, kPuzzleDegree);
  const EpochChallenge challenge = {3, {}, kPuzzleDegree};
  const Polynomial epoch = epoch_polynomial(challenge);
  const Polynomial prover = prover_polynomial(challenge, {}, 7);

  const G1Affine commitment = commit_by_coefficients(toy.srs, epoch, prover);

  const Fr value = evaluate(epoch, beta) * evaluate(prover, beta);
  EXPECT_EQ(commitment, gpu::multiply_in_subgroup(gpu::g1_generator(), value).affine());
}

TEST(ChainBlockTest, TheReferencesBlockIsReproduced) {
  SKIP_WITHOUT_VECTORS();
  const auto block = read_vectors("chain-block-1578.json");
  std::vector<PartialSolution> partials;
  std::uint64_t sum = 0;
  for (const auto& solution : block["partial_solutions"]) {
    const auto commitment = parse_commitment(solution["commitment"].get<std::string>());
    ASSERT_TRUE(commitment.ok()) << commitment.error().text();
    EXPECT_EQ(compressed_hex(commitment.value()), solution["commitment_hex"]);
    EXPECT_EQ(format_commitment(commitment.value()), solution["commitment"]);
    const auto address = parse_address(solution["address"].get<std::string>());
    ASSERT_TRUE(address.ok()) << address.error().text();
    EXPECT_EQ(hex(address.value()), solution["address_hex"]);
    EXPECT_EQ(format_address(address.value()), solution["address"]);
    const std::uint64_t target = target_of(commitment.value());
    EXPECT_EQ(std::to_string(target), solution["target"]);
    sum += target;
    partials.push_back({address.value(), u64(solution["nonce"]), commitment.value()});
  }
  EXPECT_EQ(partials.size(), 27U);
  EXPECT_EQ(std::to_string(sum), block["sum_of_targets"]);
  EXPECT_TRUE(parse_block_hash(block["block_hash"].get<std::string>()).ok());

  const nlohmann::json proof = {
      {"x", block["proof_w"]["x"]}, {"y", block["proof_w"]["y"]}, {"infinity", false}};
  nlohmann::json json = {{"proof.w", proof}, {"partial_solutions", nlohmann::json::array()}};
  for (const auto& solution : block["partial_solutions"]) {
    json["partial_solutions"].push_back({{"address", solution["address"]},
                                         {"nonce", u64(solution["nonce"])},
                                         {"commitment", solution["commitment"]}});
  }
  const auto coinbase = parse_coinbase_json(json.dump());
  ASSERT_TRUE(coinbase.ok()) << coinbase.error().text();
  EXPECT_EQ(coinbase.value().partials, partials);
  EXPECT_EQ(nlohmann::json::parse(format_json(coinbase.value())), json);

  // 4296506291180732465938228228861277001914030123559356580992481583177502752263, the block's.
  EXPECT_EQ(block["coinbase_accumulator_point"],
            "4296506291180732465938228228861277001914030123559356580992481583177502752263");
  EXPECT_EQ(hex(accumulation_of(partials).point),
            "07feda7299a5b3f11226449a2ce3c66209e4716bff4c2c35ed64fd9d83bc7f09");
}

}  // namespace
}  // namespace prover
