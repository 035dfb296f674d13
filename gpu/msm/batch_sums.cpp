#include "gpu/msm/batch_sums.h"

#include "gpu/msm/batch_makers.h"
#include "gpu/msm/odd_digits.h"

namespace gpu {

double BatchSums::additions_per_sum(Shape shape, std::size_t bases) {
  const double own = static_cast<double>(digit_count(shape.width));
  const double table = static_cast<double>(std::size_t{1} << (shape.width - 1));
  return (own + table / static_cast<double>(shape.proofs)) * static_cast<double>(bases);
}

unsigned BatchSums::best_width(std::size_t proofs) {
  unsigned best = kWidthMin;
  double least = 0;
  for (unsigned width = kWidthMin; width <= kWidthMax; ++width) {
    const double additions = additions_per_sum({.proofs = proofs, .width = width}, 1);
    if (width == kWidthMin || additions < least) {
      least = additions;
      best = width;
    }
  }
  return best;
}

std::unique_ptr<BatchSums> BatchSums::make(Arithmetic arithmetic, Shape shape) {
  CHECK(is_supported(arithmetic));
  CHECK(shape.proofs > 0 && shape.proofs <= kProofsMax && shape.proofs % kProofsStep == 0);
  CHECK(shape.width >= kWidthMin && shape.width <= kWidthMax);
  switch (arithmetic) {
    case Arithmetic::Scalar:
      return detail::make_batch_sums_scalar(shape);
    case Arithmetic::Adx:
      return detail::make_batch_sums_adx(shape);
    case Arithmetic::Fma:
      return detail::make_batch_sums_fma(shape);
    case Arithmetic::Ifma:
      return detail::make_batch_sums_ifma(shape);
  }
  return nullptr;
}

}  // namespace gpu
