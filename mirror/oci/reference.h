// Grammar of the names in a pull: repository, tag and source (distribution-spec v1.1.1, "Pulling
// manifests"). Each check says what is wrong with the value; none changes it, except parse_source.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "overlay/base/result.h"

namespace mirror {

inline constexpr std::size_t kRepositoryBytesMax = 255;
inline constexpr std::size_t kTagBytesMax = 128;
inline constexpr std::size_t kSourceBytesMax = 255;

// "library/alpine": components of [a-z0-9]+ joined by one of '.', '_', '__' or hyphens, separated
// by
// '/'. What passes holds no "..", so it is safe below a directory. Errors: Malformed.
base::Status check_repository(std::string_view name);

// [a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}. Errors: Malformed.
base::Status check_tag(std::string_view tag);

// The registry whose images are replicated, as operators write it: "docker.io", "images.lab:5000",
// "http://images.lab:5000". A scheme says how the runtime reaches the real one: https unless
// "http://" is written. It is not part of the name.
struct Source {
  std::string name;  // what `?ns=` carries: host[:port], lower case
  bool is_plain_http = false;

  // Where the runtime finds the source itself: "https://registry-1.docker.io" for docker.io, which
  // does not serve images under its own name.
  std::string upstream_url() const;

  friend bool operator==(const Source&, const Source&) = default;
};

// Errors: Malformed: no host, a port out of 1..65535, a path, a user, a scheme other than http(s).
base::Result<Source> parse_source(std::string_view text);

// The source of a pull that names none (Docker's classic store): docker.io.
inline constexpr std::string_view kDefaultSource = "docker.io";

}  // namespace mirror
