// Which multipliers of Fq and Fr this process uses: chosen by what the processor has, overridable.
//
//   Scalar   portable C++
//   Adx      mulx, adcx, adox: two carry chains at once (Intel, "New instructions supporting large
//            integer arithmetic", 2012); needs BMI2 and ADX
//   Fma      four products at once in double-precision floating point, in the batch operations that
//            have such a kernel (fq_doubles.h); single products are then Adx's. Needs Adx's and
//            AVX2 and FMA
//   Ifma     eight products at once, 52-bit limbs, in the batch operations that have such a kernel
//            (fq_lanes.h); single products are then Adx's. Needs AVX-512 F, VL and IFMA
#pragma once

#include <cstdint>
#include <string_view>

#include "overlay/base/result.h"

namespace gpu {

enum class Arithmetic { Scalar, Adx, Fma, Ifma };

std::string_view name(Arithmetic arithmetic);
// "scalar", "adx", "fma", "ifma", or "auto" for the best that this processor has.
// Errors: Malformed for another word, Unavailable where the processor lacks the instructions.
base::Result<Arithmetic> parse_arithmetic(std::string_view text);

bool is_supported(Arithmetic arithmetic);
Arithmetic best_arithmetic();

// What single products use from now on; the best at start. Call it before threads are started
// that compute. Requires is_supported(arithmetic).
void use_arithmetic(Arithmetic arithmetic);
Arithmetic arithmetic_in_use();

namespace detail {

// Montgomery products; out may be a or b.
using Multiply = void (*)(std::uint64_t* out, const std::uint64_t* a, const std::uint64_t* b);
struct Multipliers {
  Multiply fq;
  Multiply fr;  // its b may be any value below 2^256
};
// Portable ones until static initialisation has come to it.
extern Multipliers multipliers;

// adx.S. Requires BMI2 and ADX, and operands below the modulus.
extern "C" void gpu_fq_multiply_adx(std::uint64_t* out, const std::uint64_t* a,
                                    const std::uint64_t* b);
// b may be any value below 2^256.
extern "C" void gpu_fr_multiply_adx(std::uint64_t* out, const std::uint64_t* a,
                                    const std::uint64_t* b);

}  // namespace detail
}  // namespace gpu
