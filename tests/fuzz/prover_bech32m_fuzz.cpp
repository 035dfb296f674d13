// Whatever decodes encodes to the very text that it came from, for every kind of text.
#include <cstddef>
#include <cstdint>

#include "overlay/base/bytes.h"
#include "overlay/base/check.h"
#include "prover/puzzle/bech32m.h"
#include "prover/puzzle/challenge.h"
#include "prover/puzzle/solution.h"

namespace {

template <typename T, typename Format>
void check_strict(std::string_view text, const base::Result<T>& parsed, Format format) {
  CHECK(parsed.ok() ? format(parsed.value()) == text : !parsed.error().text().empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = base::as_text({data, size});
  check_strict(text, prover::parse_address(text), prover::format_address);
  check_strict(text, prover::parse_block_hash(text), prover::format_block_hash);
  check_strict(text, prover::parse_commitment(text), prover::format_commitment);
  for (std::size_t size_bytes = 0; size_bytes < 8; ++size_bytes) {
    check_strict(text, prover::bech32m_decode("a", size_bytes, text),
                 [](const auto& bytes) { return prover::bech32m_encode("a", bytes); });
  }
  return 0;
}
