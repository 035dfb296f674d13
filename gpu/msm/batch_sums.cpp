#include "gpu/msm/batch_sums.h"

#include "gpu/msm/batch_makers.h"
#include "gpu/msm/odd_digits.h"

namespace gpu {

unsigned BatchSums::best_width(std::size_t proofs) {
  unsigned best = kWidthMin;
  std::size_t least = 0;
  for (unsigned width = kWidthMin; width <= kWidthMax; ++width) {
    const std::size_t additions = proofs * digit_count(width) + (std::size_t{1} << (width - 1));
    if (least == 0 || additions < least) {
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
    case Arithmetic::Ifma:
      return detail::make_batch_sums_ifma(shape);
  }
  return nullptr;
}

}  // namespace gpu
