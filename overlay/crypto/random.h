#pragma once

#include "overlay/base/random.h"

namespace crypto {

// Prepares libsodium. main() calls it once before any other function of this folder; calling it
// again is harmless. Ends the process where the system has no randomness to give.
void init();

// The system's generator. Thread-safe, stateless.
class SystemRandom : public base::RandomSource {
 public:
  void fill(std::span<std::uint8_t> out) override;
};

}  // namespace crypto
