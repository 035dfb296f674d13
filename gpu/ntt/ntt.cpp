#include "gpu/ntt/ntt.h"

#include <algorithm>

namespace gpu {
namespace {

std::size_t reversed(std::size_t index, unsigned width) {
  std::size_t out = 0;
  for (unsigned i = 0; i < width; ++i) {
    out |= ((index >> i) & 1) << (width - 1 - i);
  }
  return out;
}

template <typename T>
void reverse_bits(std::span<T> values, unsigned log_size) {
  for (std::size_t i = 0; i < values.size(); ++i) {
    const std::size_t other = reversed(i, log_size);
    if (i < other) {
      std::swap(values[i], values[other]);
    }
  }
}

// The inverse transform is the forward one with all but the first output in reverse order, over n.
template <typename T>
void reverse_tail(std::span<T> values) {
  std::reverse(values.begin() + 1, values.end());
}

// Butterflies that one task of the transform of points does: enough that one inversion of the
// final conversion and the hand-over between threads are small beside them.
constexpr std::size_t kButterfliesPerTask = 64;

}  // namespace

NttDomain::NttDomain(unsigned log_size) : log_size_(log_size) {
  CHECK(log_size <= kLogSizeMax);
  const Fr root = root_of_unity(log_size);
  roots_.reserve(std::max<std::size_t>(size() / 2, 1));
  Fr power = Fr::one();
  for (std::size_t i = 0; i < std::max<std::size_t>(size() / 2, 1); ++i) {
    roots_.push_back(power);
    power *= root;
  }
  size_inverse_ = Fr::from_u64(size()).inverse();
}

Fr NttDomain::element(std::size_t index) const {
  CHECK(index < size());
  return index < roots_.size() ? roots_[index] : -roots_[index - roots_.size()];
}

void ntt_forward(const NttDomain& domain, std::span<Fr> values) {
  CHECK(values.size() == domain.size());
  reverse_bits(values, domain.log_size());
  const std::span<const Fr> roots = domain.half_roots();
  for (std::size_t half = 1; half < values.size(); half *= 2) {
    const std::size_t stride = values.size() / (2 * half);
    for (std::size_t start = 0; start < values.size(); start += 2 * half) {
      for (std::size_t j = 0; j < half; ++j) {
        const Fr odd = values[start + half + j] * roots[j * stride];
        values[start + half + j] = values[start + j] - odd;
        values[start + j] += odd;
      }
    }
  }
}

void ntt_inverse(const NttDomain& domain, std::span<Fr> values) {
  ntt_forward(domain, values);
  reverse_tail(values);
  for (Fr& value : values) {
    value *= domain.size_inverse();
  }
}

void one_after_another(std::size_t count, const std::function<void(std::size_t)>& task) {
  for (std::size_t i = 0; i < count; ++i) {
    task(i);
  }
}

std::vector<G1Affine> g1_ntt_forward(const NttDomain& domain, std::span<const G1Affine> points,
                                     const ParallelFor& parallel_for) {
  CHECK(points.size() == domain.size());
  std::vector<G1Affine> values(points.begin(), points.end());
  reverse_bits<G1Affine>(values, domain.log_size());
  const std::span<const Fr> roots = domain.half_roots();
  for (std::size_t half = 1; half < values.size(); half *= 2) {
    const std::size_t stride = values.size() / (2 * half);
    const std::size_t butterflies = values.size() / 2;
    const std::size_t tasks = (butterflies + kButterfliesPerTask - 1) / kButterfliesPerTask;
    parallel_for(tasks, [&](std::size_t task) {
      const std::size_t first = task * kButterfliesPerTask;
      const std::size_t last = std::min(first + kButterfliesPerTask, butterflies);
      std::vector<G1> sums;
      for (std::size_t i = first; i < last; ++i) {
        const std::size_t even = i / half * 2 * half + i % half;
        const std::size_t twiddle = i % half * stride;
        const G1 odd = twiddle == 0 ? G1(values[even + half])
                                    : multiply_in_subgroup(values[even + half], roots[twiddle]);
        sums.push_back(odd + values[even]);
        sums.push_back(-odd + values[even]);
      }
      const std::vector<G1Affine> affine = to_affine(sums);
      for (std::size_t i = first; i < last; ++i) {
        const std::size_t even = i / half * 2 * half + i % half;
        values[even] = affine[2 * (i - first)];
        values[even + half] = affine[2 * (i - first) + 1];
      }
    });
  }
  return values;
}

std::vector<G1Affine> g1_ntt_inverse(const NttDomain& domain, std::span<const G1Affine> points,
                                     const ParallelFor& parallel_for) {
  std::vector<G1Affine> values = g1_ntt_forward(domain, points, parallel_for);
  reverse_tail<G1Affine>(values);
  const std::size_t tasks = (values.size() + kButterfliesPerTask - 1) / kButterfliesPerTask;
  parallel_for(tasks, [&](std::size_t task) {
    const std::size_t first = task * kButterfliesPerTask;
    const std::size_t last = std::min(first + kButterfliesPerTask, values.size());
    std::vector<G1> scaled;
    for (std::size_t i = first; i < last; ++i) {
      scaled.push_back(multiply_in_subgroup(values[i], domain.size_inverse()));
    }
    const std::vector<G1Affine> affine = to_affine(scaled);
    std::copy(affine.begin(), affine.end(), values.begin() + static_cast<std::ptrdiff_t>(first));
  });
  return values;
}

}  // namespace gpu
