// What the commands `prove` and `verify` work on: challenges and solutions given by flags and
// files, and the reference string that both stand on.
#pragma once

#include <optional>
#include <string>

#include "overlay/base/result.h"
#include "prover/puzzle/challenge.h"
#include "prover/puzzle/srs.h"

namespace prover {

// Where the reference string comes from: the published files, or "toy", made with a known beta,
// good for trying things and worth nothing.
struct SrsOptions {
  std::string powers = "/usr/share/linkspan-prover/powers-of-beta-15.usrs";
  std::string beta_h{};       // empty: beta-h.usrs beside the powers
  bool trusts_digest = true;  // a file with the published digest: its points are not checked again
};

inline constexpr std::string_view kToySrs = "toy";
inline constexpr std::size_t kSrsFileBytesMax = std::size_t{16} << 20;

struct ReferenceString {
  Srs srs;
  std::optional<gpu::G2Affine> beta_h;  // where a verifier asked for it
};

// Whether beta H is read too. IfThere: nothing is wrong where the file beside the powers, which
// nobody named, does not exist.
enum class BetaH { Unused, IfThere, Required };

// Errors: NotFound with the path, Unavailable where it cannot be read, Malformed or Unauthenticated
// with what is wrong with it.
base::Result<ReferenceString> load_srs(const SrsOptions& options, std::uint32_t degree, BetaH use);

// 64 digits of hexadecimal in lower case, or bech32m ("aleo1...", "ab1..."). Errors: Malformed.
base::Result<Bytes32> parse_address_option(const std::string& text);
base::Result<Bytes32> parse_block_hash_option(const std::string& text);

}  // namespace prover
