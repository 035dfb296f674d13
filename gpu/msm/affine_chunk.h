// Affine additions of many independent pairs that share one inversion (Montgomery's trick), for one
// Element type (elements.h): 5 products and a square each.
#pragma once

#include <array>
#include <cstddef>
#include <utility>
#include <vector>

#include "gpu/msm/elements.h"

namespace gpu {

// How much further than its operand a coordinate of a sum may reach, in q, where the type does not
// reduce: a square's 2 and an entry's 2.
inline constexpr unsigned kBoundGrowth = 2 * kProductBound;

template <typename Element>
struct ElementPoint {
  Element x;
  Element y;
};

template <typename Element>
class AffineChunk {
 public:
  // Additions that share an inversion, in Elements. It takes some hundred products' time, a few per
  // cent of theirs, and what is kept between the two passes stays in the second-level cache.
  static constexpr std::size_t kSize = 2048 / Element::kCount;

  // For i from first to last, at most kSize of them: pairs.put(i, pairs.entry(i) + pairs.sum(i)).
  // Pairs gives entry_x(i), entry_y(i), sum(i), put(i, point) and prefetch(i) of an entry that will
  // be asked for soon. Entries are below kProductBound q, sums below `bound` q.
  //
  // False, and nothing was put, where two x are equal: then the product of all differences is zero.
  template <typename Pairs>
  bool add(Pairs& pairs, std::size_t first, std::size_t last, unsigned bound) {
    Element products[kChains];
    for (Element& product : products) {
      product = Element::one();
    }
    for (std::size_t i = first; i < last; ++i) {
      Element& product = products[(i - first) % kChains];
      Scratch& scratch = scratch_[i - first];
      if (i + kAhead < last) {
        pairs.prefetch(i + kAhead);
      }
      scratch.difference = Element::subtract(pairs.entry_x(i), pairs.sum(i).x, bound);
      scratch.prefix = product;
      product *= scratch.difference;
    }
    if (!invert(products)) {
      return false;
    }
    std::size_t i = last;
    for (; (i - first) % kChains != 0; --i) {
      finish<1>(pairs, i - 1, first, bound, &products[(i - 1 - first) % kChains]);
    }
    for (; i > first; i -= kChains) {
      finish<kChains>(pairs, i - kChains, first, bound, products);
    }
    return true;
  }

 private:
  // Chains of products side by side, so that the multiplier need not wait for the last result.
  static constexpr std::size_t kChains = Element::kCount == 1 ? 4 : 2;
  // Additions between an entry's prefetch and its use.
  static constexpr std::size_t kAhead = 8;
  static_assert(kAhead % kChains == 0, "finish() prefetches for all of its side or for none");

  struct Scratch {
    Element difference;
    Element prefix;
  };

  // The additions at `at`, at + 1, ..., whose chains' inverses are given, side by side: adjacent
  // products then do not wait for each other.
  template <std::size_t kSide, typename Pairs>
  void finish(Pairs& pairs, std::size_t at, std::size_t first, unsigned bound, Element* inverses) {
    for (std::size_t k = 0; k < kSide && at + k >= first + kAhead; ++k) {
      pairs.prefetch(at + k - kAhead);
    }
    auto slope =
        each<kSide>([&](std::size_t k) { return inverses[k] * scratch_[at + k - first].prefix; });
    for (std::size_t k = 0; k < kSide; ++k) {
      inverses[k] *= scratch_[at + k - first].difference;
    }
    for (std::size_t k = 0; k < kSide; ++k) {
      slope[k] *= Element::subtract(pairs.entry_y(at + k), pairs.sum(at + k).y, bound);
    }
    const auto sum_x = each<kSide>([&](std::size_t k) {
      const Element both =
          Element::subtract(Element::square(slope[k]), pairs.entry_x(at + k), kProductBound);
      return Element::settle(Element::subtract(both, pairs.sum(at + k).x, bound));
    });
    for (std::size_t k = 0; k < kSide; ++k) {
      const ElementPoint<Element>& sum = pairs.sum(at + k);
      const Element step = Element::subtract(sum.x, sum_x[k], bound + kBoundGrowth);
      const Element y = Element::subtract(slope[k] * step, sum.y, bound);
      pairs.put(at + k, {sum_x[k], Element::settle(y)});
    }
  }

  // make(0), ..., make(kSide - 1), each where it is kept.
  template <std::size_t kSide, typename Make>
  static std::array<Element, kSide> each(const Make& make) {
    return [&]<std::size_t... kIndex>(std::index_sequence<kIndex...>) {
      return std::array<Element, kSide>{make(kIndex)...};
    }
    (std::make_index_sequence<kSide>());
  }

  // Replaces products by their inverses, all by one inversion. False where one is zero.
  static bool invert(Element (&products)[kChains]) {
    constexpr std::size_t kCount = Element::kCount;
    std::array<Fq, kChains * kCount> values;
    std::array<Fq, kChains * kCount> scratch;
    for (std::size_t i = 0; i < kChains; ++i) {
      const std::array<Fq, kCount> lanes = products[i].values();
      std::copy(lanes.begin(), lanes.end(), values.begin() + i * kCount);
    }
    for (const Fq& value : values) {
      if (value.is_zero()) {
        return false;
      }
    }
    invert_all<Fq>(values, scratch);
    for (std::size_t i = 0; i < kChains; ++i) {
      products[i] = Element::from(std::span(values).subspan(i * kCount).template first<kCount>());
    }
    return true;
  }

  std::vector<Scratch> scratch_ = std::vector<Scratch>(kSize);
};

}  // namespace gpu
