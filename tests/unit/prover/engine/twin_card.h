// A card whose kernels are loops: the same steps, compiled for this processor. Does at once what a
// real card queues.
#pragma once

#include <algorithm>
#include <atomic>
#include <optional>
#include <vector>

#include "gpu/msm/table_steps.h"
#include "prover/engine/card.h"

namespace prover::test {

struct TwinShape {
  std::uint32_t batch = 8;
  std::uint32_t wide_windows = 40;
  std::uint32_t narrow_windows = 64;
};

class TwinCard final : public Card {
 public:
  // What the test sees and does while the engine's thread uses the card; outlives it.
  struct Control {
    std::atomic<std::uint32_t> wide_batches = 0;
    std::atomic<std::uint32_t> narrow_batches = 0;
    std::atomic<std::int32_t> adds_until_lost = -1;  // counts down; lost at 0, then never again
    std::atomic<bool> gives_wrong_sums = false;
  };

  TwinCard(const TwinShape& shape, Control& control) : control_(control) {
    facts_.name = "twin";
    facts_.batch = shape.batch;
    facts_.wide_windows = shape.wide_windows;
    facts_.narrow_windows = shape.narrow_windows;
  }

  const Facts& facts() const override { return facts_; }

  base::Status set_bases(std::span<const gpu::TeEntry> bases) override {
    bases_.assign(bases.begin(), bases.end());
    for (Set* set : {&narrow_, &wide_}) {
      set->plan = {set == &wide_ ? facts_.wide_windows : facts_.narrow_windows};
      set->powers.assign(bases.size() * set->plan.windows, gpu::TePoint());
      set->entries.assign(bases.size() * set->plan.entries(), gpu::TeEntry());
      set->is_built.assign(bases.size(), false);
    }
    return {};
  }

  base::Status build(Tables tables, Range range) override {
    Set& set = set_of(tables);
    const gpu::WindowPlan& plan = set.plan;
    std::vector<gpu::Fq> scratch(2 * gpu::kSegmentEntries);
    for (std::size_t base = range.first; base < range.first + range.count; ++base) {
      gpu::TePoint* powers = &set.powers[base * plan.windows];
      gpu::write_powers(plan, bases_[base], powers);
      for (std::uint32_t i = 0; i < gpu::segments(plan); ++i) {
        const gpu::Segment segment = gpu::segment_of(plan, i);
        gpu::build_segment(powers[segment.window], segment.first, segment.count,
                           &set.entries[base * plan.entries() + plan.first_entry(segment.window)],
                           scratch.data(), /*stride=*/2);
      }
      set.is_built[base] = true;
    }
    return {};
  }

  base::Status begin(Tables tables, const cuda::SeedPrefix& prefix,
                     std::uint64_t first_nonce) override {
    ++(tables == Tables::Wide ? control_.wide_batches : control_.narrow_batches);
    current_ = &set_of(tables);
    sums_.assign(facts_.batch, gpu::TePoint());
    seeds_.clear();
    for (std::uint32_t i = 0; i < facts_.batch; ++i) {
      seeds_.push_back(cuda::seed_of(prefix, first_nonce + i));
    }
    return {};
  }

  base::Status add(Range range) override {
    if (control_.adds_until_lost >= 0 && control_.adds_until_lost-- == 0) {
      return base::Error(base::Errc::Device, "twin: unplugged");
    }
    CHECK(range.count <= kChunkBases);
    CHECK(std::all_of(current_->is_built.begin() + range.first,
                      current_->is_built.begin() + range.first + range.count,
                      [](bool is_built) { return is_built; }));
    const gpu::SumShape shape{.plan = current_->plan, .sums = facts_.batch, .bases = range.count};
    std::vector<gpu::OddDigit> digits(std::size_t{shape.bases} * shape.plan.windows * shape.sums);
    for (std::uint32_t base = 0; base < shape.bases; ++base) {
      for (std::uint32_t i = 0; i < shape.sums; ++i) {
        cuda::write_digits(shape, seeds_[i], range.first, base, i, digits.data());
      }
    }
    for (std::uint32_t i = 0; i < shape.sums; ++i) {
      gpu::accumulate(shape, i, digits.data(),
                      &current_->entries[range.first * shape.plan.entries()], sums_[i]);
    }
    return {};
  }

  base::Status wait(std::uint32_t) override { return {}; }

  base::Result<Found> finish(std::uint64_t target) override {
    if (control_.gives_wrong_sums) {
      std::rotate(sums_.begin(), sums_.begin() + 1, sums_.end());
    }
    std::vector<gpu::Fq> scratch(sums_.size());
    std::vector<gpu::G1Affine> points(sums_.size());
    const std::size_t stride = (sums_.size() + gpu::kMapGroup - 1) / gpu::kMapGroup;
    for (std::size_t i = 0; i < stride; ++i) {
      gpu::map_back(sums_.data(), sums_.size(), i, stride, scratch.data(), points.data());
    }
    Found out;
    for (std::size_t i = 0; i < points.size(); ++i) {
      const std::uint64_t worth = cuda::target_of_sum(points[i]);
      if (worth >= target) {
        out.hits.push_back({.index = i, .target = worth, .commitment = points[i]});
      }
    }
    return out;
  }

  base::Result<double> measure(Measure, double) override {
    return base::Error(base::Errc::Unavailable, "twin: not measured");
  }

 private:
  struct Set {
    gpu::WindowPlan plan;
    std::vector<gpu::TePoint> powers;
    std::vector<gpu::TeEntry> entries;
    std::vector<bool> is_built;
  };
  Set& set_of(Tables tables) { return tables == Tables::Wide ? wide_ : narrow_; }

  Facts facts_;
  Control& control_;
  std::vector<gpu::TeEntry> bases_;
  Set narrow_;
  Set wide_;
  Set* current_ = nullptr;
  std::vector<cuda::SeedWords> seeds_;
  std::vector<gpu::TePoint> sums_;
};

}  // namespace prover::test
