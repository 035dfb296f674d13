#include "gpu/msm/window_table.h"

#include "gpu/msm/affine_batch.h"

namespace gpu {

WindowTable::WindowTable(std::span<const G1Affine> bases, unsigned width)
    : bases_(bases.size()), width_(width) {
  CHECK(width >= kWidthMin && width <= kWidthMax);
  const std::size_t windows = digit_count(width);
  entries_.reserve(bases.size() * windows * (std::size_t{1} << (width - 1)));
  for (const G1Affine& base : bases) {
    std::vector<G1> steps;
    G1 power(base);
    for (std::size_t i = 0; i < windows; ++i) {
      steps.push_back(power);
      for (unsigned j = 0; j < width; ++j) {
        power = power.doubled();
      }
    }
    const auto entries = to_te_entries(odd_multiples(to_affine(steps), width));
    entries_.insert(entries_.end(), entries.begin(), entries.end());
  }
}

G1Affine WindowTable::sum(std::span<const Limbs<4>> scalars) const {
  CHECK(scalars.size() == bases_);
  const std::size_t window_entries = std::size_t{1} << (width_ - 1);
  const std::size_t base_entries = digit_count(width_) * window_entries;
  TePoint out;
  for (std::size_t j = 0; j < bases_; ++j) {
    odd_digits(scalars[j], width_, [&](std::size_t window, OddDigit digit) {
      const TeEntry& entry =
          entries_[j * base_entries + window * window_entries + digit_index(digit)];
      out += digit_is_negative(digit) ? -entry : entry;
    });
  }
  return to_affine(std::span(&out, 1)).front();
}

}  // namespace gpu
