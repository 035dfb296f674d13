// Files of powers: what is read begins with the generator and has the count that was asked for.
#include <cstddef>
#include <cstdint>
#include <span>

#include "overlay/base/check.h"
#include "prover/puzzle/srs.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::span file(data, size);
  constexpr std::size_t kCount = 2;
  const auto powers = prover::decode_powers(file, kCount, {.sha256 = std::nullopt});
  if (powers.ok()) {
    CHECK(powers.value().size() == kCount && powers.value().front() == gpu::g1_generator());
  } else {
    CHECK(!powers.error().text().empty());
  }
  const auto beta_h = prover::decode_beta_h(file, std::nullopt);
  CHECK(beta_h.ok() ? !beta_h.value().is_infinity() : !beta_h.error().text().empty());
  return 0;
}
