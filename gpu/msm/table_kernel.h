// Tables of odd multiples for one Element type (elements.h): made in the type's own arithmetic,
// since a batch's tables are some twentieth of its additions.
#pragma once

#include <algorithm>
#include <bit>
#include <span>
#include <vector>

#include "gpu/msm/affine_batch.h"
#include "gpu/msm/affine_chunk.h"

namespace gpu {

template <typename Element>
class TableKernel {
 public:
  using Entry = typename Element::Entry;

  explicit TableKernel(unsigned width) : width_(width), entries_(std::size_t{1} << (width - 1)) {}

  std::size_t entries() const { return entries_; }

  // 1, 3, ..., 2^width - 1 times each base, one base after the other; coordinates below
  // kProductBound q. Infinite bases give tables that are not to be used. Valid until the next call.
  std::span<const Entry> make(std::span<const G1Affine> bases) {
    table_.resize(bases.size() * entries_);
    if (width_ <= kScalarWidth || !grow(bases)) {
      make_by_scalars(bases);
    }
    return table_;
  }

 private:
  // So many bits give one Element of entries.
  static constexpr unsigned kScalarWidth = std::bit_width(Element::kCount);
  static_assert(std::size_t{1} << (kScalarWidth - 1) == Element::kCount);

  using Point = ElementPoint<Element>;

  // Entries `have` on of each base: those before, plus 2 have times the base.
  struct Doubling {
    std::span<Point> points;
    std::span<const Point> steps;
    std::size_t stride;  // Points of a base
    std::size_t have;    // Points of a base that are there

    std::size_t at(std::size_t i) const { return i / have * stride + i % have; }
    const Element& entry_x(std::size_t i) const { return steps[i / have].x; }
    const Element& entry_y(std::size_t i) const { return steps[i / have].y; }
    const Point& sum(std::size_t i) const { return points[at(i)]; }
    void put(std::size_t i, const Point& point) { points[at(i) + have] = point; }
    void prefetch(std::size_t) const {}
  };

  void make_by_scalars(std::span<const G1Affine> bases) {
    const std::vector<G1Affine> multiples = odd_multiples(bases, width_);
    // Whole Elements only: the last one is filled up with what is there.
    constexpr std::size_t kCount = Element::kCount;
    for (std::size_t i = 0; i < multiples.size(); i += kCount) {
      std::array<G1Affine, kCount> points;
      for (std::size_t lane = 0; lane < kCount; ++lane) {
        points[lane] = multiples[std::min(i + lane, multiples.size() - 1)];
      }
      const Point at = pack(points);
      Entry entries[kCount];
      Element::put_entry(at.x, at.y, entries);
      std::copy_n(entries, std::min(kCount, multiples.size() - i), &table_[i]);
    }
  }

  // False where two x were equal, which only bases outside the subgroup or infinite ones make.
  bool grow(std::span<const G1Affine> bases) {
    const std::size_t stride = entries_ / Element::kCount;
    points_.resize(bases.size() * stride);
    steps_.resize(bases.size());
    const std::vector<G1Affine> first = odd_multiples(bases, kScalarWidth);
    std::vector<G1Affine> even(bases.begin(), bases.end());  // 2^k times each base
    for (unsigned k = 0; k < kScalarWidth; ++k) {
      add_pairs(even, even, even);
    }
    for (std::size_t base = 0; base < bases.size(); ++base) {
      points_[base * stride] =
          pack(std::span(first).subspan(base * Element::kCount).template first<Element::kCount>());
    }
    unsigned bound = kProductBound;
    for (std::size_t have = 1; have < stride; have *= 2) {
      for (std::size_t base = 0; base < bases.size(); ++base) {
        std::array<G1Affine, Element::kCount> step;
        step.fill(even[base]);
        steps_[base] = pack(step);
      }
      Doubling doubling{points_, steps_, stride, have};
      const std::size_t count = bases.size() * have;
      for (std::size_t at = 0; at < count; at += AffineChunk<Element>::kSize) {
        const std::size_t last = std::min(at + AffineChunk<Element>::kSize, count);
        if (!chunk_.add(doubling, at, last, bound)) {
          return false;
        }
      }
      bound += kBoundGrowth;
      add_pairs(even, even, even);
    }
    put_entries();
    return true;
  }

  void put_entries() {
    for (std::size_t i = 0; i < points_.size(); ++i) {
      Point point = points_[i];
      if (!Element::kIsReduced) {  // a product by one brings every coordinate below kProductBound q
        point = {point.x * Element::one(), point.y * Element::one()};
      }
      Element::put_entry(point.x, point.y, &table_[i * Element::kCount]);
    }
  }

  static Point pack(std::span<const G1Affine, Element::kCount> points) {
    std::array<Fq, Element::kCount> x;
    std::array<Fq, Element::kCount> y;
    for (std::size_t i = 0; i < Element::kCount; ++i) {
      x[i] = points[i].x;
      y[i] = points[i].y;
    }
    return {Element::from(x), Element::from(y)};
  }

  unsigned width_;
  std::size_t entries_;
  AffineChunk<Element> chunk_;
  std::vector<Entry> table_;
  std::vector<Point> points_;  // a base's entries, kCount in each
  std::vector<Point> steps_;
};

}  // namespace gpu
