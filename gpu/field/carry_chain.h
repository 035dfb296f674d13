// Additions and products of 32-bit words that carry from one to the next: one function for each
// instruction idiom of a GPU. Device code has them in PTX, where the carry is the condition code
// register; host code in C++, where it is the word in `Carry`. So an algorithm written over them
// once is checked on any processor.
//
// A chain begins with a function that does not take the carry in (names end in _first) and its
// calls follow each other. In device code a Carry is empty, and what lies between two calls of a
// chain must not touch the condition code: no 128-bit integers there (nvcc makes add.cc of them),
// no calls. Each statement is volatile, which keeps their order.
//
// ptxas fuses the two halves of a product, mad.lo.cc and madc.hi.cc of the same factors, into one
// IMAD.WIDE.U32.X: half the instructions. That it does is checked from the compiled code
// (scripts/check_cubins.py).
#pragma once

#include <cstdint>

#include "gpu/field/host_device.h"

namespace gpu::chain {

using Word = std::uint32_t;

#if defined(__CUDA_ARCH__)

struct Carry {};

// a + b, a + b + carry; each leaves its carry, but the last of a chain does not.
GPU_INLINED Word add_first(Word a, Word b, Carry&) {
  Word out;
  asm volatile("add.cc.u32 %0, %1, %2;" : "=r"(out) : "r"(a), "r"(b));
  return out;
}
GPU_INLINED Word add_next(Word a, Word b, Carry&) {
  Word out;
  asm volatile("addc.cc.u32 %0, %1, %2;" : "=r"(out) : "r"(a), "r"(b));
  return out;
}
GPU_INLINED Word add_last(Word a, Word b, Carry&) {
  Word out;
  asm volatile("addc.u32 %0, %1, %2;" : "=r"(out) : "r"(a), "r"(b));
  return out;
}

// a - b, a - b - borrow; the last gives 0 - borrow, all bits alike.
GPU_INLINED Word sub_first(Word a, Word b, Carry&) {
  Word out;
  asm volatile("sub.cc.u32 %0, %1, %2;" : "=r"(out) : "r"(a), "r"(b));
  return out;
}
GPU_INLINED Word sub_next(Word a, Word b, Carry&) {
  Word out;
  asm volatile("subc.cc.u32 %0, %1, %2;" : "=r"(out) : "r"(a), "r"(b));
  return out;
}
GPU_INLINED Word sub_mask(Carry&) {
  Word out;
  asm volatile("subc.u32 %0, 0, 0;" : "=r"(out));
  return out;
}

// (low, high) = addend + a * b, with a carry in but for the first, and out.
GPU_INLINED void mad_first(Word& low, Word& high, Word a, Word b, Word add_low, Word add_high,
                           Carry&) {
  asm volatile("mad.lo.cc.u32 %0, %2, %3, %4;\n\tmadc.hi.cc.u32 %1, %2, %3, %5;"
               : "=&r"(low), "=r"(high)
               : "r"(a), "r"(b), "r"(add_low), "r"(add_high));
}
GPU_INLINED void mad_next(Word& low, Word& high, Word a, Word b, Word add_low, Word add_high,
                          Carry&) {
  asm volatile("madc.lo.cc.u32 %0, %2, %3, %4;\n\tmadc.hi.cc.u32 %1, %2, %3, %5;"
               : "=&r"(low), "=r"(high)
               : "r"(a), "r"(b), "r"(add_low), "r"(add_high));
}

// 0 - a, in a way that the compiler does not see through: if it knew that a product's factor is
// minus another word it would take the product apart, and half of all products would no longer be
// fused.
GPU_INLINED Word negated(Word a) {
  Word out;
  asm volatile("sub.u32 %0, 0, %1;" : "=r"(out) : "r"(a));
  return out;
}

#else

struct Carry {
  Word bit = 0;
};

GPU_INLINED Word add_next(Word a, Word b, Carry& carry) {
  const std::uint64_t sum = std::uint64_t{a} + b + carry.bit;
  carry.bit = static_cast<Word>(sum >> 32);
  return static_cast<Word>(sum);
}
GPU_INLINED Word add_first(Word a, Word b, Carry& carry) {
  carry.bit = 0;
  return add_next(a, b, carry);
}
GPU_INLINED Word add_last(Word a, Word b, Carry& carry) {
  return a + b + carry.bit;
}

GPU_INLINED Word sub_next(Word a, Word b, Carry& borrow) {
  const std::uint64_t difference = std::uint64_t{a} - b - borrow.bit;
  borrow.bit = static_cast<Word>(difference >> 32) & 1;
  return static_cast<Word>(difference);
}
GPU_INLINED Word sub_first(Word a, Word b, Carry& borrow) {
  borrow.bit = 0;
  return sub_next(a, b, borrow);
}
GPU_INLINED Word sub_mask(Carry& borrow) {
  return 0 - borrow.bit;
}

GPU_INLINED void mad_next(Word& low, Word& high, Word a, Word b, Word add_low, Word add_high,
                          Carry& carry) {
  const std::uint64_t product = std::uint64_t{a} * b;
  low = add_next(static_cast<Word>(product), add_low, carry);
  high = add_next(static_cast<Word>(product >> 32), add_high, carry);
}
GPU_INLINED void mad_first(Word& low, Word& high, Word a, Word b, Word add_low, Word add_high,
                           Carry& carry) {
  carry.bit = 0;
  mad_next(low, high, a, b, add_low, add_high, carry);
}

GPU_INLINED Word negated(Word a) {
  return 0 - a;
}

#endif

// (low, high) = a * b.
GPU_INLINED void mul_wide(Word& low, Word& high, Word a, Word b) {
  const std::uint64_t product = std::uint64_t{a} * b;
  low = static_cast<Word>(product);
  high = static_cast<Word>(product >> 32);
}

}  // namespace gpu::chain
