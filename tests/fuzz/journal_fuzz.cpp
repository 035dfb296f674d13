#include <cstddef>
#include <cstdint>

#include "overlay/base/bytes.h"
#include "overlay/base/check.h"
#include "overlay/device/journal.h"

// What decodes survives being written and read again: undo never loses an entry.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto entries = device::decode_journal(base::as_text({data, size}));
  if (!entries.ok()) {
    CHECK(!entries.error().text().empty());
    return 0;
  }
  const auto again = device::decode_journal(device::encode_journal(entries.value()));
  CHECK(again.ok() && again.value() == entries.value());
  return 0;
}
