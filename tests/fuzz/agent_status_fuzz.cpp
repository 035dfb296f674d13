#include <cstddef>
#include <cstdint>

#include "overlay/agent/status.h"
#include "overlay/base/bytes.h"
#include "overlay/base/check.h"

// What decodes encodes to a text that decodes to the same; what does not says why.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto status = agent::decode_status(base::as_text({data, size}));
  if (!status.ok()) {
    CHECK(!status.error().text().empty());
    return 0;
  }
  const auto again = agent::decode_status(agent::encode(status.value()));
  CHECK(again.ok());
  CHECK(again.value() == status.value());
  return 0;
}
