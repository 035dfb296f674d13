#include "prover/proof_input.h"

#include <algorithm>
#include <filesystem>
#include <utility>

#include "overlay/base/bytes.h"
#include "overlay/base/hex.h"
#include "overlay/loop/files.h"

namespace prover {
namespace {

constexpr std::uint64_t kToyBeta = 0x746f79;  // no secret, and of no worth

base::Result<gpu::G2Affine> load_beta_h(const SrsOptions& options) {
  const std::string path =
      !options.beta_h.empty()
          ? options.beta_h
          : (std::filesystem::path(options.powers).parent_path() / "beta-h.usrs").string();
  const auto file = loop::read_file(path, kSrsFileBytesMax);
  if (!file.ok()) {
    return file.error().within("reference string");
  }
  auto point = decode_beta_h(base::as_bytes(file.value()));
  if (!point.ok()) {
    return point.error().within(path);
  }
  return point;
}

base::Result<Bytes32> parse_hex32(const std::string& text) {
  const auto bytes = base::hex_decode(text);
  if (!bytes.ok()) {
    return bytes.error();
  }
  if (bytes.value().size() != sizeof(Bytes32)) {
    return base::Error(base::Errc::Malformed,
                       std::to_string(bytes.value().size()) + " bytes of hexadecimal, expected 32");
  }
  Bytes32 out{};
  std::copy(bytes.value().begin(), bytes.value().end(), out.begin());
  if (auto status = check_below_r(out); !status.ok()) {
    return status.error();
  }
  return out;
}

}  // namespace

base::Result<ReferenceString> load_srs(const SrsOptions& options, std::uint32_t degree, BetaH use) {
  if (options.powers == kToySrs) {
    ToySrs toy = make_toy_srs(gpu::Fr::from_u64(kToyBeta), degree);
    return ReferenceString{.srs = std::move(toy.srs), .beta_h = toy.beta_h};
  }
  const auto file = loop::read_file(options.powers, kSrsFileBytesMax);
  if (!file.ok()) {
    return file.error().within("reference string");
  }
  PowersCheck check;
  if (options.trusts_digest) {
    check.membership = gpu::Membership::Trust;
  }
  auto powers = decode_powers(base::as_bytes(file.value()), Srs::powers_for(degree), check);
  if (!powers.ok()) {
    return powers.error().within(options.powers);
  }
  ReferenceString out{.srs = Srs(std::move(powers).value()), .beta_h = {}};
  if (use != BetaH::Unused) {
    auto beta_h = load_beta_h(options);
    if (!beta_h.ok() && use == BetaH::IfThere && options.beta_h.empty() &&
        beta_h.error().code() == base::Errc::NotFound) {
      return out;
    }
    if (!beta_h.ok()) {
      return beta_h.error();
    }
    out.beta_h = beta_h.value();
  }
  return out;
}

base::Result<Bytes32> parse_address_option(const std::string& text) {
  return text.starts_with("aleo1") ? parse_address(text) : parse_hex32(text);
}

base::Result<Bytes32> parse_block_hash_option(const std::string& text) {
  return text.starts_with("ab1") ? parse_block_hash(text) : parse_hex32(text);
}

}  // namespace prover
