// A coinbase that parses is the one that its own text parses to, and a file with one is bounded.
#include <cstddef>
#include <cstdint>

#include "overlay/base/bytes.h"
#include "overlay/base/check.h"
#include "prover/coinbase_file.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto text = base::as_text({data, size});
  if (const auto coinbase = prover::parse_coinbase_json(text); coinbase.ok()) {
    const auto again = prover::parse_coinbase_json(prover::format_json(coinbase.value()));
    CHECK(again.ok() && again.value() == coinbase.value());
  } else {
    CHECK(!coinbase.error().text().empty());
  }
  const bool is_coinbase = prover::is_coinbase_file(text);
  if (const auto claim = prover::parse_coinbase_file(text); claim.ok()) {
    CHECK(is_coinbase);
    CHECK(claim.value().challenge.degree >= 1 &&
          claim.value().challenge.degree <= prover::kDegreeMax);
    CHECK(!claim.value().solution.partials.empty());
  } else {
    CHECK(!claim.error().text().empty());
  }
  return 0;
}
