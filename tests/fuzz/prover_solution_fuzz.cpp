// Challenges, proofs and solutions of every kind as bytes: what decodes encodes to the same bytes.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

#include "overlay/base/check.h"
#include "prover/puzzle/challenge.h"
#include "prover/puzzle/solution.h"

namespace {

template <typename T, typename Encode>
void check_strict(std::span<const std::uint8_t> bytes, const base::Result<T>& decoded,
                  Encode encode) {
  CHECK(decoded.ok() ? std::ranges::equal(encode(decoded.value()), bytes)
                     : !decoded.error().text().empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::span bytes(data, size);
  const auto encode = [](const auto& value) { return prover::encode(value); };
  check_strict(bytes, prover::decode_challenge(bytes), encode);
  check_strict(bytes, prover::decode_partial_solution(bytes), encode);
  check_strict(bytes, prover::decode_prover_solution(bytes), encode);
  check_strict(bytes, prover::decode_coinbase_solution(bytes), encode);
  check_strict(bytes, prover::decode_proof(bytes), prover::encode_proof);
  check_strict(bytes, prover::decode_commitment(bytes),
               [](const gpu::G1Affine& point) { return gpu::compress(point); });
  return 0;
}
