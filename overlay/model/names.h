#pragma once

#include <cstddef>
#include <string_view>

#include "overlay/base/result.h"

namespace model {

inline constexpr std::size_t kNameBytesMax = 63;     // a DNS label
inline constexpr std::size_t kSourceBytesMax = 266;  // "http://", a host name of 253 and a port
inline constexpr std::size_t kUrlBytesMax = 512;

// Names of networks, sites and nodes are DNS labels in lower case (RFC 1123): 1..63 of a-z, 0-9 and
// hyphens, the first and last not a hyphen. Errors: Malformed: `"Foo", expected ...`.
base::Status check_name(std::string_view text);

// A registry as an image reference names it: "docker.io", "images.lab:5000", "[2001:db8::1]:5000";
// lower case. "http://" in front says that the registry itself speaks plain HTTP. Errors:
// Malformed.
base::Status check_source(std::string_view text);

// "http://host[:port][/path]" or https. The path goes in front of repository names, so it is made
// of what they are made of; no slash at the end. Errors: Malformed.
base::Status check_replica_url(std::string_view text);

}  // namespace model
