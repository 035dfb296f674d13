#include "gpu/field/multiplier.h"

#include <algorithm>
#include <string>

#include "gpu/field/bls12_377.h"

namespace gpu {
namespace {

template <typename F>
void multiply_scalar(std::uint64_t* out, const std::uint64_t* a, const std::uint64_t* b) {
  typename F::Value x;
  typename F::Value y;
  std::copy_n(a, F::kLimbs, x.at);
  std::copy_n(b, F::kLimbs, y.at);
  const F product = F::multiply_portable(F::from_montgomery(x), F::from_montgomery(y));
  std::copy_n(product.montgomery().at, F::kLimbs, out);
}

constexpr detail::Multipliers kScalar{.fq = multiply_scalar<Fq>, .fr = multiply_scalar<Fr>};

detail::Multipliers multipliers_of(Arithmetic arithmetic) {
#if defined(__x86_64__)
  if (arithmetic != Arithmetic::Scalar) {
    return {.fq = detail::gpu_fq_multiply_adx, .fr = detail::gpu_fr_multiply_adx};
  }
#else
  static_cast<void>(arithmetic);
#endif
  return kScalar;
}

// One word for the whole process, as a resolved symbol would be: it is a fact about the processor.
Arithmetic in_use = [] {
  detail::multipliers = multipliers_of(best_arithmetic());
  return best_arithmetic();
}();

}  // namespace

namespace detail {

constinit Multipliers multipliers = kScalar;

}  // namespace detail

std::string_view name(Arithmetic arithmetic) {
  switch (arithmetic) {
    case Arithmetic::Scalar:
      return "scalar";
    case Arithmetic::Adx:
      return "adx";
    case Arithmetic::Fma:
      return "fma";
    case Arithmetic::Ifma:
      return "ifma";
  }
  return "";
}

base::Result<Arithmetic> parse_arithmetic(std::string_view text) {
  if (text == "auto") {
    return best_arithmetic();
  }
  for (const Arithmetic arithmetic :
       {Arithmetic::Scalar, Arithmetic::Adx, Arithmetic::Fma, Arithmetic::Ifma}) {
    if (text != name(arithmetic)) {
      continue;
    }
    if (!is_supported(arithmetic)) {
      return base::Error(base::Errc::Unavailable,
                         std::string(text) + ": this processor does not have the instructions");
    }
    return arithmetic;
  }
  return base::Error(base::Errc::Malformed,
                     "\"" + std::string(text) + "\", expected auto, scalar, adx, fma or ifma");
}

bool is_supported(Arithmetic arithmetic) {
#if defined(__x86_64__)
  const bool has_adx = __builtin_cpu_supports("bmi2") != 0 && [] {
    unsigned eax = 7;
    unsigned ebx = 0;
    unsigned ecx = 0;
    unsigned edx = 0;
    // g++ 12 has no name for ADX: leaf 7, EBX bit 19 (Intel SDM, CPUID).
    __asm__("cpuid" : "+a"(eax), "=b"(ebx), "+c"(ecx), "=d"(edx));
    return ((ebx >> 19) & 1) != 0;
  }();
  switch (arithmetic) {
    case Arithmetic::Scalar:
      return true;
    case Arithmetic::Adx:
      return has_adx;
    case Arithmetic::Fma:
      return has_adx && __builtin_cpu_supports("avx2") != 0 && __builtin_cpu_supports("fma") != 0;
    case Arithmetic::Ifma:
      return has_adx && __builtin_cpu_supports("avx512f") != 0 &&
             __builtin_cpu_supports("avx512vl") != 0 && __builtin_cpu_supports("avx512ifma") != 0;
  }
  return false;
#else
  return arithmetic == Arithmetic::Scalar;
#endif
}

Arithmetic best_arithmetic() {
  if (is_supported(Arithmetic::Ifma)) {
    return Arithmetic::Ifma;
  }
  if (is_supported(Arithmetic::Fma)) {
    return Arithmetic::Fma;
  }
  return is_supported(Arithmetic::Adx) ? Arithmetic::Adx : Arithmetic::Scalar;
}

void use_arithmetic(Arithmetic arithmetic) {
  CHECK(is_supported(arithmetic));
  in_use = arithmetic;
  detail::multipliers = multipliers_of(arithmetic);
}

Arithmetic arithmetic_in_use() {
  return in_use;
}

}  // namespace gpu
