#pragma once

#include <functional>
#include <string>
#include <variant>

#include "mirror/oci/digest.h"
#include "mirror/oci/target.h"
#include "mirror/select/selector.h"
#include "overlay/base/time.h"
#include "overlay/loop/http_client.h"
#include "overlay/loop/loop.h"

namespace mirror {

// A manifest as a registry stores it: the exact bytes, whose digest is computed, not believed.
struct StoredManifest {
  Digest digest;
  std::string media_type;
  std::string bytes;
};

// The answer to one manifest request, or why there is none.
using ManifestAnswer = std::variant<StoredManifest, Outcome>;
using OnManifest = std::function<void(ManifestAnswer)>;

// Asks one replica for a manifest by tag or digest. The bytes must have the digest that was asked
// for, and the one the registry names; under a tag they must be a manifest, since nothing else
// proves that they are not some error page. Destroying the handle cancels.
[[nodiscard]] loop::RequestHandle fetch_manifest(loop::Loop& loop, loop::HttpClient& client,
                                                 const Replica& replica, const Target& target,
                                                 base::Duration connect_timeout,
                                                 OnManifest on_manifest);

}  // namespace mirror
