#include "gpu/curve/g2.h"

#include <algorithm>
#include <string>

#include "gpu/curve/fq_codec.h"

namespace gpu {
namespace {

constexpr Fq kGenerator[4] = {
    Fq::from_canonical({{0x573a2a2b87b4c87f, 0xda8f1322efb9bd13, 0xa8047d6cd514ce8b,
                         0xd4cd4216235bdca3, 0x4c0630eb039cb265, 0x011bbccbc09fa570}}),
    Fq::from_canonical({{0xdf419ecdd036b22e, 0x083bab0e662f0ff1, 0x1af086715e39b591,
                         0x969209141ca569aa, 0x248b9ce9d8b65adb, 0x008aba5e022d57b3}}),
    Fq::from_canonical({{0x6ae47f1e13b6e045, 0xde1b49a6d2cd94a0, 0x017ac66e0c852d60,
                         0x0a98939271d79d69, 0xe568d4b4ad1b7218, 0x00031118d7f86dda}}),
    Fq::from_canonical({{0xcb33cae7de3a2859, 0x05ce74a9f32e6fa3, 0xb983de12bb53fdaa,
                         0xa704bc95c7ec1c02, 0x191456b96da834eb, 0x0037213c02e1a08e}})};

// The curve's constant, 1/u = -u/5.
constexpr Fq kTwistB =
    Fq::from_canonical({{0x1c9ed9999999999a, 0x0dd39e5c1ccccccd, 0x129207b63c6bf800,
                         0xdc7b4f91cd5fd889, 0x43bd03737460c589, 0x010222f6db0fd6f3}});
static_assert(kTwistB * Fq::from_u64(5) == -Fq::one());

}  // namespace

G2Affine g2_generator() {
  return {{kGenerator[0], kGenerator[1]}, {kGenerator[2], kGenerator[3]}};
}

bool is_on_curve(const G2Affine& point) {
  return point.is_infinity() ||
         point.y.squared() == point.x.squared() * point.x + Fq2{Fq(), kTwistB};
}

bool is_in_subgroup(const G2Affine& point) {
  return multiply(point, FrParams::kModulus).is_infinity();
}

G2Affine add(const G2Affine& a, const G2Affine& b) {
  if (a.is_infinity() || b.is_infinity()) {
    return a.is_infinity() ? b : a;
  }
  Fq2 slope;
  if (a.x == b.x) {
    if (a.y != b.y || a.y.is_zero()) {
      return {};
    }
    const Fq2 square = a.x.squared();
    slope = (square.doubled() + square) * a.y.doubled().inverse();
  } else {
    slope = (b.y - a.y) * (b.x - a.x).inverse();
  }
  const Fq2 x = slope.squared() - a.x - b.x;
  return {x, slope * (a.x - x) - a.y};
}

G2Affine multiply(const G2Affine& point, const Limbs<4>& scalar) {
  G2Affine out;
  for (std::size_t i = bit_length(scalar); i-- > 0;) {
    out = add(out, out);
    if (bit(scalar, i)) {
      out = add(out, point);
    }
  }
  return out;
}

std::array<std::uint8_t, kG2UncompressedBytes> encode(const G2Affine& point) {
  std::array<std::uint8_t, kG2UncompressedBytes> out{};
  auto* at = out.begin();
  for (const Fq& coordinate : {point.x.c0, point.x.c1, point.y.c0, point.y.c1}) {
    at = std::ranges::copy(to_bytes(coordinate.canonical()), at).out;
  }
  if (point.is_infinity()) {
    out.back() |= detail::kInfinity;
  }
  return out;
}

base::Result<G2Affine> decode_g2(std::span<const std::uint8_t> bytes) {
  using detail::malformed;
  if (auto status = detail::check_length(bytes, kG2UncompressedBytes); !status.ok()) {
    return status.error();
  }
  const std::uint8_t flags = bytes.back() & detail::kFlags;
  if ((flags & detail::kLargerY) != 0) {
    return malformed("point: the sign's flag is set, expected none with both coordinates");
  }
  constexpr std::array<std::string_view, 4> kFields = {"x.c0", "x.c1", "y.c0", "y.c1"};
  std::array<Fq, kFields.size()> values;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const std::uint8_t flags_here = i + 1 == values.size() ? flags : std::uint8_t{0};
    const auto value = detail::read_fq(kFields[i], bytes.data() + i * Fq::kBytes, flags_here);
    if (!value.ok()) {
      return value.error().within("point");
    }
    values[i] = value.value();
  }
  const G2Affine point = {{values[0], values[1]}, {values[2], values[3]}};
  if (flags == detail::kInfinity) {
    if (!point.is_infinity()) {
      return malformed("point: infinity with coordinates that are not zero");
    }
    return point;
  }
  if (point.is_infinity() || !is_on_curve(point)) {
    return malformed("point: not on the curve");
  }
  if (!is_in_subgroup(point)) {
    return malformed("point: outside the subgroup of order r");
  }
  return point;
}

}  // namespace gpu
