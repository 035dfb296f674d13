// A solution that parses is the one that its own text parses to.
#include <cstddef>
#include <cstdint>

#include "overlay/base/bytes.h"
#include "overlay/base/check.h"
#include "prover/puzzle/solution.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto solution = prover::parse_solution_json(base::as_text({data, size}));
  if (!solution.ok()) {
    CHECK(!solution.error().text().empty());
    return 0;
  }
  const auto again = prover::parse_solution_json(prover::format_json(solution.value()));
  CHECK(again.ok() && again.value() == solution.value());
  return 0;
}
