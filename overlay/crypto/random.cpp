#include "overlay/crypto/random.h"

#include <sodium.h>

#include "overlay/base/check.h"

namespace crypto {

void init() {
  CHECK(sodium_init() >= 0);
}

void SystemRandom::fill(std::span<std::uint8_t> out) {
  randombytes_buf(out.data(), out.size());
}

}  // namespace crypto
