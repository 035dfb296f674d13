// Fixed-size unsigned integers as little-endian 64-bit limbs, with what the fields need of them.
// Everything is constexpr: constants are recomputed by static_assert, device code may call it.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace gpu {

__extension__ using Wide = unsigned __int128;

template <std::size_t N>
struct Limbs {
  std::uint64_t at[N] = {};  // at[0] is the least significant

  friend constexpr bool operator==(const Limbs&, const Limbs&) = default;
};

// a + b + carry; carry becomes the carry out, 0 or 1.
constexpr std::uint64_t add_carry(std::uint64_t a, std::uint64_t b, std::uint64_t& carry) {
  const Wide sum = Wide{a} + b + carry;
  carry = static_cast<std::uint64_t>(sum >> 64);
  return static_cast<std::uint64_t>(sum);
}

// a - b - borrow; borrow becomes the borrow out, 0 or 1.
constexpr std::uint64_t sub_borrow(std::uint64_t a, std::uint64_t b, std::uint64_t& borrow) {
  const Wide difference = Wide{a} - b - borrow;
  borrow = static_cast<std::uint64_t>(difference >> 64) & 1;
  return static_cast<std::uint64_t>(difference);
}

// a * b + c + d, which cannot overflow 128 bits; the high half becomes `high`.
constexpr std::uint64_t mul_add(std::uint64_t a, std::uint64_t b, std::uint64_t c, std::uint64_t d,
                                std::uint64_t& high) {
  const Wide product = Wide{a} * b + c + d;
  high = static_cast<std::uint64_t>(product >> 64);
  return static_cast<std::uint64_t>(product);
}

// a += b; returns the carry out.
template <std::size_t N>
constexpr std::uint64_t add_to(Limbs<N>& a, const Limbs<N>& b) {
  std::uint64_t carry = 0;
  for (std::size_t i = 0; i < N; ++i) {
    a.at[i] = add_carry(a.at[i], b.at[i], carry);
  }
  return carry;
}

// a -= b; returns the borrow out.
template <std::size_t N>
constexpr std::uint64_t sub_from(Limbs<N>& a, const Limbs<N>& b) {
  std::uint64_t borrow = 0;
  for (std::size_t i = 0; i < N; ++i) {
    a.at[i] = sub_borrow(a.at[i], b.at[i], borrow);
  }
  return borrow;
}

template <std::size_t N>
constexpr bool is_zero(const Limbs<N>& a) {
  std::uint64_t any = 0;
  for (std::size_t i = 0; i < N; ++i) {
    any |= a.at[i];
  }
  return any == 0;
}

template <std::size_t N>
constexpr bool less(const Limbs<N>& a, const Limbs<N>& b) {
  for (std::size_t i = N; i-- > 0;) {
    if (a.at[i] != b.at[i]) {
      return a.at[i] < b.at[i];
    }
  }
  return false;
}

template <std::size_t N>
constexpr bool bit(const Limbs<N>& a, std::size_t index) {
  return ((a.at[index / 64] >> (index % 64)) & 1) != 0;
}

// `count` bits (at most 32) from bit `first` on; bits past the end are zero.
template <std::size_t N>
constexpr std::uint32_t bits(const Limbs<N>& a, std::size_t first, unsigned count) {
  const std::size_t limb = first / 64;
  const auto offset = static_cast<unsigned>(first % 64);
  if (limb >= N) {
    return 0;
  }
  std::uint64_t value = a.at[limb] >> offset;
  if (offset != 0 && limb + 1 < N) {
    value |= a.at[limb + 1] << (64 - offset);
  }
  return static_cast<std::uint32_t>(value & ((std::uint64_t{1} << count) - 1));
}

// How many bits the value has: 0 for zero.
template <std::size_t N>
constexpr std::size_t bit_length(const Limbs<N>& a) {
  for (std::size_t i = N; i-- > 0;) {
    if (a.at[i] != 0) {
      return i * 64 + static_cast<std::size_t>(std::bit_width(a.at[i]));
    }
  }
  return 0;
}

// a >> 1.
template <std::size_t N>
constexpr Limbs<N> half(const Limbs<N>& a) {
  Limbs<N> out;
  for (std::size_t i = 0; i < N; ++i) {
    out.at[i] = (a.at[i] >> 1) | (i + 1 < N ? a.at[i + 1] << 63 : 0);
  }
  return out;
}

// Little-endian bytes, as everything of the puzzle is written.
template <std::size_t N>
constexpr std::array<std::uint8_t, N * 8> to_bytes(const Limbs<N>& a) {
  std::array<std::uint8_t, N * 8> out{};
  for (std::size_t i = 0; i < N * 8; ++i) {
    out[i] = static_cast<std::uint8_t>(a.at[i / 8] >> (8 * (i % 8)));
  }
  return out;
}

template <std::size_t N>
constexpr Limbs<N> from_bytes(const std::uint8_t* bytes) {
  Limbs<N> out;
  for (std::size_t i = 0; i < N * 8; ++i) {
    out.at[i / 8] |= std::uint64_t{bytes[i]} << (8 * (i % 8));
  }
  return out;
}

}  // namespace gpu
