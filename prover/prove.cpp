#include "prover/prove.h"

#include <charconv>
#include <optional>
#include <utility>

#include <nlohmann/json.hpp>

#include "gpu/curve/g1_codec.h"
#include "overlay/base/hex.h"
#include "prover/puzzle/commit.h"
#include "prover/puzzle/opening.h"
#include "prover/puzzle/target.h"
#include "prover/puzzle/verify.h"

namespace prover {
namespace {

using Json = nlohmann::json;

base::Error malformed(const std::string& field, const std::string& text) {
  return base::Error(base::Errc::Malformed, field + ": " + text);
}

std::string scalar_hex(const Fr& value) {
  return base::hex_encode(gpu::to_bytes(value.canonical()));
}

// Reads an object's members; the first that is missing or wrong sticks.
class Members {
 public:
  Members(const Json& object, std::string where) : object_(object), where_(std::move(where)) {}

  std::string text(const char* field) {
    const auto at = object_.find(field);
    if (at == object_.end()) {
      fail(field, "missing");
      return "";
    }
    if (!at->is_string()) {
      fail(field, std::string(at->type_name()) + ", expected text");
      return "";
    }
    return at->get<std::string>();
  }

  // A number, or its decimal digits as text: 64 bits do not fit what many JSON readers keep.
  std::uint64_t number(const char* field, std::uint64_t max, std::uint64_t min = 0) {
    const auto at = object_.find(field);
    std::uint64_t value = 0;
    if (at == object_.end()) {
      fail(field, "missing");
    } else if (at->is_number_unsigned()) {
      value = at->get<std::uint64_t>();
    } else {
      const std::string digits = at->is_string() ? at->get<std::string>() : "";
      const auto [end, code] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
      if (code != std::errc() || end != digits.data() + digits.size()) {
        fail(field, "expected an unsigned number of 64 bits");
      }
    }
    if (value > max) {
      fail(field, std::to_string(value) + " exceeds " + std::to_string(max));
    }
    if (value < min) {
      fail(field, std::to_string(value) + " is less than " + std::to_string(min));
    }
    return value;
  }

  std::vector<std::uint8_t> hex(const char* field) {
    const std::string digits = text(field);
    auto bytes = base::hex_decode(digits);
    if (!bytes.ok()) {
      fail(field, bytes.error().text());
      return {};
    }
    return std::move(bytes).value();
  }

  template <typename T>
  T take(const char* field, base::Result<T> result) {
    if (!result.ok()) {
      fail(field, result.error().text());
      return T();
    }
    return std::move(result).value();
  }

  bool has(const char* field) const { return object_.contains(field); }

  base::Status status() const {
    return failure_.has_value() ? base::Status(*failure_) : base::Status();
  }

 private:
  void fail(const char* field, const std::string& text) {
    if (!failure_.has_value()) {
      failure_ = malformed(where_ + field, text);
    }
  }

  const Json& object_;
  std::string where_;
  std::optional<base::Error> failure_;
};

EpochChallenge read_challenge(Members& members) {
  EpochChallenge out;
  out.epoch_number = static_cast<std::uint32_t>(members.number("epoch_number", 0xffff'ffff));
  out.epoch_block_hash =
      members.take("epoch_block_hash", parse_block_hash_option(members.text("epoch_block_hash")));
  if (members.has("degree")) {
    out.degree = static_cast<std::uint32_t>(members.number("degree", kDegreeMax, /*min=*/1));
  }
  return out;
}

base::Result<Claim> read_claim(const EpochChallenge& challenge, const Bytes32& address,
                               const Json& object, const std::string& where) {
  if (!object.is_object()) {
    return malformed(where, std::string(object.type_name()) + ", expected an object");
  }
  Members members(object, where.empty() ? "" : where + ".");
  Claim claim;
  claim.challenge = challenge;
  claim.solution.partial.address = address;
  claim.solution.partial.nonce = members.number("nonce", ~std::uint64_t{0});
  claim.solution.partial.commitment =
      members.take("commitment", decode_commitment(members.hex("commitment")));
  if (members.has("target")) {
    claim.target = std::to_string(members.number("target", ~std::uint64_t{0}));
  }
  claim.has_proof = members.has("proof");
  if (claim.has_proof) {
    claim.solution.proof = members.take("proof", decode_proof(members.hex("proof")));
  }
  if (auto status = members.status(); !status.ok()) {
    return status.error();
  }
  return claim;
}

}  // namespace

std::string prove_json(const Srs& srs, const ProveOptions& options) {
  const Polynomial epoch = epoch_polynomial(options.challenge);
  const Polynomial prover = prover_polynomial(options.challenge, options.address, options.nonce);
  const G1Affine commitment = commit_by_coefficients(srs, epoch, prover);
  Json out = {{"epoch_number", options.challenge.epoch_number},
              {"epoch_block_hash", base::hex_encode(options.challenge.epoch_block_hash)},
              {"degree", options.challenge.degree},
              {"address", base::hex_encode(options.address)},
              {"nonce", std::to_string(options.nonce)},
              {"commitment", base::hex_encode(gpu::compress(commitment))},
              {"target", std::to_string(target_of(commitment))}};
  if (options.with_opening) {
    const Fr z = challenge_point(commitment);
    const Opening opening = open_by_coefficients(srs, epoch, prover, z);
    out["z"] = scalar_hex(z);
    out["v"] = scalar_hex(opening.value);
    out["proof"] = base::hex_encode(encode_proof(opening.proof));
  }
  return out.dump();
}

base::Result<std::vector<Claim>> parse_claims(std::string_view text) {
  const Json document = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!document.is_object()) {
    return base::Error(base::Errc::Malformed, "not a JSON object");
  }
  Members members(document, "");
  const EpochChallenge challenge = read_challenge(members);
  const Bytes32 address = members.take("address", parse_address_option(members.text("address")));
  if (auto status = members.status(); !status.ok()) {
    return status.error();
  }
  std::vector<Claim> out;
  if (!members.has("solutions")) {
    auto claim = read_claim(challenge, address, document, "");
    if (!claim.ok()) {
      return claim.error();
    }
    out.push_back(std::move(claim).value());
    return out;
  }
  const Json& solutions = document["solutions"];
  if (!solutions.is_array() || solutions.empty() || solutions.size() > kClaimsMax) {
    return malformed("solutions", "expected an array of 1 to " + std::to_string(kClaimsMax));
  }
  for (std::size_t i = 0; i < solutions.size(); ++i) {
    auto claim =
        read_claim(challenge, address, solutions[i], "solutions[" + std::to_string(i) + "]");
    if (!claim.ok()) {
      return claim.error();
    }
    out.push_back(std::move(claim).value());
  }
  return out;
}

base::Status verify_claim(const ReferenceString& reference, const Claim& claim) {
  const PartialSolution& partial = claim.solution.partial;
  const std::string target = std::to_string(target_of(partial.commitment));
  if (!claim.target.empty() && claim.target != target) {
    return base::Error(base::Errc::Unauthenticated,
                       "target: " + claim.target + ", the commitment's is " + target);
  }
  if (claim.has_proof && reference.beta_h.has_value()) {
    const EpochKey key = make_epoch_key(claim.challenge, *reference.beta_h);
    const Verdict verdict = verify(key, claim.solution, /*target_min=*/1);
    return verdict == Verdict::Valid
               ? base::Status()
               : base::Status(base::Error(base::Errc::Unauthenticated,
                                          "proof: " + std::string(text_of(verdict))));
  }
  const Polynomial epoch = epoch_polynomial(claim.challenge);
  const Polynomial prover = prover_polynomial(claim.challenge, partial.address, partial.nonce);
  if (commit_by_coefficients(reference.srs, epoch, prover) != partial.commitment) {
    return base::Error(base::Errc::Unauthenticated,
                       "commitment: not that of this epoch, address and nonce");
  }
  return {};
}

}  // namespace prover
