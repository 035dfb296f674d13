#include <nlohmann/json.hpp>

#include "overlay/base/check.h"
#include "overlay/model/json_reader.h"
#include "prover/puzzle/solution.h"

namespace prover {
namespace {

using gpu::Fq;

constexpr std::string_view kCoinbase = "coinbase solution";
constexpr std::size_t kTextMax = 128;  // the longest is a coordinate's 114 digits

base::Error malformed(std::string text) {
  return base::Error(base::Errc::Malformed, std::move(text));
}

std::string format_decimal(const Fq& value) {
  gpu::Limbs<6> rest = value.canonical();
  std::string digits;
  do {
    std::uint64_t remainder = 0;
    for (std::size_t i = 6; i-- > 0;) {
      const gpu::Wide part = (gpu::Wide{remainder} << 64) | rest.at[i];
      rest.at[i] = static_cast<std::uint64_t>(part / 10);
      remainder = static_cast<std::uint64_t>(part % 10);
    }
    digits.insert(digits.begin(), static_cast<char>('0' + remainder));
  } while (!gpu::is_zero(rest));
  return digits;
}

base::Result<Fq> parse_decimal(std::string_view text) {
  if (text.empty() || text.find_first_not_of("0123456789") != std::string_view::npos ||
      (text.size() > 1 && text.front() == '0')) {
    return malformed("expected a decimal number without leading zeros");
  }
  gpu::Limbs<6> value;
  for (const char digit : text) {
    std::uint64_t carry = static_cast<std::uint64_t>(digit - '0');
    for (std::uint64_t& limb : value.at) {
      limb = gpu::mul_add(limb, 10, carry, 0, carry);
    }
    if (carry != 0 || !gpu::less(value, gpu::FqParams::kModulus)) {
      return malformed("not below the modulus of the field");
    }
  }
  return Fq::from_canonical(value);
}

// The fields of {"x", "y", "infinity"} through the codec that checks points.
base::Result<G1Affine> read_proof(const nlohmann::json& object) {
  model::JsonReader reader("proof.w", object);
  const std::string x_text = reader.text("x", kTextMax);
  const std::string y_text = reader.text("y", kTextMax);
  const bool is_infinity = reader.boolean("infinity");
  if (const auto status = reader.finish(); !status.ok()) {
    return status.error();
  }
  if (is_infinity) {
    return malformed("proof.w: point: infinity");
  }
  const auto x = parse_decimal(x_text);
  if (!x.ok()) {
    return x.error().within("proof.w: x");
  }
  const auto y = parse_decimal(y_text);
  if (!y.ok()) {
    return y.error().within("proof.w: y");
  }
  const G1Affine point = {x.value(), y.value()};
  if (point.is_infinity() || !gpu::is_on_curve(point)) {
    return malformed("proof.w: point: not on the curve");
  }
  if (!gpu::is_in_subgroup(point)) {
    return malformed("proof.w: point: outside the subgroup of order r");
  }
  return point;
}

// `what` is where it stands in the whole, and begins what is wrong with it.
base::Result<PartialSolution> read_partial(std::string_view what, const nlohmann::json& object) {
  model::JsonReader reader(what, object);
  const std::string address_text = reader.text("address", kTextMax);
  const std::uint64_t nonce = reader.number("nonce", 0, ~std::uint64_t{0});
  const std::string commitment_text = reader.text("commitment", kTextMax);
  if (const auto status = reader.finish(); !status.ok()) {
    return status.error();
  }
  const auto address = parse_address(address_text);
  if (!address.ok()) {
    return address.error().within(what);
  }
  const auto commitment = parse_commitment(commitment_text);
  if (!commitment.ok()) {
    return commitment.error().within(what);
  }
  return PartialSolution{address.value(), nonce, commitment.value()};
}

nlohmann::ordered_json partial_json(const PartialSolution& partial) {
  return {{"address", format_address(partial.address)},
          {"nonce", partial.nonce},
          {"commitment", format_commitment(partial.commitment)}};
}

nlohmann::ordered_json proof_json(const G1Affine& proof) {
  return {{"x", format_decimal(proof.x)}, {"y", format_decimal(proof.y)}, {"infinity", false}};
}

// A member of type object, or a failure of the reader's.
const nlohmann::json* read_object(model::JsonReader& reader, std::string_view field) {
  const nlohmann::json* value = reader.any(field);
  if (value != nullptr && !value->is_object()) {
    reader.reject(field, model::shown(*value), "an object");
  }
  return value;
}

}  // namespace

std::string format_json(const ProverSolution& solution) {
  nlohmann::ordered_json out;
  out["partial_solution"] = partial_json(solution.partial);
  out["proof.w"] = proof_json(solution.proof);
  return out.dump();
}

std::string format_json(const CoinbaseSolution& solution) {
  CHECK(!solution.partials.empty() && solution.partials.size() <= kCoinbaseJsonSolutionsMax);
  nlohmann::ordered_json partials = nlohmann::ordered_json::array();
  for (const PartialSolution& partial : solution.partials) {
    partials.push_back(partial_json(partial));
  }
  nlohmann::ordered_json out;
  out["partial_solutions"] = std::move(partials);
  out["proof.w"] = proof_json(solution.proof);
  return out.dump();
}

base::Result<ProverSolution> parse_solution_json(std::string_view text) {
  constexpr std::string_view kWhat = "prover solution";
  const auto json = model::parse_json(kWhat, text, kSolutionJsonBytesMax);
  if (!json.ok()) {
    return json.error();
  }
  model::JsonReader reader(kWhat, json.value());
  const nlohmann::json* partial = read_object(reader, "partial_solution");
  const nlohmann::json* proof = read_object(reader, "proof.w");
  if (const auto status = reader.finish(); !status.ok()) {
    return status.error();
  }
  const auto read = read_partial("partial_solution", *partial);
  if (!read.ok()) {
    return read.error().within(kWhat);
  }
  const auto point = read_proof(*proof);
  if (!point.ok()) {
    return point.error().within(kWhat);
  }
  return ProverSolution{read.value(), point.value()};
}

base::Result<CoinbaseSolution> parse_coinbase_json(std::string_view text) {
  const auto json = model::parse_json(kCoinbase, text, kCoinbaseJsonBytesMax);
  if (!json.ok()) {
    return json.error();
  }
  return read_coinbase_json(json.value());
}

base::Result<CoinbaseSolution> read_coinbase_json(const nlohmann::json& object) {
  model::JsonReader reader(kCoinbase, object);
  const nlohmann::json* partials = reader.any("partial_solutions");
  const nlohmann::json* proof = read_object(reader, "proof.w");
  if (partials != nullptr && !partials->is_array()) {
    reader.reject("partial_solutions", model::shown(*partials), "an array");
  }
  if (const auto status = reader.finish(); !status.ok()) {
    return status.error();
  }
  const std::size_t count = partials->size();
  if (count == 0 || count > kCoinbaseJsonSolutionsMax) {
    return malformed(std::string(kCoinbase) + ": partial_solutions: " + std::to_string(count) +
                     " of them, expected 1.." + std::to_string(kCoinbaseJsonSolutionsMax));
  }
  CoinbaseSolution out;
  for (std::size_t i = 0; i < count; ++i) {
    const nlohmann::json& one = (*partials)[i];
    const std::string where = "partial_solutions[" + std::to_string(i) + "]";
    if (!one.is_object()) {
      return malformed(std::string(kCoinbase) + ": " + where + ": " + model::shown(one) +
                       ", expected an object");
    }
    const auto partial = read_partial(where, one);
    if (!partial.ok()) {
      return partial.error().within(kCoinbase);
    }
    out.partials.push_back(partial.value());
  }
  const auto point = read_proof(*proof);
  if (!point.ok()) {
    return point.error().within(kCoinbase);
  }
  out.proof = point.value();
  return out;
}

}  // namespace prover
