// Files that `linkspan-prover verify` reads: what is taken is bounded, what is not has a reason.
#include "overlay/base/check.h"
#include "prover/prove.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto claims = prover::parse_claims({reinterpret_cast<const char*>(data), size});
  if (claims.ok()) {
    CHECK(!claims.value().empty() && claims.value().size() <= prover::kClaimsMax);
  } else {
    CHECK(!claims.error().text().empty());
  }
  return 0;
}
