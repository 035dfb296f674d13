#include <cstddef>
#include <cstdint>

#include "overlay/base/bytes.h"
#include "overlay/base/check.h"
#include "prover/pool/epoch_driver.h"

// A recorded chain that is taken can be played to its end.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  auto driver = prover::EpochDriver::replay(base::as_text({data, size}), {.shares = 1});
  if (!driver.ok()) {
    CHECK(!driver.error().text().empty());
    return 0;
  }
  prover::EpochDriver played = std::move(driver).value();
  played.begin(std::nullopt, base::TimePoint());
  for (std::size_t i = 0; i < size; ++i) {
    const auto before = played.epoch().number;
    played.handle_share(base::TimePoint());
    CHECK(played.epoch().number >= before);
  }
  CHECK(prover::check_below_r(played.epoch().block_hash).ok());
  return 0;
}
