#include "gpu/field/multiplier.h"

#include <string>

#include "gpu/field/bls12_377.h"

namespace gpu {
namespace {

void multiply_scalar(std::uint64_t* out, const std::uint64_t* a, const std::uint64_t* b) {
  Limbs<6> x;
  Limbs<6> y;
  for (std::size_t i = 0; i < 6; ++i) {
    x.at[i] = a[i];
    y.at[i] = b[i];
  }
  const Limbs<6> product =
      Fq::multiply_portable(Fq::from_montgomery(x), Fq::from_montgomery(y)).montgomery();
  for (std::size_t i = 0; i < 6; ++i) {
    out[i] = product.at[i];
  }
}

detail::FqMultiply multiplier_of(Arithmetic arithmetic) {
#if defined(__x86_64__)
  return arithmetic == Arithmetic::Scalar ? multiply_scalar : detail::gpu_fq_multiply_adx;
#else
  static_cast<void>(arithmetic);
  return multiply_scalar;
#endif
}

// One word for the whole process, as a resolved symbol would be: it is a fact about the processor.
Arithmetic in_use = best_arithmetic();

}  // namespace

namespace detail {

FqMultiply fq_multiply = multiplier_of(best_arithmetic());

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
  detail::fq_multiply = multiplier_of(arithmetic);
}

Arithmetic arithmetic_in_use() {
  return in_use;
}

}  // namespace gpu
