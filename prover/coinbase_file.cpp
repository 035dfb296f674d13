#include "prover/coinbase_file.h"

#include <cstdint>
#include <limits>
#include <utility>

#include <nlohmann/json.hpp>

#include "overlay/base/hex.h"
#include "overlay/model/json_reader.h"
#include "prover/puzzle/coinbase.h"

namespace prover {
namespace {

using Json = nlohmann::json;

constexpr std::string_view kWhat = "coinbase solution";
constexpr std::size_t kHashTextMax = 64;  // of hexadecimal; bech32m is shorter
constexpr std::uint64_t kNumberMax = std::numeric_limits<std::uint64_t>::max();

// What is wrong, as one sentence. Requires a verdict that is not Valid.
std::string sentence_of(const CoinbaseVerdict& verdict, const CoinbaseTargets& targets) {
  const std::string one = "partial_solutions[" + std::to_string(verdict.index) + "]: ";
  switch (verdict.verdict) {
    case Verdict::LowTarget:
      return one + "target " + std::to_string(verdict.target) + ", at least " +
             std::to_string(targets.each_min) + " is asked of each";
    case Verdict::LowTargetSum:
      return "sum of the targets " + std::to_string(verdict.target) + ", at least " +
             std::to_string(targets.sum_min) + " is asked";
    case Verdict::Duplicate:
      return one + "commitment: equal to an earlier one";
    case Verdict::WrongCommitment:
      return one + "commitment: not that of this epoch, address and nonce";
    case Verdict::WrongProof:
      return "proof.w: does not hold for this epoch, these addresses, nonces and commitments";
    case Verdict::Valid:
    case Verdict::BadCount:
      break;
  }
  return std::string(text_of(verdict.verdict));
}

}  // namespace

bool is_coinbase_file(std::string_view text) {
  const Json document = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  return document.is_object() && document.contains("partial_solutions");
}

base::Result<CoinbaseClaim> parse_coinbase_file(std::string_view text,
                                                const CoinbaseContext& context) {
  auto json = model::parse_json(kWhat, text, kCoinbaseJsonBytesMax);
  if (!json.ok()) {
    return json.error();
  }
  Json document = std::move(json).value();
  CoinbaseClaim out;
  model::JsonReader reader(kWhat, document);
  // What is given beside the file wins, and what the file says must be right all the same.
  if (!context.epoch_number.has_value() || document.contains("epoch_number")) {
    out.challenge.epoch_number = static_cast<std::uint32_t>(
        reader.number("epoch_number", 0, std::numeric_limits<std::uint32_t>::max()));
  }
  if (!context.epoch_block_hash.has_value() || document.contains("epoch_block_hash")) {
    out.challenge.epoch_block_hash = reader.parsed(
        "epoch_block_hash", kHashTextMax,
        [](std::string_view hash) { return parse_block_hash_option(std::string(hash)); });
  }
  out.challenge.epoch_number = context.epoch_number.value_or(out.challenge.epoch_number);
  out.challenge.epoch_block_hash =
      context.epoch_block_hash.value_or(out.challenge.epoch_block_hash);
  out.challenge.degree = static_cast<std::uint32_t>(
      reader.optional_number("degree", 1, kDegreeMax).value_or(kPuzzleDegree));
  const auto each_min = reader.optional_number("proof_target", 0, kNumberMax);
  const auto sum_min = reader.optional_number("coinbase_target", 0, kNumberMax);
  out.targets = {.each_min = context.proof_target.value_or(each_min.value_or(0)),
                 .sum_min = context.coinbase_target.value_or(sum_min.value_or(0))};
  if (reader.failed()) {
    return reader.finish().error();
  }
  for (const char* field :
       {"epoch_number", "epoch_block_hash", "degree", "proof_target", "coinbase_target"}) {
    document.erase(field);
  }
  auto solution = read_coinbase_json(document);
  if (!solution.ok()) {
    return solution.error();
  }
  out.solution = std::move(solution).value();
  return out;
}

base::Status verify_coinbase(const ReferenceString& reference, const CoinbaseClaim& claim) {
  const CoinbaseVerdict verdict =
      reference.beta_h.has_value()
          ? verify(make_epoch_key(claim.challenge, *reference.beta_h), claim.solution,
                   claim.targets)
          : recompute(claim.challenge, reference.srs, claim.solution, claim.targets);
  if (verdict.verdict == Verdict::Valid) {
    return {};
  }
  return base::Error(base::Errc::Unauthenticated, sentence_of(verdict, claim.targets));
}

std::string coinbase_json(const Srs& srs, const ProveOptions& options, std::size_t count) {
  const Polynomial epoch = epoch_polynomial(options.challenge);
  CoinbaseSolution solution;
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint64_t nonce = options.nonce + i;
    const Polynomial prover = prover_polynomial(options.challenge, options.address, nonce);
    solution.partials.push_back(
        {options.address, nonce, commit_by_coefficients(srs, epoch, prover)});
  }
  solution.proof = open_coinbase(options.challenge, srs, solution.partials).opening.proof;
  nlohmann::ordered_json out = {
      {"epoch_number", options.challenge.epoch_number},
      {"epoch_block_hash", base::hex_encode(options.challenge.epoch_block_hash)},
      {"degree", options.challenge.degree}};
  out.update(nlohmann::ordered_json::parse(format_json(solution)));
  return out.dump();
}

}  // namespace prover
