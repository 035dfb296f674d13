#include "gpu/curve/g1_codec.h"

#include <optional>
#include <string>

#include "gpu/curve/fq_codec.h"

namespace gpu {
namespace {

using detail::check_length;
using detail::kFlags;
using detail::kInfinity;
using detail::kLargerY;
using detail::malformed;
using detail::read_fq;

constexpr unsigned kTwoAdicity = 46;
constexpr Limbs<6> odd_part() {  // (q - 1) / 2^46
  Limbs<6> out = FqParams::kModulus;
  out.at[0] -= 1;
  for (unsigned i = 0; i < kTwoAdicity; ++i) {
    out = half(out);
  }
  return out;
}
constexpr Limbs<6> kOddPart = odd_part();
static_assert((kOddPart.at[0] & 1) == 1);
// -5 is not a square in Fq.
constexpr Fq kRootOfUnity = (-Fq::from_u64(5)).pow(kOddPart);

bool is_larger(const Fq& y) {
  return less((-y).canonical(), y.canonical());
}

base::Result<G1Affine> checked(const G1Affine& point, Membership membership) {
  if (membership == Membership::Check && !is_in_subgroup(point)) {
    return malformed("point: outside the subgroup of order r");
  }
  return point;
}

}  // namespace

std::optional<Fq> square_root(const Fq& value) {
  if (value.is_zero()) {
    return value;
  }
  // Tonelli and Shanks: `root`^2 = value * `rest`, and rest's order, a power of two, shrinks.
  Limbs<6> exponent = kOddPart;
  exponent.at[0] -= 1;
  const Fq power = value.pow(half(exponent));
  Fq root = value * power;
  Fq rest = root * power;
  Fq unity = kRootOfUnity;
  unsigned order = kTwoAdicity;
  while (rest != Fq::one()) {
    unsigned log_order = 0;
    for (Fq square = rest; square != Fq::one(); square = square.squared()) {
      if (++log_order == order) {
        return std::nullopt;
      }
    }
    for (unsigned i = log_order + 1; i < order; ++i) {
      unity = unity.squared();
    }
    root *= unity;
    unity = unity.squared();
    rest *= unity;
    order = log_order;
  }
  return root;
}

std::array<std::uint8_t, kG1CompressedBytes> compress(const G1Affine& point) {
  auto out = to_bytes(point.x.canonical());
  if (point.is_infinity()) {
    out.back() |= kInfinity;
  } else if (is_larger(point.y)) {
    out.back() |= kLargerY;
  }
  return out;
}

std::array<std::uint8_t, kG1UncompressedBytes> encode(const G1Affine& point) {
  std::array<std::uint8_t, kG1UncompressedBytes> out{};
  const auto x = to_bytes(point.x.canonical());
  const auto y = to_bytes(point.y.canonical());
  for (std::size_t i = 0; i < x.size(); ++i) {
    out[i] = x[i];
    out[x.size() + i] = y[i];
  }
  if (point.is_infinity()) {
    out.back() |= kInfinity;
  }
  return out;
}

base::Result<G1Affine> decompress(std::span<const std::uint8_t> bytes, Membership membership) {
  if (auto status = check_length(bytes, kG1CompressedBytes); !status.ok()) {
    return status.error();
  }
  const std::uint8_t flags = bytes.back() & kFlags;
  if (flags == kFlags) {
    return malformed("point: both the sign's and infinity's flag are set");
  }
  const auto x = read_fq("x", bytes.data(), flags);
  if (!x.ok()) {
    return x.error().within("point");
  }
  if (flags == kInfinity) {
    if (!x.value().is_zero()) {
      return malformed("point: infinity with an x that is not zero");
    }
    return G1Affine();
  }
  const auto y = square_root(x.value().squared() * x.value() + Fq::one());
  if (!y.has_value()) {
    return malformed("point: no point of the curve has this x");
  }
  if (y->is_zero() && flags != 0) {
    return malformed("point: the sign's flag is set on y = 0");
  }
  const bool is_wanted = is_larger(*y) == (flags == kLargerY);
  return checked({x.value(), is_wanted ? *y : -*y}, membership);
}

base::Result<G1Affine> decode_g1(std::span<const std::uint8_t> bytes, Membership membership) {
  if (auto status = check_length(bytes, kG1UncompressedBytes); !status.ok()) {
    return status.error();
  }
  const std::uint8_t flags = bytes.back() & kFlags;
  if ((flags & kLargerY) != 0) {
    return malformed("point: the sign's flag is set, expected none with both coordinates");
  }
  const auto x = read_fq("x", bytes.data(), 0);
  if (!x.ok()) {
    return x.error().within("point");
  }
  const auto y = read_fq("y", bytes.data() + Fq::kBytes, flags);
  if (!y.ok()) {
    return y.error().within("point");
  }
  const G1Affine point = {x.value(), y.value()};
  if (flags == kInfinity) {
    if (!point.is_infinity()) {
      return malformed("point: infinity with coordinates that are not zero");
    }
    return point;
  }
  if (point.is_infinity() || !is_on_curve(point)) {
    return malformed("point: not on the curve");
  }
  return checked(point, membership);
}

}  // namespace gpu
