#include "prover/puzzle/solution.h"

#include "overlay/base/check.h"
#include "prover/puzzle/bech32m.h"
#include "prover/puzzle/little_endian.h"

namespace prover {
namespace {

constexpr std::string_view kCommitmentPrefix = "puzzle";
constexpr std::size_t kCountBytes = 4;

using Bytes = std::span<const std::uint8_t>;

base::Error malformed(std::string text) {
  return base::Error(base::Errc::Malformed, std::move(text));
}

base::Status check_length(Bytes bytes, std::size_t expected) {
  if (bytes.size() == expected) {
    return {};
  }
  return base::Error(bytes.size() < expected ? base::Errc::Truncated : base::Errc::Malformed,
                     std::to_string(bytes.size()) + " bytes, expected " + std::to_string(expected));
}

base::Result<G1Affine> decode_finite(std::string_view field, Bytes bytes) {
  const auto point = gpu::decompress(bytes, gpu::Membership::Check);
  if (!point.ok()) {
    return point.error().within(field);
  }
  if (point.value().is_infinity()) {
    return malformed(std::string(field) + ": point: infinity");
  }
  return point;
}

// Requires the right length.
base::Result<PartialSolution> read_partial(Bytes bytes) {
  PartialSolution out;
  out.address = read_array<32>(bytes, 0);
  if (const auto status = check_below_r(out.address); !status.ok()) {
    return status.error().within("address");
  }
  out.nonce = read_le<std::uint64_t>(bytes, 32);
  const auto commitment = decode_commitment(bytes.subspan(40));
  if (!commitment.ok()) {
    return commitment.error();
  }
  out.commitment = commitment.value();
  return out;
}

}  // namespace

base::Result<G1Affine> decode_commitment(Bytes bytes) {
  return decode_finite("commitment", bytes);
}

std::array<std::uint8_t, kProofBytes> encode_proof(const G1Affine& proof) {
  LittleEndianWriter writer;
  writer.raw(gpu::compress(proof)).number(std::uint8_t{0});
  return read_array<kProofBytes>(writer.bytes(), 0);
}

base::Result<G1Affine> decode_proof(Bytes bytes) {
  if (const auto status = check_length(bytes, kProofBytes); !status.ok()) {
    return status.error().within("proof");
  }
  if (bytes.back() != 0) {
    return malformed("proof: option " + std::to_string(bytes.back()) +
                     ", expected 0, no value that hides");
  }
  return decode_finite("proof", bytes.first(gpu::kG1CompressedBytes));
}

std::array<std::uint8_t, kPartialSolutionBytes> encode(const PartialSolution& solution) {
  LittleEndianWriter writer;
  writer.raw(solution.address).number(solution.nonce).raw(gpu::compress(solution.commitment));
  return read_array<kPartialSolutionBytes>(writer.bytes(), 0);
}

base::Result<PartialSolution> decode_partial_solution(Bytes bytes) {
  constexpr std::string_view kWhat = "partial solution";
  if (const auto status = check_length(bytes, kPartialSolutionBytes); !status.ok()) {
    return status.error().within(kWhat);
  }
  const auto partial = read_partial(bytes);
  if (!partial.ok()) {
    return partial.error().within(kWhat);
  }
  return partial;
}

std::array<std::uint8_t, kProverSolutionBytes> encode(const ProverSolution& solution) {
  LittleEndianWriter writer;
  writer.raw(encode(solution.partial)).raw(encode_proof(solution.proof));
  return read_array<kProverSolutionBytes>(writer.bytes(), 0);
}

base::Result<ProverSolution> decode_prover_solution(Bytes bytes) {
  constexpr std::string_view kWhat = "prover solution";
  if (const auto status = check_length(bytes, kProverSolutionBytes); !status.ok()) {
    return status.error().within(kWhat);
  }
  const auto partial = read_partial(bytes.first(kPartialSolutionBytes));
  if (!partial.ok()) {
    return partial.error().within(kWhat);
  }
  const auto proof = decode_proof(bytes.subspan(kPartialSolutionBytes));
  if (!proof.ok()) {
    return proof.error().within(kWhat);
  }
  return ProverSolution{partial.value(), proof.value()};
}

std::vector<std::uint8_t> encode(const CoinbaseSolution& solution) {
  CHECK(!solution.partials.empty() && solution.partials.size() <= kCoinbaseSolutionsMax);
  LittleEndianWriter writer;
  writer.number(static_cast<std::uint32_t>(solution.partials.size()));
  for (const PartialSolution& partial : solution.partials) {
    writer.raw(encode(partial));
  }
  writer.raw(encode_proof(solution.proof));
  return writer.bytes();
}

base::Result<CoinbaseSolution> decode_coinbase_solution(Bytes bytes) {
  constexpr std::string_view kWhat = "coinbase solution";
  if (bytes.size() < kCountBytes) {
    return check_length(bytes, kCountBytes).error().within(kWhat);
  }
  const std::size_t count = read_le<std::uint32_t>(bytes, 0);
  if (count == 0 || count > kCoinbaseSolutionsMax) {
    return malformed(std::string(kWhat) + ": " + std::to_string(count) +
                     " partial solutions, expected 1.." + std::to_string(kCoinbaseSolutionsMax));
  }
  const std::size_t expected = kCountBytes + count * kPartialSolutionBytes + kProofBytes;
  if (const auto status = check_length(bytes, expected); !status.ok()) {
    return status.error().within(kWhat);
  }
  CoinbaseSolution out;
  for (std::size_t i = 0; i < count; ++i) {
    const auto partial =
        read_partial(bytes.subspan(kCountBytes + i * kPartialSolutionBytes, kPartialSolutionBytes));
    if (!partial.ok()) {
      return partial.error().within("partial solution " + std::to_string(i)).within(kWhat);
    }
    out.partials.push_back(partial.value());
  }
  const auto proof = decode_proof(bytes.last(kProofBytes));
  if (!proof.ok()) {
    return proof.error().within(kWhat);
  }
  out.proof = proof.value();
  return out;
}

std::string format_commitment(const G1Affine& commitment) {
  return bech32m_encode(kCommitmentPrefix, gpu::compress(commitment));
}

base::Result<G1Affine> parse_commitment(std::string_view text) {
  const auto bytes = bech32m_decode(kCommitmentPrefix, gpu::kG1CompressedBytes, text);
  if (!bytes.ok()) {
    return bytes.error().within("commitment");
  }
  return decode_commitment(bytes.value());
}

}  // namespace prover
