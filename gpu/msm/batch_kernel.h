// The work of batch_sums.h for one Element type (elements.h): included by one source for each
// arithmetic, which is compiled with that arithmetic's instructions.
#pragma once

#include <algorithm>
#include <vector>

#include "gpu/msm/affine_batch.h"
#include "gpu/msm/batch_sums.h"
#include "gpu/msm/elements.h"

namespace gpu {

template <typename Element>
class BatchKernel final : public BatchSums {
 public:
  explicit BatchKernel(Shape shape)
      : shape_(shape),
        windows_(digit_count(shape.width)),
        items_(shape.proofs * windows_),
        points_(items_ / Element::kCount),
        digits_(items_) {
    table_.resize(std::size_t{1} << (shape.width - 1));
    clear();
  }

  void clear() override {
    is_empty_ = true;
    bound_ = kBoundFresh;
    is_irregular_.assign((points_.size() + kChunk - 1) / kChunk, false);
  }

  void add(std::span<const G1Affine> bases, std::span<const Limbs<4>> scalars) override {
    CHECK(bases.size() <= kBasesMax && scalars.size() == bases.size() * shape_.proofs);
    const auto tables = odd_multiples(bases, shape_.width);
    for (std::size_t i = 0; i < bases.size(); ++i) {
      if (!bases[i].is_infinity()) {
        add_base(std::span(tables).subspan(i * table_.size(), table_.size()),
                 scalars.subspan(i * shape_.proofs, shape_.proofs));
      }
    }
  }

  std::vector<G1Affine> sums() const override {
    if (is_empty_) {
      return std::vector<G1Affine>(shape_.proofs);
    }
    std::vector<G1> out(shape_.proofs);
    for (std::size_t window = windows_; window-- > 0;) {
      for (std::size_t proof = 0; proof < shape_.proofs; ++proof) {
        for (unsigned j = 0; j < shape_.width; ++j) {
          out[proof] = out[proof].doubled();
        }
        out[proof] += point(window * shape_.proofs + proof);
      }
    }
    return to_affine(out);
  }

  std::uint64_t multiply(std::uint64_t count) const override {
    constexpr std::size_t kSide = 4;
    Element values[kSide];
    for (std::size_t i = 0; i < kSide; ++i) {
      values[i] = Element::one();
      for (std::size_t lane = 0; lane < Element::kCount; ++lane) {
        values[i].set_lane(lane, Fq::from_u64(i + lane + 2));
      }
    }
    const Element factor = values[0];
    std::uint64_t done = 0;
    for (; done < count; done += kSide * Element::kCount) {
      for (Element& value : values) {
        value = value * factor;
      }
    }
    Fq any;
    for (const Element& value : values) {
      any += value.lane_value(0);
    }
    CHECK(!any.is_zero());  // the compiler may not leave the products out
    return done;
  }

 private:
  // Additions that share an inversion, in Elements. An inversion is some 700 products' time: 2 % of
  // them. What they touch is read and written in order, so it need not stay in a near cache.
  static constexpr std::size_t kChunk = 8192 / Element::kCount;
  // Chains of products side by side, so that the multiplier need not wait for the last result.
  static constexpr std::size_t kChains = Element::kCount == 1 ? 4 : 2;
  // Additions between an entry's prefetch and its use.
  static constexpr std::size_t kAhead = 8;
  // How many q a coordinate may reach (fq_lanes.h): products are below 2 q, an addition adds 3.
  static constexpr unsigned kBoundFresh = 2;
  static constexpr unsigned kBoundGrowth = 3;
  static constexpr unsigned kBoundLimit = kBoundMax - 2 * kBoundGrowth;

  struct Point {
    Element x;
    Element y;
  };

  G1Affine point(std::size_t item) const {
    const Point& at = points_[item / Element::kCount];
    const std::size_t lane = item % Element::kCount;
    return {at.x.lane_value(lane), at.y.lane_value(lane)};
  }

  void set_point(std::size_t item, const G1Affine& to) {
    Point& at = points_[item / Element::kCount];
    at.x.set_lane(item % Element::kCount, to.x);
    at.y.set_lane(item % Element::kCount, to.y);
  }

  void add_base(std::span<const G1Affine> table, std::span<const Limbs<4>> scalars) {
    std::transform(table.begin(), table.end(), table_.begin(), Element::make_entry);
    for (std::size_t proof = 0; proof < shape_.proofs; ++proof) {
      odd_digits(scalars[proof], shape_.width, [&](std::size_t window, OddDigit digit) {
        digits_[window * shape_.proofs + proof] = digit;
      });
    }
    if (is_empty_) {
      is_empty_ = false;
      for (std::size_t i = 0; i < points_.size(); ++i) {
        Element::load(table_.data(), digits_.data() + i * Element::kCount, points_[i].x,
                      points_[i].y);
      }
      return;
    }
    if (!Element::kIsReduced && bound_ > kBoundLimit) {
      renormalise();
    }
    for (std::size_t first = 0; first < points_.size(); first += kChunk) {
      const std::size_t last = std::min(first + kChunk, points_.size());
      if (is_irregular_[first / kChunk] || !add_chunk(first, last)) {
        is_irregular_[first / kChunk] = add_chunk_slowly(table, first, last);
      }
    }
    bound_ += kBoundGrowth;
  }

  // A product by one brings every coordinate below 2 q.
  void renormalise() {
    for (Point& at : points_) {
      at.x = at.x * Element::one();
      at.y = at.y * Element::one();
    }
    bound_ = kBoundFresh;
  }

  // False, and nothing changed, where a difference was zero: then the product of all is.
  bool add_chunk(std::size_t first, std::size_t last) {
    Element products[kChains];
    std::fill_n(products, kChains, Element::one());
    for (std::size_t i = first; i < last; ++i) {
      Element& product = products[(i - first) % kChains];
      Scratch& scratch = scratch_[i - first];
      if (i + kAhead < last) {
        Element::prefetch(table_.data(), digits_.data() + (i + kAhead) * Element::kCount);
      }
      Element x;
      Element y;
      Element::load(table_.data(), digits_.data() + i * Element::kCount, x, y);
      scratch.difference = Element::subtract(x, points_[i].x, bound_);
      scratch.prefix = product;
      product = product * scratch.difference;
    }
    if (!invert(products)) {
      return false;
    }
    std::size_t i = last;
    for (; (i - first) % kChains != 0; --i) {
      finish<1>(i - 1, first, &products[(i - 1 - first) % kChains]);
    }
    for (; i > first; i -= kChains) {
      finish<kChains>(i - kChains, first, products);
    }
    return true;
  }

  // The additions at `at`, at + 1, ..., whose chains' inverses are given, side by side: adjacent
  // products then do not wait for each other.
  template <std::size_t kSide>
  void finish(std::size_t at, std::size_t first, Element* inverses) {
    Element x[kSide];
    Element y[kSide];
    Element slope[kSide];
    Element sum_x[kSide];
    for (std::size_t k = 0; k < kSide; ++k) {
      const Scratch& scratch = scratch_[at + k - first];
      if (at + k >= first + kAhead) {
        Element::prefetch(table_.data(), digits_.data() + (at + k - kAhead) * Element::kCount);
      }
      slope[k] = inverses[k] * scratch.prefix;
      inverses[k] = inverses[k] * scratch.difference;
    }
    for (std::size_t k = 0; k < kSide; ++k) {
      Element::load(table_.data(), digits_.data() + (at + k) * Element::kCount, x[k], y[k]);
      slope[k] = Element::subtract(y[k], points_[at + k].y, bound_) * slope[k];
    }
    for (std::size_t k = 0; k < kSide; ++k) {
      const Element both = Element::subtract(slope[k] * slope[k], x[k], 1);
      sum_x[k] = Element::subtract(both, points_[at + k].x, bound_);
    }
    for (std::size_t k = 0; k < kSide; ++k) {
      Point& point = points_[at + k];
      const Element step = Element::subtract(point.x, sum_x[k], bound_ + kBoundGrowth);
      point.y = Element::subtract(slope[k] * step, point.y, bound_);
      point.x = sum_x[k];
    }
  }

  // Replaces products by their inverses, all by one inversion. False where one is zero.
  static bool invert(Element (&products)[kChains]) {
    constexpr std::size_t kAll = kChains * Element::kCount;
    std::array<Fq, kAll> values;
    std::array<Fq, kAll> scratch;
    for (std::size_t i = 0; i < kAll; ++i) {
      values[i] = products[i / Element::kCount].lane_value(i % Element::kCount);
      if (values[i].is_zero()) {
        return false;
      }
    }
    invert_all<Fq>(values, scratch);
    for (std::size_t i = 0; i < kAll; ++i) {
      products[i / Element::kCount].set_lane(i % Element::kCount, values[i]);
    }
    return true;
  }

  // For chunks with equal, opposite or infinite operands: the complete law, one by one. True while
  // an accumulator there is infinite, which the quick way could not tell from a point.
  bool add_chunk_slowly(std::span<const G1Affine> table, std::size_t first, std::size_t last) {
    bool has_infinity = false;
    for (std::size_t item = first * Element::kCount; item < last * Element::kCount; ++item) {
      const OddDigit digit = digits_[item];
      const G1Affine& entry = table[digit_index(digit)];
      const G1Affine sum = (G1(point(item)) + (digit_is_negative(digit) ? -entry : entry)).affine();
      has_infinity = has_infinity || sum.is_infinity();
      set_point(item, sum);
    }
    return has_infinity;
  }

  struct Scratch {
    Element difference;
    Element prefix;
  };

  Shape shape_;
  std::size_t windows_;
  std::size_t items_;
  std::vector<Point> points_;  // window by window, proof by proof
  std::vector<OddDigit> digits_;
  std::vector<typename Element::Entry> table_;
  std::vector<Scratch> scratch_ = std::vector<Scratch>(kChunk);
  std::vector<bool> is_irregular_;  // chunks with an infinite accumulator
  bool is_empty_ = true;
  unsigned bound_ = kBoundFresh;
};

}  // namespace gpu
