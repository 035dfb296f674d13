// The list of changes inside a view update (PROTOCOL.md, 5.4): view_frame.cpp wraps and signs it.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "overlay/base/result.h"
#include "overlay/model/view.h"

namespace model {

struct PackedChanges {
  std::vector<std::uint8_t> bytes;
  bool is_compressed = false;
  std::uint32_t size_bytes = 0;  // before compression
};

// Requires changes that are strictly ascending by key, with canonical facts. Compresses with zstd
// from kCompressBytesMin on, if that makes it shorter. Errors: LimitExceeded above
// kChangesBytesMax.
base::Result<PackedChanges> pack_changes(std::span<const FactChange> changes);

// The inverse. Never allocates more than `size_bytes`, which may say at most kChangesBytesMax, and
// what the decoded facts take. Errors: Malformed, Truncated, LimitExceeded.
base::Result<std::vector<FactChange>> unpack_changes(std::span<const std::uint8_t> bytes,
                                                     bool is_compressed, std::uint32_t size_bytes);

// The list without compression: what unpack_changes() decodes when is_compressed is false.
std::vector<std::uint8_t> encode_changes(std::span<const FactChange> changes);
base::Result<std::vector<FactChange>> decode_changes(std::span<const std::uint8_t> bytes);

}  // namespace model
