// What the mirror needs of a manifest: which blobs and manifests it names, and how large they are.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "mirror/oci/digest.h"
#include "overlay/base/result.h"

namespace mirror {

// The spec asks registries for at least 4 MiB; containerd takes 4 393 216 bytes and no more.
inline constexpr std::size_t kManifestBytesMax = 4 * 1048 * 1048;
inline constexpr std::size_t kManifestDepthMax = 16;
inline constexpr std::size_t kDescriptorsMax = 4096;
inline constexpr std::uint64_t kBlobBytesMax = std::uint64_t{1} << 40;

// Offered when a manifest is asked for; without it registries convert or answer 404.
inline constexpr std::string_view kManifestAccept =
    "application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json, "
    "application/vnd.docker.distribution.manifest.list.v2+json, "
    "application/vnd.docker.distribution.manifest.v2+json, */*;q=0.1";

struct Descriptor {
  Digest digest;
  std::uint64_t size_bytes = 0;
  std::string media_type;
  bool has_urls = false;  // a foreign layer: runtimes fetch it from elsewhere, replicas lack it

  friend bool operator==(const Descriptor&, const Descriptor&) = default;
};

struct Manifest {
  std::string media_type;            // of the document itself; empty where it names none
  std::vector<Descriptor> blobs;     // config first, then layers in order
  std::vector<Descriptor> children;  // manifests of an index
};

// Reads an image manifest or an index, OCI or Docker's. Unknown media types and fields are normal
// (artifacts) and kept out of the way; the document's own bytes are never re-written.
//
// Errors: LimitExceeded above kManifestBytesMax, kManifestDepthMax or kDescriptorsMax; Malformed
// for anything that is no manifest, with the path of the field: "manifest: layers[3].size: -1,
// ...".
base::Result<Manifest> parse_manifest(std::string_view text);

}  // namespace mirror
