#include "prover/puzzle/srs.h"

#include <bit>
#include <string>

#include "gpu/curve/pairing.h"
#include "overlay/base/check.h"
#include "overlay/base/hex.h"
#include "prover/puzzle/little_endian.h"
#include "prover/puzzle/polynomial.h"

namespace prover {

const crypto::Digest256 kPublishedPowersSha256 = {
    0xeb, 0x70, 0x40, 0xc2, 0x5c, 0xe1, 0xa1, 0x9a, 0x5a, 0x9a, 0x1d, 0x12, 0x04, 0x6c, 0x58, 0x20,
    0xba, 0x9c, 0x27, 0x68, 0xc6, 0x06, 0x29, 0x0f, 0x8a, 0x80, 0xfa, 0x2b, 0xd0, 0xe1, 0xe5, 0xed};
const crypto::Digest256 kPublishedBetaHSha256 = {
    0xfd, 0x0a, 0x85, 0x38, 0xd4, 0xad, 0x4f, 0x60, 0x69, 0x4b, 0x5e, 0x81, 0xde, 0xc6, 0x68, 0x7d,
    0x86, 0x72, 0x48, 0x0e, 0xa6, 0xb8, 0x78, 0x20, 0x5e, 0xef, 0x0c, 0x1b, 0xd5, 0x1d, 0xc3, 0xbc};

namespace {

constexpr std::size_t kCountBytes = 8;

base::Error wrong_size(std::size_t size, std::size_t expected) {
  return base::Error(size < expected ? base::Errc::Truncated : base::Errc::Malformed,
                     std::to_string(size) + " bytes, expected " + std::to_string(expected));
}

base::Status check_digest(std::span<const std::uint8_t> file,
                          const std::optional<crypto::Digest256>& expected) {
  if (!expected.has_value()) {
    return {};
  }
  const crypto::Digest256 digest = crypto::sha256(file);
  if (digest != *expected) {
    return base::Error(
        base::Errc::Unauthenticated,
        "sha256 " + base::hex_encode(digest) + ", expected " + base::hex_encode(*expected));
  }
  return {};
}

base::Status check_count(std::span<const std::uint8_t> file, std::size_t count) {
  if (file.size() < kCountBytes) {
    return wrong_size(file.size(), kCountBytes);
  }
  const auto stated = read_le<std::uint64_t>(file, 0);
  const std::size_t held = (file.size() - kCountBytes) / gpu::kG1UncompressedBytes;
  if (stated != held || kCountBytes + held * gpu::kG1UncompressedBytes != file.size()) {
    return base::Error(base::Errc::Malformed, std::to_string(file.size()) + " bytes for " +
                                                  std::to_string(stated) + " points of 96");
  }
  if (stated < count) {
    return base::Error(base::Errc::Malformed, std::to_string(stated) + " points, expected " +
                                                  std::to_string(count) + " or more");
  }
  return {};
}

}  // namespace

base::Result<std::vector<gpu::G1Affine>> decode_powers(std::span<const std::uint8_t> file,
                                                       std::size_t count,
                                                       const PowersCheck& check) {
  CHECK(check.membership == gpu::Membership::Check || check.sha256.has_value());
  if (const auto status = check_count(file, count); !status.ok()) {
    return status.error().within("powers");
  }
  if (const auto status = check_digest(file, check.sha256); !status.ok()) {
    return status.error().within("powers");
  }
  std::vector<gpu::G1Affine> out;
  out.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    const auto bytes =
        file.subspan(kCountBytes + i * gpu::kG1UncompressedBytes, gpu::kG1UncompressedBytes);
    const auto point = gpu::decode_g1(bytes, check.membership);
    const std::string where = "powers: " + std::to_string(i);
    if (!point.ok()) {
      return point.error().within(where);
    }
    if (point.value().is_infinity()) {
      return base::Error(base::Errc::Malformed, where + ": infinity");
    }
    out.push_back(point.value());
  }
  if (!out.empty() && out.front() != gpu::g1_generator()) {
    return base::Error(base::Errc::Malformed, "powers: 0: another point than the generator");
  }
  return out;
}

base::Result<gpu::G2Affine> decode_beta_h(std::span<const std::uint8_t> file,
                                          const std::optional<crypto::Digest256>& sha256) {
  if (const auto status = check_digest(file, sha256); !status.ok()) {
    return status.error().within("beta h");
  }
  const auto point = gpu::decode_g2(file);
  if (!point.ok()) {
    return point.error().within("beta h");
  }
  if (point.value().is_infinity()) {
    return base::Error(base::Errc::Malformed, "beta h: infinity");
  }
  return point;
}

Srs::Srs(std::vector<gpu::G1Affine> powers) : powers_(std::move(powers)) {
  CHECK(powers_.size() >= 4);
}

std::uint32_t Srs::degree_max() const {
  return static_cast<std::uint32_t>(std::bit_floor(powers_.size()) / 2 - 1);
}

std::size_t Srs::powers_for(std::uint32_t degree) {
  return std::size_t{1} << domain_log_size(degree);
}

void Srs::prepare(std::uint32_t degree, const gpu::ParallelFor& parallel_for) {
  CHECK(degree <= degree_max());
  const gpu::NttDomain domain(domain_log_size(degree));
  auto& basis = lagrange_[domain.log_size()];
  if (basis.empty()) {
    basis = gpu::g1_ntt_inverse(domain, powers().first(domain.size()), parallel_for);
  }
}

std::span<const gpu::G1Affine> Srs::lagrange(std::uint32_t degree) const {
  const auto found = lagrange_.find(domain_log_size(degree));
  CHECK(found != lagrange_.end());
  return found->second;
}

bool is_of_one_beta(const Srs& srs, const gpu::G2Affine& beta_h) {
  return gpu::pairings_are_equal({srs.powers()[1], gpu::g2_generator()}, {srs.powers()[0], beta_h});
}

ToySrs make_toy_srs(const gpu::Fr& beta, std::uint32_t degree) {
  std::vector<gpu::G1> points;
  gpu::Fr power = gpu::Fr::one();
  for (std::size_t i = 0; i < Srs::powers_for(degree); ++i) {
    points.push_back(gpu::multiply_in_subgroup(gpu::g1_generator(), power));
    power *= beta;
  }
  return {beta, Srs(to_affine(points)), gpu::multiply(gpu::g2_generator(), beta.canonical())};
}

}  // namespace prover
