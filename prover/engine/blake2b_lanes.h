// BLAKE2b (RFC 7693) of several independent blocks at once: word w of every block in one vector.
// Included by one source for each set of instructions.
#pragma once

#include <cstddef>
#include <cstdint>

#include "prover/engine/coefficient_hash.h"

namespace prover::detail {

inline constexpr std::uint64_t kBlake2bIv[8] = {
    0x6a09e667f3bcc908, 0xbb67ae8584caa73b, 0x3c6ef372fe94f82b, 0xa54ff53a5f1d36f1,
    0x510e527fade682d1, 0x9b05688c2b3e6c1f, 0x1f83d9abfb41bd6b, 0x5be0cd19137e2179};

inline constexpr std::uint8_t kSigma[12][16] = {
    {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15},
    {14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3},
    {11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4},
    {7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8},
    {9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13},
    {2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9},
    {12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11},
    {13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10},
    {6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5},
    {10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0},
    {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15},
    {14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3}};

inline constexpr std::size_t kMessageWords = 5;
inline constexpr std::uint64_t kMessageBytes = 36;
inline constexpr std::uint64_t kParameters = 0x01010040;  // 64-byte digest, no key, sequential

// V: a vector type of the compiler whose operators work lane by lane.
template <typename V>
struct Blake2bLanes {
  static constexpr std::size_t kCount = sizeof(V) / sizeof(std::uint64_t);

  static V all(std::uint64_t value) { return V{} + value; }
  static V rotated(V value, unsigned bits) { return (value >> bits) | (value << (64 - bits)); }

  static void mix(V& a, V& b, V& c, V& d, const V* message, unsigned first, unsigned second) {
    a += b;
    if (first < kMessageWords) {  // the other words are zero
      a += message[first];
    }
    d = rotated(d ^ a, 32);
    c += d;
    b = rotated(b ^ c, 24);
    a += b;
    if (second < kMessageWords) {
      a += message[second];
    }
    d = rotated(d ^ a, 16);
    c += d;
    b = rotated(b ^ c, 63);
  }

  static void hash(const V* message, V* digest) {
    V v[16];
    for (std::size_t i = 0; i < 8; ++i) {
      v[i] = all(kBlake2bIv[i] ^ (i == 0 ? kParameters : 0));
      v[i + 8] = all(kBlake2bIv[i]);
    }
    v[12] ^= all(kMessageBytes);
    v[14] = ~v[14];  // the last block
    for (const auto& s : kSigma) {
      mix(v[0], v[4], v[8], v[12], message, s[0], s[1]);
      mix(v[1], v[5], v[9], v[13], message, s[2], s[3]);
      mix(v[2], v[6], v[10], v[14], message, s[4], s[5]);
      mix(v[3], v[7], v[11], v[15], message, s[6], s[7]);
      mix(v[0], v[5], v[10], v[15], message, s[8], s[9]);
      mix(v[1], v[6], v[11], v[12], message, s[10], s[11]);
      mix(v[2], v[7], v[8], v[13], message, s[12], s[13]);
      mix(v[3], v[4], v[9], v[14], message, s[14], s[15]);
    }
    for (std::size_t i = 0; i < 8; ++i) {
      digest[i] = all(kBlake2bIv[i] ^ (i == 0 ? kParameters : 0)) ^ v[i] ^ v[i + 8];
    }
  }

  static void hash_blocks(const std::uint64_t (*message)[kSeedLanes],
                          std::uint64_t (*digest)[kSeedLanes]) {
    for (std::size_t first = 0; first < kSeedLanes; first += kCount) {
      V words[kMessageWords];
      for (std::size_t w = 0; w < kMessageWords; ++w) {
        __builtin_memcpy(&words[w], &message[w][first], sizeof(V));
      }
      V out[8];
      hash(words, out);
      for (std::size_t w = 0; w < 8; ++w) {
        __builtin_memcpy(&digest[w][first], &out[w], sizeof(V));
      }
    }
  }
};

}  // namespace prover::detail
