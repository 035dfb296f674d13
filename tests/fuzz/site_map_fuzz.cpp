#include <cstddef>
#include <cstdint>

#include "mirror/select/explain.h"
#include "mirror/select/site_map.h"
#include "overlay/base/bytes.h"
#include "overlay/base/check.h"

// A site map that parses can be used: every replica has a URL to connect to and sources with names.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto text = base::as_text({data, size});
  if (size < 4096) {
    mirror::explain_text(std::string(text));
  }
  const auto map = mirror::parse_site_map(text);
  if (!map.ok()) {
    CHECK(!map.error().text().empty());
    return 0;
  }
  for (const auto& replica : map.value().replicas) {
    CHECK(replica.url.starts_with("http://") || replica.url.starts_with("https://"));
    for (const auto& source : replica.sources) {
      CHECK(!source.name.empty());
    }
  }
  return 0;
}
