// The work of batch_sums.h for one Element type (elements.h): included by one source for each
// arithmetic, which is compiled with that arithmetic's instructions.
#pragma once

#include <algorithm>
#include <vector>

#include "gpu/msm/affine_chunk.h"
#include "gpu/msm/batch_sums.h"
#include "gpu/msm/table_kernel.h"

namespace gpu {

template <typename Element>
class BatchKernel final : public BatchSums {
 public:
  explicit BatchKernel(Shape shape)
      : shape_(shape),
        windows_(digit_count(shape.width)),
        items_(shape.proofs * windows_),
        points_(items_ / Element::kCount),
        digits_(items_),
        tables_(shape.width) {
    clear();
  }

  void clear() override {
    is_empty_ = true;
    bound_ = kProductBound;
    is_irregular_.assign((points_.size() + kChunk - 1) / kChunk, false);
  }

  void add(std::span<const G1Affine> bases, std::span<const Limbs<4>> scalars) override {
    CHECK(bases.size() <= kBasesMax && scalars.size() == bases.size() * shape_.proofs);
    const auto tables = tables_.make(bases);
    for (std::size_t i = 0; i < bases.size(); ++i) {
      if (!bases[i].is_infinity()) {
        add_base(tables.subspan(i * tables_.entries(), tables_.entries()),
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
      for (G1& sum : out) {
        for (unsigned j = 0; j < shape_.width; ++j) {
          sum = sum.doubled();
        }
      }
      for (std::size_t proof = 0; proof < shape_.proofs; proof += Element::kCount) {
        const auto points = unpack(points_[(window * shape_.proofs + proof) / Element::kCount]);
        for (std::size_t lane = 0; lane < Element::kCount; ++lane) {
          out[proof + lane] += points[lane];
        }
      }
    }
    return to_affine(out);
  }

  std::uint64_t multiply(std::uint64_t count) const override {
    constexpr std::size_t kSide = 4;
    Element values[kSide];
    for (std::size_t i = 0; i < kSide; ++i) {
      std::array<Fq, Element::kCount> lanes;
      for (std::size_t lane = 0; lane < Element::kCount; ++lane) {
        lanes[lane] = Fq::from_u64(i + lane + 2);
      }
      values[i] = Element::from(lanes);
    }
    const Element factor = values[0];
    std::uint64_t done = 0;
    for (; done < count; done += kSide * Element::kCount) {
      for (Element& value : values) {
        value *= factor;
      }
    }
    Fq any;
    for (const Element& value : values) {
      any += value.values()[0];
    }
    CHECK(!any.is_zero());  // the compiler may not leave the products out
    return done;
  }

 private:
  using Point = ElementPoint<Element>;
  using Entry = typename Element::Entry;
  static constexpr std::size_t kChunk = AffineChunk<Element>::kSize;

  // Every accumulator and the entry that its digit names.
  struct Additions {
    const Entry* table;
    const OddDigit* digits;
    Point* points;

    const OddDigit* digits_of(std::size_t i) const { return digits + i * Element::kCount; }
    Element entry_x(std::size_t i) const { return Element::load_x(table, digits_of(i)); }
    Element entry_y(std::size_t i) const { return Element::load_y(table, digits_of(i)); }
    const Point& sum(std::size_t i) const { return points[i]; }
    void put(std::size_t i, const Point& point) { points[i] = point; }
    void prefetch(std::size_t i) const { Element::prefetch(table, digits_of(i)); }
  };

  static std::array<G1Affine, Element::kCount> unpack(const Point& point) {
    const auto x = point.x.values();
    const auto y = point.y.values();
    std::array<G1Affine, Element::kCount> out;
    for (std::size_t i = 0; i < Element::kCount; ++i) {
      out[i] = {x[i], y[i]};
    }
    return out;
  }

  void add_base(std::span<const Entry> table, std::span<const Limbs<4>> scalars) {
    for (std::size_t proof = 0; proof < shape_.proofs; ++proof) {
      odd_digits(scalars[proof], shape_.width, [&](std::size_t window, OddDigit digit) {
        digits_[window * shape_.proofs + proof] = digit;
      });
    }
    Additions additions{table.data(), digits_.data(), points_.data()};
    if (is_empty_) {
      is_empty_ = false;
      for (std::size_t i = 0; i < points_.size(); ++i) {
        points_[i] = {additions.entry_x(i), additions.entry_y(i)};
      }
      return;
    }
    if (!Element::kIsReduced && bound_ + 2 * kBoundGrowth > Element::kBoundMax) {
      renormalise();
    }
    for (std::size_t first = 0; first < points_.size(); first += kChunk) {
      const std::size_t last = std::min(first + kChunk, points_.size());
      if (is_irregular_[first / kChunk] || !chunk_.add(additions, first, last, bound_)) {
        is_irregular_[first / kChunk] = add_slowly(table, first, last);
      }
    }
    bound_ += Element::kIsReduced ? 0 : kBoundGrowth;
  }

  // A product by one brings every coordinate below kProductBound q.
  void renormalise() {
    for (Point& at : points_) {
      at.x = at.x * Element::one();
      at.y = at.y * Element::one();
    }
    bound_ = kProductBound;
  }

  // For chunks with equal, opposite or infinite operands: the complete law, one by one. True while
  // an accumulator there is infinite, which the quick way could not tell from a point.
  bool add_slowly(std::span<const Entry> table, std::size_t first, std::size_t last) {
    bool has_infinity = false;
    for (std::size_t i = first; i < last; ++i) {
      const auto points = unpack(points_[i]);
      std::array<Fq, Element::kCount> x;
      std::array<Fq, Element::kCount> y;
      for (std::size_t lane = 0; lane < Element::kCount; ++lane) {
        const OddDigit digit = digits_[i * Element::kCount + lane];
        const G1Affine entry = Element::entry_point(table[digit_index(digit)]);
        const G1Affine sum =
            (G1(points[lane]) + (digit_is_negative(digit) ? -entry : entry)).affine();
        has_infinity = has_infinity || sum.is_infinity();
        x[lane] = sum.x;
        y[lane] = sum.y;
      }
      points_[i] = {Element::from(x), Element::from(y)};
    }
    return has_infinity;
  }

  Shape shape_;
  std::size_t windows_;
  std::size_t items_;
  std::vector<Point> points_;  // window by window, proof by proof
  std::vector<OddDigit> digits_;
  TableKernel<Element> tables_;
  AffineChunk<Element> chunk_;
  std::vector<bool> is_irregular_;  // chunks with an infinite accumulator
  bool is_empty_ = true;
  unsigned bound_ = kProductBound;  // q that a coordinate may reach (elements.h)
};

}  // namespace gpu
