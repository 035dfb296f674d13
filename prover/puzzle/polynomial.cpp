#include "prover/puzzle/polynomial.h"

#include <bit>

#include "overlay/base/check.h"
#include "prover/puzzle/little_endian.h"

namespace prover {

crypto::Digest256 epoch_seed(const EpochChallenge& challenge) {
  LittleEndianWriter input;
  input.number(challenge.epoch_number).raw(challenge.epoch_block_hash);
  return crypto::blake2s(input.bytes());
}

crypto::Digest256 prover_seed(const EpochChallenge& challenge, const Bytes32& address,
                              std::uint64_t nonce) {
  LittleEndianWriter input;
  input.number(challenge.epoch_number).raw(challenge.epoch_block_hash).raw(address).number(nonce);
  return crypto::blake2s(input.bytes());
}

gpu::Limbs<4> hash_to_coefficient(const crypto::Digest256& seed, std::uint32_t index) {
  std::array<std::uint8_t, 36> message{};
  std::copy(seed.begin(), seed.end(), message.begin());
  for (std::size_t i = 0; i < 4; ++i) {
    message[seed.size() + i] = static_cast<std::uint8_t>(index >> (8 * i));
  }
  const crypto::Digest512 digest = crypto::blake2b_512(message);
  return Fr::reduce_wide(gpu::from_bytes<4>(digest.data()), gpu::from_bytes<4>(digest.data() + 32));
}

std::vector<Fr> hash_to_coefficients(const crypto::Digest256& seed, std::size_t count) {
  std::vector<Fr> out;
  out.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    out.push_back(Fr::from_canonical(hash_to_coefficient(seed, static_cast<std::uint32_t>(i))));
  }
  return out;
}

Polynomial epoch_polynomial(const EpochChallenge& challenge) {
  return hash_to_coefficients(epoch_seed(challenge), std::size_t{challenge.degree} + 1);
}

Polynomial prover_polynomial(const EpochChallenge& challenge, const Bytes32& address,
                             std::uint64_t nonce) {
  return hash_to_coefficients(prover_seed(challenge, address, nonce),
                              std::size_t{challenge.degree} + 1);
}

Fr evaluate(const Polynomial& polynomial, const Fr& at) {
  Fr out;
  for (std::size_t i = polynomial.size(); i-- > 0;) {
    out = out * at + polynomial[i];
  }
  return out;
}

Polynomial quotient(const Polynomial& polynomial, const Fr& at) {
  CHECK(!polynomial.empty());
  Polynomial out(polynomial.size() - 1);
  Fr carried;
  for (std::size_t i = out.size(); i-- > 0;) {
    carried = carried * at + polynomial[i + 1];
    out[i] = carried;
  }
  return out;
}

unsigned domain_log_size(std::uint32_t degree) {
  // 2 degree + 1 coefficients: the smallest power of two that is more than 2 degree.
  return static_cast<unsigned>(std::bit_width(std::uint64_t{degree} * 2));
}

}  // namespace prover
