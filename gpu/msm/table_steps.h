// Stored tables of odd multiples and sums over them, as steps that one thread each does: what the
// kernels of a GPU run, and what a loop runs on the host.
//
//   powers       a base's multiples by 2^first_bit, one for each window
//   build        a segment of one window's table: P, 3 P, 5 P, ...
//   accumulate   a sum's additions for one base after the other
//   map back     sums as affine points of the short Weierstrass form, many with one inversion
//
// Layouts, for B bases, W windows, E entries a base and N sums:
//   powers  [B][W]        tables  [B][E]       digits  [base of the chunk][W][N]
// So threads that work on neighbouring sums read neighbouring digits, and all of them look at one
// base's tables at a time, which then stay in the second-level cache.
#pragma once

#include "gpu/curve/g1_te.h"
#include "gpu/field/device_memory.h"
#include "gpu/msm/window_plan.h"

namespace gpu {

// Thread: a base. 253 doublings.
GPU_HD inline void write_powers(const WindowPlan& plan, const TeEntry& base, TePoint* powers) {
  TePoint point(base);
  for (unsigned window = 0; window < plan.windows; ++window) {
    powers[window] = point;
    for (unsigned i = 0; i < plan.width(window); ++i) {
      point = point.doubled();
    }
  }
}

// Entries of one window that a thread makes: they share an inversion of 570 products and are
// reached by log2(entries) additions.
inline constexpr std::size_t kSegmentEntries = 64;

// One thread's part of a base's tables.
struct Segment {
  unsigned window = 0;
  std::uint32_t first = 0;  // entry of the window
  std::uint32_t count = 0;
};
constexpr std::uint32_t segments_of_window(const WindowPlan& plan, unsigned window) {
  const std::size_t entries = std::size_t{1} << (plan.width(window) - 1);
  return static_cast<std::uint32_t>((entries + kSegmentEntries - 1) / kSegmentEntries);
}
// How many a base has, and which one number `index` is: the wide windows' come first.
constexpr std::uint32_t segments(const WindowPlan& plan) {
  const std::uint32_t wide = plan.wide_windows();
  return wide * segments_of_window(plan, 0) +
         (plan.windows - wide) * segments_of_window(plan, plan.windows - 1);
}
constexpr Segment segment_of(const WindowPlan& plan, std::uint32_t index) {
  const std::uint32_t wide = plan.wide_windows() * segments_of_window(plan, 0);
  const bool is_wide = index < wide;
  const std::uint32_t each = segments_of_window(plan, is_wide ? 0 : plan.windows - 1);
  const std::uint32_t within = is_wide ? index : index - wide;
  Segment out;
  out.window = (is_wide ? 0 : plan.wide_windows()) + within / each;
  const std::size_t entries = std::size_t{1} << (plan.width(out.window) - 1);
  out.first = within % each * static_cast<std::uint32_t>(kSegmentEntries);
  out.count = static_cast<std::uint32_t>(entries < kSegmentEntries ? entries : kSegmentEntries);
  return out;
}

// Thread: entries first, first + 1, ... of one window, at most kSegmentEntries. `scratch` holds as
// many elements, `stride` apart; `entries` is where the window's table begins.
// About 8 + 8 + 9 products an entry.
GPU_HD inline void build_segment(const TePoint& power, std::size_t first, std::size_t count,
                                 TeEntry* entries, Fq* scratch, std::size_t stride) {
  const TePoint twice = power.doubled();
  const TeCached step = twice.cached();
  // (2 first + 1) P = P + first * 2P.
  TePoint point;
  for (unsigned i = 32; i-- > 0;) {
    point = point.doubled();
    if (((first >> i) & 1) != 0) {
      point += step;
    }
  }
  point += power.cached();
  Fq product = Fq::one();
  for (std::size_t k = 0; k < count; ++k) {
    // The slot holds X, Y, Z until the inverse is known.
    entries[first + k] = {point.x(), point.y(), point.z()};
    scratch[k * stride] = product;
    product *= point.z();
    point += step;
  }
  Fq inverse = product.inverse();
  for (std::size_t k = count; k-- > 0;) {
    const TeEntry slot = entries[first + k];
    const Fq z_inverse = inverse * scratch[k * stride];
    inverse *= slot.two_d_xy;
    const Fq x = slot.y_minus_x * z_inverse;
    const Fq y = slot.y_plus_x * z_inverse;
    entries[first + k] = {y - x, y + x, x * y * detail::te_two_d()};
  }
}

// What a sum's thread needs besides its own number. 32 bits each: registers are what is short.
struct SumShape {
  WindowPlan plan;
  std::uint32_t sums = 0;   // of the batch
  std::uint32_t bases = 0;  // of this chunk
};

// Thread: sum `index`. `tables` begins with the chunk's first base, `digits` with the chunk's.
// 7 products a digit; entries are asked for one digit ahead.
GPU_INLINED void accumulate(const SumShape& shape, std::uint32_t index, const OddDigit* digits,
                            const TeEntry* tables, TePoint& sum) {
  TePoint point = sum;
  const OddDigit* next = digits + index;
  std::uint32_t left = shape.bases * shape.plan.windows;
  std::uint32_t window = 0;
  OddDigit digit = *next;
  while (left != 0) {
    const TeEntry* entry = tables + digit_index(digit);
    const bool is_negative = digit_is_negative(digit);
    tables += std::uint32_t{1} << (shape.plan.width(window) - 1);
    window = window + 1 == shape.plan.windows ? 0 : window + 1;
    next += shape.sums;
    if (--left != 0) {
      digit = *next;
      prefetch(tables + digit_index(digit));
    }
    point.add_signed(Fq::load_constant(is_negative ? entry->y_plus_x : entry->y_minus_x),
                     Fq::load_constant(is_negative ? entry->y_minus_x : entry->y_plus_x),
                     Fq::load_constant(entry->two_d_xy), is_negative);
  }
  sum = point;
}

// Sums that one thread maps back together: they share an inversion.
inline constexpr std::size_t kMapGroup = 32;

// Thread: sums index, index + stride, ... below `count`, at most kMapGroup of them. `scratch` holds
// `count` elements. The neutral element becomes infinity, (0, 0).
GPU_HD inline void map_back(const TePoint* sums, std::size_t count, std::size_t index,
                            std::size_t stride, Fq* scratch, G1Affine* out) {
  // One denominator, s (Z - Y) X, zero at the neutral element only: as to_affine of g1_te.h.
  const auto denominator = [sums](std::size_t i) {
    return detail::te_s() * (sums[i].z() - sums[i].y()) * sums[i].x();
  };
  Fq product = Fq::one();
  std::size_t end = index;
  for (std::size_t n = 0; n < kMapGroup && end < count; ++n, end += stride) {
    scratch[end] = product;
    const Fq factor = denominator(end);
    if (!factor.is_zero()) {
      product *= factor;
    }
  }
  Fq inverse = product.inverse();
  for (std::size_t i = end; i > index;) {
    i -= stride;
    const Fq factor = denominator(i);
    out[i] = G1Affine();
    if (factor.is_zero()) {
      continue;
    }
    const Fq own = inverse * scratch[i];
    inverse *= factor;
    const Fq sum = (sums[i].z() + sums[i].y()) * own;
    out[i].x = sum * sums[i].x() - Fq::one();
    out[i].y = detail::te_t() * sum * sums[i].z();
  }
}

}  // namespace gpu
