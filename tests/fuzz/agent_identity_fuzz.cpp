#include <cstddef>
#include <cstdint>
#include <span>

#include "overlay/agent/identity.h"
#include "overlay/base/bytes.h"
#include "overlay/base/check.h"

// What decodes encodes to a text that decodes to the same text; what does not says why.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  crypto::init();
  const auto identity = agent::decode_identity(base::as_text({data, size}));
  if (!identity.ok()) {
    CHECK(!identity.error().text().empty());
    return 0;
  }
  const std::string text = agent::encode(identity.value());
  const auto again = agent::decode_identity(text);
  CHECK(again.ok());
  CHECK(agent::encode(again.value()) == text);
  return 0;
}
