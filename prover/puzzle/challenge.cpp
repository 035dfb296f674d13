#include "prover/puzzle/challenge.h"

#include "gpu/field/bls12_377.h"
#include "prover/puzzle/bech32m.h"
#include "prover/puzzle/little_endian.h"

namespace prover {
namespace {

constexpr std::string_view kBlockHashPrefix = "ab";
constexpr std::string_view kAddressPrefix = "aleo";

base::Result<Bytes32> parse(std::string_view what, std::string_view prefix, std::string_view text) {
  const auto bytes = bech32m_decode(prefix, Bytes32().size(), text);
  if (!bytes.ok()) {
    return bytes.error().within(what);
  }
  const auto out = read_array<32>(bytes.value(), 0);
  if (const auto status = check_below_r(out); !status.ok()) {
    return status.error().within(what);
  }
  return out;
}

}  // namespace

base::Status check_below_r(const Bytes32& bytes) {
  if (!gpu::less(gpu::from_bytes<4>(bytes.data()), gpu::FrParams::kModulus)) {
    return base::Error(base::Errc::Malformed, "not below the modulus of the field");
  }
  return {};
}

std::array<std::uint8_t, kEpochChallengeBytes> encode(const EpochChallenge& challenge) {
  LittleEndianWriter writer;
  writer.number(challenge.epoch_number).raw(challenge.epoch_block_hash).number(challenge.degree);
  return read_array<kEpochChallengeBytes>(writer.bytes(), 0);
}

base::Result<EpochChallenge> decode_challenge(std::span<const std::uint8_t> bytes) {
  if (bytes.size() != kEpochChallengeBytes) {
    return base::Error(
        bytes.size() < kEpochChallengeBytes ? base::Errc::Truncated : base::Errc::Malformed,
        "epoch challenge: " + std::to_string(bytes.size()) + " bytes, expected " +
            std::to_string(kEpochChallengeBytes));
  }
  const EpochChallenge out = {read_le<std::uint32_t>(bytes, 0), read_array<32>(bytes, 4),
                              read_le<std::uint32_t>(bytes, 36)};
  if (const auto status = check_below_r(out.epoch_block_hash); !status.ok()) {
    return status.error().within("epoch challenge: epoch block hash");
  }
  if (out.degree == 0 || out.degree > kDegreeMax) {
    return base::Error(base::Errc::Malformed, "epoch challenge: degree " +
                                                  std::to_string(out.degree) + ", expected 1.." +
                                                  std::to_string(kDegreeMax));
  }
  return out;
}

base::Result<Bytes32> parse_block_hash(std::string_view text) {
  return parse("block hash", kBlockHashPrefix, text);
}

std::string format_block_hash(const Bytes32& hash) {
  return bech32m_encode(kBlockHashPrefix, hash);
}

base::Result<Bytes32> parse_address(std::string_view text) {
  return parse("address", kAddressPrefix, text);
}

std::string format_address(const Bytes32& address) {
  return bech32m_encode(kAddressPrefix, address);
}

}  // namespace prover
