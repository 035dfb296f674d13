#include <cstddef>
#include <cstdint>

#include "mirror/oci/error_body.h"
#include "mirror/oci/manifest.h"
#include "overlay/base/bytes.h"
#include "overlay/base/check.h"

// Whatever a registry sends as a manifest or an error ends in limits kept or a reason given.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto text = base::as_text({data, size});
  const auto manifest = mirror::parse_manifest(text);
  if (manifest.ok()) {
    CHECK(manifest.value().blobs.size() <= mirror::kDescriptorsMax + 1);
    CHECK(manifest.value().children.size() <= mirror::kDescriptorsMax);
    for (const auto& blob : manifest.value().blobs) {
      CHECK(blob.size_bytes <= mirror::kBlobBytesMax);
    }
  } else {
    CHECK(!manifest.error().text().empty());
  }
  CHECK(mirror::describe_error_body(text).size() < 2048);
  return 0;
}
