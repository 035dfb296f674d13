#include <cstddef>
#include <cstdint>

#include "coordinator/server/bodies.h"
#include "overlay/base/bytes.h"
#include "overlay/base/check.h"

namespace {

// A body that is refused says why, and one that is taken can be resolved or refused.
template <typename T>
void look_at(const base::Result<T>& body) {
  CHECK(body.ok() || !body.error().text().empty());
}

}  // namespace

// The first byte chooses the body.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) {
    return 0;
  }
  const std::string_view json = base::as_text({data + 1, size - 1});
  model::FieldFailure failure;
  switch (data[0] % 5) {
    case 0:
      look_at(coordinator::decode_network_body(json, failure));
      break;
    case 1:
      look_at(coordinator::decode_site_body(json, failure));
      break;
    case 2:
      look_at(coordinator::decode_token_body(json, failure));
      break;
    case 3:
      look_at(coordinator::decode_replica_body(json, failure));
      break;
    default:
      look_at(coordinator::decode_api_key_body(json, failure));
      break;
  }
  return 0;
}
