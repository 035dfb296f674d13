// The puzzle's hashes for one thread, host and device, at the sizes that the puzzle hashes: BLAKE2s
// of 76 bytes, BLAKE2b of 36, SHA-256d of 48 (RFC 7693, FIPS 180-4). Loops are unrolled, so that
// tables become constants and words registers.
#pragma once

#include <cstddef>
#include <cstdint>

#include "gpu/field/host_device.h"

namespace prover::cuda {

using Word32 = std::uint32_t;
using Word64 = std::uint64_t;

constexpr Word32 rotated(Word32 value, unsigned bits) {
  return (value >> bits) | (value << (32 - bits));
}
constexpr Word64 rotated(Word64 value, unsigned bits) {
  return (value >> bits) | (value << (64 - bits));
}

// Rotations, words of the message that are not zero, and rounds of the two BLAKE2s.
struct Blake2s {
  using Word = Word32;
  static constexpr unsigned kRotations[4] = {16, 12, 8, 7};
  static constexpr unsigned kRounds = 10;
};
struct Blake2b {
  using Word = Word64;
  static constexpr unsigned kRotations[4] = {32, 24, 16, 63};
  static constexpr unsigned kRounds = 12;
};

template <typename Hash>
GPU_INLINED void blake2_mix(typename Hash::Word& a, typename Hash::Word& b, typename Hash::Word& c,
                            typename Hash::Word& d, typename Hash::Word first,
                            typename Hash::Word second) {
  constexpr unsigned kFirst = Hash::kRotations[0];
  constexpr unsigned kSecond = Hash::kRotations[1];
  constexpr unsigned kThird = Hash::kRotations[2];
  constexpr unsigned kFourth = Hash::kRotations[3];
  a += b + first;
  d = rotated(d ^ a, kFirst);
  c += d;
  b = rotated(b ^ c, kSecond);
  a += b + second;
  d = rotated(d ^ a, kThird);
  c += d;
  b = rotated(b ^ c, kFourth);
}

// One compression: state = F(state, message, `hashed` bytes so far).
template <typename Hash>
GPU_INLINED void blake2_compress(typename Hash::Word (&state)[8],
                                 const typename Hash::Word (&iv)[8],
                                 const typename Hash::Word (&message)[16],
                                 typename Hash::Word hashed, bool is_last) {
  constexpr std::uint8_t kSigma[12][16] = {{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15},
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
  typename Hash::Word v[16];
  GPU_UNROLL
  for (unsigned i = 0; i < 8; ++i) {
    v[i] = state[i];
    v[i + 8] = iv[i];
  }
  v[12] ^= hashed;
  if (is_last) {
    v[14] = ~v[14];
  }
  GPU_UNROLL
  for (unsigned round = 0; round < Hash::kRounds; ++round) {
    const auto& s = kSigma[round];
    blake2_mix<Hash>(v[0], v[4], v[8], v[12], message[s[0]], message[s[1]]);
    blake2_mix<Hash>(v[1], v[5], v[9], v[13], message[s[2]], message[s[3]]);
    blake2_mix<Hash>(v[2], v[6], v[10], v[14], message[s[4]], message[s[5]]);
    blake2_mix<Hash>(v[3], v[7], v[11], v[15], message[s[6]], message[s[7]]);
    blake2_mix<Hash>(v[0], v[5], v[10], v[15], message[s[8]], message[s[9]]);
    blake2_mix<Hash>(v[1], v[6], v[11], v[12], message[s[10]], message[s[11]]);
    blake2_mix<Hash>(v[2], v[7], v[8], v[13], message[s[12]], message[s[13]]);
    blake2_mix<Hash>(v[3], v[4], v[9], v[14], message[s[14]], message[s[15]]);
  }
  GPU_UNROLL
  for (unsigned i = 0; i < 8; ++i) {
    state[i] ^= v[i] ^ v[i + 8];
  }
}

// What a batch's provers share of their 76 bytes: epoch, block hash, address; the nonce follows.
struct SeedPrefix {
  Word32 words[17] = {};
};
static_assert(sizeof(SeedPrefix) == 68);

struct SeedWords {
  Word64 words[4] = {};  // the 32 bytes, little-endian
};

GPU_INLINED SeedWords seed_of(const SeedPrefix& prefix, Word64 nonce) {
  constexpr Word32 kIv[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                             0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  constexpr Word32 kParameters = 0x01010020;  // 32-byte digest, no key, sequential
  Word32 state[8];
  Word32 first[16];
  GPU_UNROLL
  for (unsigned i = 0; i < 8; ++i) {
    state[i] = kIv[i] ^ (i == 0 ? kParameters : 0);
  }
  GPU_UNROLL
  for (unsigned i = 0; i < 16; ++i) {
    first[i] = prefix.words[i];
  }
  Word32 second[16] = {prefix.words[16], static_cast<Word32>(nonce),
                       static_cast<Word32>(nonce >> 32)};
  blake2_compress<Blake2s>(state, kIv, first, 64, false);
  blake2_compress<Blake2s>(state, kIv, second, 76, true);
  SeedWords out;
  GPU_UNROLL
  for (unsigned i = 0; i < 4; ++i) {
    out.words[i] = state[2 * i] | (Word64{state[2 * i + 1]} << 32);
  }
  return out;
}

// BLAKE2b-512(seed || u32 index).
GPU_INLINED void coefficient_digest(const SeedWords& seed, Word32 index, Word64 (&digest)[8]) {
  constexpr Word64 kIv[8] = {0x6a09e667f3bcc908, 0xbb67ae8584caa73b, 0x3c6ef372fe94f82b,
                             0xa54ff53a5f1d36f1, 0x510e527fade682d1, 0x9b05688c2b3e6c1f,
                             0x1f83d9abfb41bd6b, 0x5be0cd19137e2179};
  constexpr Word64 kParameters = 0x01010040;  // 64-byte digest, no key, sequential
  GPU_UNROLL
  for (unsigned i = 0; i < 8; ++i) {
    digest[i] = kIv[i] ^ (i == 0 ? kParameters : 0);
  }
  const Word64 message[16] = {seed.words[0], seed.words[1], seed.words[2], seed.words[3], index};
  blake2_compress<Blake2b>(digest, kIv, message, 36, true);
}

// One block of SHA-256.
GPU_INLINED void sha256_compress(Word32 (&state)[8], Word32 (&block)[16]) {
  constexpr Word32 kRound[64] = {
      0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4,
      0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe,
      0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f,
      0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7,
      0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc,
      0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b,
      0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116,
      0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
      0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7,
      0xc67178f2};
  Word32 s[8];
  GPU_UNROLL
  for (unsigned i = 0; i < 8; ++i) {
    s[i] = state[i];
  }
  GPU_UNROLL
  for (unsigned round = 0; round < 64; ++round) {
    Word32& word = block[round % 16];
    if (round >= 16) {
      const Word32 a = block[(round + 1) % 16];
      const Word32 b = block[(round + 14) % 16];
      word += (rotated(a, 7) ^ rotated(a, 18) ^ (a >> 3)) + block[(round + 9) % 16] +
              (rotated(b, 17) ^ rotated(b, 19) ^ (b >> 10));
    }
    const Word32 high = rotated(s[4], 6) ^ rotated(s[4], 11) ^ rotated(s[4], 25);
    const Word32 first = s[7] + high + ((s[4] & s[5]) ^ (~s[4] & s[6])) + kRound[round] + word;
    const Word32 low = rotated(s[0], 2) ^ rotated(s[0], 13) ^ rotated(s[0], 22);
    const Word32 second = low + ((s[0] & s[1]) ^ (s[0] & s[2]) ^ (s[1] & s[2]));
    GPU_UNROLL
    for (unsigned i = 7; i > 0; --i) {
      s[i] = s[i - 1];
    }
    s[4] += first;
    s[0] = first + second;
  }
  GPU_UNROLL
  for (unsigned i = 0; i < 8; ++i) {
    state[i] += s[i];
  }
}

constexpr Word32 bytes_reversed(Word32 word) {
  return (word << 24) | ((word & 0xff00) << 8) | ((word >> 8) & 0xff00) | (word >> 24);
}

// The first eight bytes, little-endian, of SHA-256(SHA-256(the 48 bytes of six words)).
GPU_HD inline Word64 sha256d_head(const Word64 (&words)[6]) {
  constexpr Word32 kIv[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                             0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  Word32 inner[8];
  Word32 outer[8];
  Word32 block[16] = {};
  GPU_UNROLL
  for (unsigned i = 0; i < 8; ++i) {
    inner[i] = kIv[i];
    outer[i] = kIv[i];
  }
  GPU_UNROLL
  for (unsigned i = 0; i < 12; ++i) {
    block[i] = bytes_reversed(static_cast<Word32>(words[i / 2] >> (32 * (i % 2))));
  }
  block[12] = 0x80000000;
  block[15] = 48 * 8;
  sha256_compress(inner, block);
  Word32 again[16] = {};
  GPU_UNROLL
  for (unsigned i = 0; i < 8; ++i) {
    again[i] = inner[i];
  }
  again[8] = 0x80000000;
  again[15] = 32 * 8;
  sha256_compress(outer, again);
  return bytes_reversed(outer[0]) | (Word64{bytes_reversed(outer[1])} << 32);
}

}  // namespace prover::cuda
