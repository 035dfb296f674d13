// The structured reference string: the powers beta^i G of a beta that nobody knows, and beta H in
// the other group. From Aleo's published files, or made here with a known beta for tests ("toy").
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "gpu/curve/g1_codec.h"
#include "gpu/curve/g2.h"
#include "gpu/ntt/ntt.h"
#include "overlay/base/result.h"
#include "overlay/crypto/digest.h"

namespace prover {

// SHA-256 of the published powers-of-beta-15.usrs and beta-h.usrs.
extern const crypto::Digest256 kPublishedPowersSha256;
extern const crypto::Digest256 kPublishedBetaHSha256;

// What a file of powers is checked for. On the curve, the count and that point 0 is the generator
// are always checked.
struct PowersCheck {
  // None: any file of the right form.
  std::optional<crypto::Digest256> sha256 = kPublishedPowersSha256;
  // Check costs 127 doublings a point, about a second for 16 384. Trust is for a file whose digest
  // matched and requires one: the published points were checked once, by whoever fixed the digest.
  gpu::Membership membership = gpu::Membership::Check;
};

// The first `count` points of a .usrs file: a little-endian u64 that counts the points, then 96
// bytes each. Errors: Truncated or Malformed, naming what is wrong; Unauthenticated for another
// digest.
base::Result<std::vector<gpu::G1Affine>> decode_powers(std::span<const std::uint8_t> file,
                                                       std::size_t count,
                                                       const PowersCheck& check = {});

// The 192 bytes of beta H, always with the check of the subgroup. Same errors.
base::Result<gpu::G2Affine> decode_beta_h(
    std::span<const std::uint8_t> file,
    const std::optional<crypto::Digest256>& sha256 = kPublishedBetaHSha256);

class Srs {
 public:
  // Requires at least four powers, all of the subgroup.
  explicit Srs(std::vector<gpu::G1Affine> powers);

  std::span<const gpu::G1Affine> powers() const { return powers_; }
  // The largest degree whose domain has no more points than there are powers.
  std::uint32_t degree_max() const;
  // How many powers a degree needs.
  static std::size_t powers_for(std::uint32_t degree);

  // Makes and keeps the Lagrange basis of the degree's domain, by the inverse transform of the
  // powers: seconds for degree 8191. Requires degree <= degree_max(). One owner calls it, before
  // others read.
  void prepare(std::uint32_t degree, const gpu::ParallelFor& parallel_for);
  // Requires that prepare was called for the degree.
  std::span<const gpu::G1Affine> lagrange(std::uint32_t degree) const;

 private:
  std::vector<gpu::G1Affine> powers_;
  std::map<unsigned, std::vector<gpu::G1Affine>> lagrange_;  // by the domain's log size
};

// Whether e(beta G, H) = e(G, beta H): that both files are of one beta.
bool is_of_one_beta(const Srs& srs, const gpu::G2Affine& beta_h);

// A reference string whose beta is known, so that a commitment to f is [f(beta)] G and can be
// checked with one product. Never for anything but tests.
struct ToySrs {
  gpu::Fr beta;
  Srs srs;
  gpu::G2Affine beta_h;
};
ToySrs make_toy_srs(const gpu::Fr& beta, std::uint32_t degree);

}  // namespace prover
