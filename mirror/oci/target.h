// What a request to the OCI distribution API asks for, from its request target alone.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "mirror/oci/digest.h"
#include "overlay/base/result.h"

namespace mirror {

inline constexpr std::size_t kTargetBytesMax = 4096;

struct Target {
  enum class Kind {
    Root,      // /v2/
    Manifest,  // /v2/<repository>/manifests/<tag or digest>
    Blob,      // /v2/<repository>/blobs/<digest>
    Other,     // below /v2/ but none of these: tag lists, referrers, uploads
  };

  Kind kind = Kind::Root;
  std::string source;            // from `?ns=`, lower case; docker.io if there is none
  std::string repository;        // empty for Root and Other
  std::string tag;               // Manifest by tag
  std::optional<Digest> digest;  // Manifest by digest, Blob
};

// Parses "/v2/library/alpine/blobs/sha256:...?ns=docker.io". The path is taken apart from the
// right, because a repository may itself contain "blobs" or "manifests" as a component.
// Percent-encoding is decoded within a component and can never add one.
//
// Errors: NotFound if the path is not below /v2; Malformed for a bad name, tag, digest or source, a
// second `ns`, broken percent-encoding; LimitExceeded above kTargetBytesMax.
base::Result<Target> parse_target(std::string_view target);

// The inverse, as a replica is asked: "/v2/library/alpine/blobs/sha256:...?ns=docker.io". `prefix`
// is put in front of the repository: a replica that keeps a source under a path. Requires a
// Manifest or Blob.
std::string format_target(const Target& target, std::string_view prefix);

}  // namespace mirror
