// A sum of many products of points and scalars by buckets, as steps that one thread each does: what
// the kernels of a GPU run, and what a loop runs on the host.
//
//   digits    each scalar's signed digits, and how many points each bucket of each window gets
//   (scan)    where each bucket's points begin in the window's list
//   scatter   the points' numbers into the lists
//   buckets   each bucket's sum
//   segments  sum of b * S_b over a segment of a window's buckets
//   fold      sums of many points into fewer
//
// Points are entries of twisted Edwards form: of the subgroup. For N points, W windows of c bits
// and B = 2^(c - 1) buckets a window: digits [W][N], counts and begins [W][B], lists [W][N], sums
// [W][B].
#pragma once

#include <cstdint>

#include "gpu/curve/g1_te.h"
#include "gpu/field/device_memory.h"
#include "gpu/field/host_device.h"
#include "gpu/msm/odd_digits.h"

namespace gpu {

struct BucketShape {
  std::uint32_t points = 0;
  unsigned width = 0;  // c, 4 to 16

  // One bit more than scalars have, for the last carry.
  constexpr unsigned windows() const { return (kScalarBits + width) / width; }
  constexpr std::uint32_t buckets() const { return 1U << (width - 1); }
};

// The width with the least work for so many points, by additions: N a window for the points, two a
// bucket for its sum's weight.
constexpr BucketShape bucket_shape(std::uint32_t points) {
  BucketShape best{.points = points, .width = 4};
  std::uint64_t least = ~std::uint64_t{0};
  for (unsigned width = 4; width <= 16; ++width) {
    const BucketShape shape{.points = points, .width = width};
    const std::uint64_t work =
        shape.windows() * (std::uint64_t{points} + 3 * std::uint64_t{shape.buckets()});
    if (work < least) {
      least = work;
      best = shape;
    }
  }
  return best;
}

// value++, by many threads at once; what it was.
GPU_INLINED std::uint32_t count_up(std::uint32_t& value) {
#if defined(__CUDA_ARCH__)
  return atomicAdd(&value, 1U);
#else
  return value++;
#endif
}

// A digit: bucket * 2, plus one where it is negative; digits of zero have no bucket.
inline constexpr std::uint32_t kNoBucket = 0xffffffff;

// Thread: scalar `index`. Digits are in -2^(c-1) + 1 ... 2^(c-1).
GPU_HD inline void bucket_digits(const BucketShape& shape, const Limbs<4>& scalar,
                                 std::uint32_t index, std::uint32_t* digits,
                                 std::uint32_t* counts) {
  std::uint32_t carry = 0;
  for (unsigned window = 0; window < shape.windows(); ++window) {
    std::uint32_t value = bits(scalar, window * shape.width, shape.width) + carry;
    carry = value > shape.buckets() ? 1 : 0;
    const std::uint32_t magnitude = carry != 0 ? (1U << shape.width) - value : value;
    std::uint32_t digit = kNoBucket;
    if (magnitude != 0) {
      digit = ((magnitude - 1) << 1) | carry;
      count_up(counts[window * shape.buckets() + (magnitude - 1)]);
    }
    digits[std::size_t{window} * shape.points + index] = digit;
  }
}

// Thread: digit `index` of one window. `cursors` are the window's, begins that move on.
GPU_INLINED void bucket_scatter(const std::uint32_t* digits, std::uint32_t index,
                                std::uint32_t* cursors, std::uint32_t* list) {
  const std::uint32_t digit = digits[index];
  if (digit != kNoBucket) {
    list[count_up(cursors[digit >> 1])] = (index << 1) | (digit & 1);
  }
}

// Thread: one bucket of one window, whose points are list[begin] ... list[end - 1].
GPU_INLINED TePoint bucket_sum(const TeEntry* points, const std::uint32_t* list,
                               std::uint32_t begin, std::uint32_t end) {
  TePoint sum;
  for (std::uint32_t i = begin; i < end; ++i) {
    const TeEntry* entry = points + (list[i] >> 1);
    const bool is_negative = (list[i] & 1) != 0;
    if (i + 1 < end) {
      prefetch(points + (list[i + 1] >> 1));
    }
    sum.add_signed(Fq::load_constant(is_negative ? entry->y_plus_x : entry->y_minus_x),
                   Fq::load_constant(is_negative ? entry->y_minus_x : entry->y_plus_x),
                   Fq::load_constant(entry->two_d_xy), is_negative);
  }
  return sum;
}

// Buckets that one thread weighs, and points that one thread folds into one.
inline constexpr std::uint32_t kBucketSegment = 16;
inline constexpr std::uint32_t kFold = 16;

// Thread: buckets first, ... of a window, at most kBucketSegment: the sum of (number + 1) * sum.
GPU_HD inline TePoint bucket_segment(const TePoint* sums, std::uint32_t first,
                                     std::uint32_t count) {
  TePoint running;
  TePoint weighed;
  for (std::uint32_t i = count; i-- > 0;) {
    running += sums[first + i].cached();
    weighed += running.cached();
  }
  // Each of them weighs `first` more.
  TePoint rest;
  const TeCached all = running.cached();
  for (unsigned i = 16; i-- > 0;) {
    rest = rest.doubled();
    if (((first >> i) & 1) != 0) {
      rest += all;
    }
  }
  weighed += rest.cached();
  return weighed;
}

// Thread: the sum of points first, ... at most kFold.
GPU_HD inline TePoint fold_points(const TePoint* points, std::uint32_t first, std::uint32_t count) {
  TePoint sum = points[first];
  for (std::uint32_t i = 1; i < count; ++i) {
    sum += points[first + i].cached();
  }
  return sum;
}

}  // namespace gpu
