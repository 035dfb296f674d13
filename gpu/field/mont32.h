// Montgomery's arithmetic over 32-bit words: what the device computes Fp's operators with, and,
// over the same text compiled for the host, what a test compares with Fp's own on any processor.
//
// A product's partial products are summed in two accumulators (Emmart's and others' even and odd
// columns): a[j] * b has its low word in column j, and the products of all even j fill columns
// without overlapping, as do those of all odd j. So a row of six products is one unbroken carry
// chain, and each product one fused instruction:
//
//   column     0   1   2   3  ...  11  12
//   even      [a0 b  ][a2 b  ] ... [  ]
//   odd           [a1 b  ][a3 b  ] ...[ ]
//
// After a row the lowest word is zero, and the whole moves one column down: the odd accumulator
// becomes the even one without a word being moved, and the even one, two words down, the odd.
//
// Requires a modulus that is 1 modulo 2^32, so that -1/p is 2^32 - 1: a row's factor is minus its
// lowest word, and the product with the modulus' lowest word no product. And free top bits: sums of
// a row stay below 2^(32 (words + 1)).
#pragma once

#include "gpu/field/carry_chain.h"
#include "gpu/field/limbs.h"

namespace gpu {

template <typename Params>
struct Mont32 {
  using Word = chain::Word;
  using Value = Limbs<Params::kLimbs>;
  static constexpr unsigned kWords = 2 * Params::kLimbs;
  static_assert((Params::kModulus.at[0] & 0xffffffff) == 1);
  static_assert(Params::kModulus.at[Params::kLimbs - 1] >> 61 == 0);

  struct Words {
    Word at[kWords];
  };

  GPU_INLINED static Words split(const Value& value) {
    Words out;
    GPU_UNROLL
    for (unsigned i = 0; i < kWords; ++i) {
      out.at[i] = static_cast<Word>(value.at[i / 2] >> (32 * (i % 2)));
    }
    return out;
  }
  GPU_INLINED static Value join(const Words& words) {
    Value out;
    GPU_UNROLL
    for (unsigned i = 0; i < kWords / 2; ++i) {
      out.at[i] = words.at[2 * i] | (std::uint64_t{words.at[2 * i + 1]} << 32);
    }
    return out;
  }
  GPU_INLINED static constexpr Word modulus(unsigned word) {
    constexpr Value kModulus = Params::kModulus;
    return static_cast<Word>(kModulus.at[word / 2] >> (32 * (word % 2)));
  }

  // a * b / 2^(32 words) mod p.
  GPU_INLINED static Value product(const Value& a_value, const Value& b_value) {
    const Words a = split(a_value);
    const Words b = split(b_value);
    Words x;
    Words y;
    GPU_UNROLL
    for (unsigned j = 0; j < kWords; j += 2) {
      chain::mul_wide(x.at[j], x.at[j + 1], a.at[j], b.at[0]);
      chain::mul_wide(y.at[j], y.at[j + 1], a.at[j + 1], b.at[0]);
    }
    reduce_row(x, y);
    GPU_UNROLL
    for (unsigned i = 1; i < kWords; i += 2) {
      add_row(y, x, a, b.at[i]);
      reduce_row(y, x);
      if (i + 1 < kWords) {
        add_row(x, y, a, b.at[i + 1]);
        reduce_row(x, y);
      }
    }
    return merged(y, x);
  }

  // a * a / 2^(32 words) mod p, with each product of different words made once: 78 + 132 products
  // for 12 words where product() takes 276.
  GPU_INLINED static Value square(const Value& a_value) {
    const Words a = split(a_value);
    Word wide[2 * kWords];
    square_wide(wide, a);
    return reduced_wide(wide);
  }

  GPU_INLINED static Value sum(const Value& a_value, const Value& b_value) {
    const Words a = split(a_value);
    const Words b = split(b_value);
    Words out;
    chain::Carry carry;
    out.at[0] = chain::add_first(a.at[0], b.at[0], carry);
    GPU_UNROLL
    for (unsigned i = 1; i < kWords; ++i) {
      out.at[i] = chain::add_next(a.at[i], b.at[i], carry);
    }
    return reduced_once(out);
  }

  GPU_INLINED static Value difference(const Value& a_value, const Value& b_value) {
    const Words a = split(a_value);
    const Words b = split(b_value);
    Words out;
    chain::Carry borrow;
    out.at[0] = chain::sub_first(a.at[0], b.at[0], borrow);
    GPU_UNROLL
    for (unsigned i = 1; i < kWords; ++i) {
      out.at[i] = chain::sub_next(a.at[i], b.at[i], borrow);
    }
    const Word mask = chain::sub_mask(borrow);
    chain::Carry carry;
    out.at[0] = chain::add_first(out.at[0], modulus(0) & mask, carry);
    GPU_UNROLL
    for (unsigned i = 1; i < kWords; ++i) {
      out.at[i] = chain::add_next(out.at[i], modulus(i) & mask, carry);
    }
    return join(out);
  }

 private:
  // even += a * b, where `odd` is the row before's even accumulator, whose lowest word is zero:
  // what it holds moves down by two words, its second word into even's lowest.
  GPU_INLINED static void add_row(Words& even, Words& odd, const Words& a, Word b) {
    chain::Carry carry;
    even.at[0] = chain::add_first(even.at[0], odd.at[1], carry);
    GPU_UNROLL
    for (unsigned j = 0; j < kWords - 2; j += 2) {  // column 1 is where that carry belongs
      chain::mad_next(odd.at[j], odd.at[j + 1], a.at[j + 1], b, odd.at[j + 2], odd.at[j + 3],
                      carry);
    }
    chain::mad_next(odd.at[kWords - 2], odd.at[kWords - 1], a.at[kWords - 1], b, 0, 0, carry);
    chain::mad_first(even.at[0], even.at[1], a.at[0], b, even.at[0], even.at[1], carry);
    GPU_UNROLL
    for (unsigned j = 2; j < kWords; j += 2) {
      chain::mad_next(even.at[j], even.at[j + 1], a.at[j], b, even.at[j], even.at[j + 1], carry);
    }
    odd.at[kWords - 1] = chain::add_last(odd.at[kWords - 1], 0, carry);
  }

  // Adds the multiple of the modulus that makes the lowest word zero.
  GPU_INLINED static void reduce_row(Words& even, Words& odd) {
    const Word factor = chain::negated(even.at[0]);
    chain::Carry carry;
    chain::mad_first(odd.at[0], odd.at[1], factor, modulus(1), odd.at[0], odd.at[1], carry);
    GPU_UNROLL
    for (unsigned j = 2; j < kWords; j += 2) {
      chain::mad_next(odd.at[j], odd.at[j + 1], factor, modulus(j + 1), odd.at[j], odd.at[j + 1],
                      carry);
    }
    // The modulus' lowest word is 1: the word and the factor cancel, and leave a carry or none.
    even.at[0] = chain::add_first(even.at[0], factor, carry);
    even.at[1] = chain::add_next(even.at[1], 0, carry);
    GPU_UNROLL
    for (unsigned j = 2; j < kWords; j += 2) {
      chain::mad_next(even.at[j], even.at[j + 1], factor, modulus(j), even.at[j], even.at[j + 1],
                      carry);
    }
    odd.at[kWords - 1] = chain::add_last(odd.at[kWords - 1], 0, carry);
  }

  // The accumulators of the last row, one column down, as one number below p.
  GPU_INLINED static Value merged(const Words& even, const Words& odd) {
    Words out;
    chain::Carry carry;
    out.at[0] = chain::add_first(odd.at[0], even.at[1], carry);
    GPU_UNROLL
    for (unsigned i = 1; i < kWords - 1; ++i) {
      out.at[i] = chain::add_next(odd.at[i], even.at[i + 1], carry);
    }
    out.at[kWords - 1] = chain::add_last(odd.at[kWords - 1], 0, carry);
    return reduced_once(out);
  }

  GPU_INLINED static Value reduced_once(const Words& value) {
    Words out;
    chain::Carry borrow;
    out.at[0] = chain::sub_first(value.at[0], modulus(0), borrow);
    GPU_UNROLL
    for (unsigned i = 1; i < kWords; ++i) {
      out.at[i] = chain::sub_next(value.at[i], modulus(i), borrow);
    }
    const Word mask = chain::sub_mask(borrow);
    GPU_UNROLL
    for (unsigned i = 0; i < kWords; ++i) {
      out.at[i] = (value.at[i] & mask) | (out.at[i] & ~mask);
    }
    return join(out);
  }

  // a * a without any reduction. a[i] * a[j], i < j, lies in columns i + j and i + j + 1: for a
  // fixed i, the js of one parity make a chain.
  GPU_INLINED static void square_wide(Word (&wide)[2 * kWords], const Words& a) {
    Word even[2 * kWords] = {};
    Word odd[2 * kWords] = {};  // odd[k] stands in column k + 1
    GPU_UNROLL
    for (unsigned i = 0; i < kWords - 1; ++i) {
      cross_chain(odd, a, i, i + 1, 1);
      if (i + 2 < kWords) {
        cross_chain(even, a, i, i + 2, 0);
      }
    }
    chain::Carry carry;
    wide[0] = even[0];
    wide[1] = chain::add_first(even[1], odd[0], carry);
    GPU_UNROLL
    for (unsigned k = 2; k < 2 * kWords; ++k) {
      wide[k] = chain::add_next(even[k], odd[k - 1], carry);
    }
    wide[0] = chain::add_first(wide[0], wide[0], carry);
    GPU_UNROLL
    for (unsigned k = 1; k < 2 * kWords; ++k) {
      wide[k] = chain::add_next(wide[k], wide[k], carry);
    }
    chain::mad_first(wide[0], wide[1], a.at[0], a.at[0], wide[0], wide[1], carry);
    GPU_UNROLL
    for (unsigned i = 1; i < kWords; ++i) {
      chain::mad_next(wide[2 * i], wide[2 * i + 1], a.at[i], a.at[i], wide[2 * i], wide[2 * i + 1],
                      carry);
    }
  }

  // Adds a[i] * a[j] for j = first, first + 2, ... and lets the carry run into the next free word.
  GPU_INLINED static void cross_chain(Word (&out)[2 * kWords], const Words& a, unsigned i,
                                      unsigned first, unsigned down) {
    chain::Carry carry;
    const unsigned begin = i + first - down;
    chain::mad_first(out[begin], out[begin + 1], a.at[i], a.at[first], out[begin], out[begin + 1],
                     carry);
    unsigned column = begin + 2;
    GPU_UNROLL
    for (unsigned j = first + 2; j < kWords; j += 2) {
      column = i + j - down;
      chain::mad_next(out[column], out[column + 1], a.at[i], a.at[j], out[column], out[column + 1],
                      carry);
      column += 2;
    }
    out[column] = chain::add_last(out[column], 0, carry);
  }

  // wide / 2^(32 words) mod p, a row for each low word. A row's carry waits for the next row.
  GPU_INLINED static Value reduced_wide(Word (&wide)[2 * kWords]) {
    Word waiting = 0;
    GPU_UNROLL
    for (unsigned i = 0; i < kWords; ++i) {
      const Word factor = chain::negated(wide[i]);
      chain::Carry carry;
      // Odd columns first, with the carry that waits; what leaves them goes one column up.
      chain::mad_first(wide[i + 1], wide[i + 2], factor, modulus(1), wide[i + 1], wide[i + 2],
                       carry);
      GPU_UNROLL
      for (unsigned j = 3; j < kWords - 1; j += 2) {
        chain::mad_next(wide[i + j], wide[i + j + 1], factor, modulus(j), wide[i + j],
                        wide[i + j + 1], carry);
      }
      Word top = 0;
      chain::mad_next(wide[i + kWords - 1], top, factor, modulus(kWords - 1), wide[i + kWords - 1],
                      waiting, carry);
      // `top` belongs to column i + words; factor * modulus and what waited cannot overflow it.
      wide[i] = chain::add_first(wide[i], factor, carry);
      wide[i + 1] = chain::add_next(wide[i + 1], 0, carry);
      GPU_UNROLL
      for (unsigned j = 2; j < kWords; j += 2) {
        chain::mad_next(wide[i + j], wide[i + j + 1], factor, modulus(j), wide[i + j],
                        wide[i + j + 1], carry);
      }
      wide[i + kWords] = chain::add_next(wide[i + kWords], top, carry);
      waiting = chain::add_last(0, 0, carry);
    }
    Words out;
    GPU_UNROLL
    for (unsigned i = 0; i < kWords; ++i) {
      out.at[i] = wide[kWords + i];
    }
    return reduced_once(out);
  }
};

}  // namespace gpu
