#pragma once

#include <cstdint>
#include <optional>

#include "mirror/select/selector.h"
#include "overlay/base/result.h"
#include "overlay/base/time.h"
#include "overlay/loop/http_client.h"

namespace mirror {

// What the head of a replica's answer means, if it is not content: 404 is NotFound, 401 and 403 are
// Denied, 429 is Busy; 400, 406, 410, 416 and 451 refuse this request and not others: Unfit.
// Everything else that is not 200 or 206 is Failed, and so is what only looks like content: an HTML
// page, or an encoded body, which would change the bytes.
std::optional<Outcome> outcome_of(const loop::HttpHead& head, base::WallTime now);

// The part of a blob that an answer carries.
struct BlobPart {
  std::uint64_t first = 0;       // of the blob, at which the answer's body begins
  std::uint64_t size_bytes = 0;  // of the whole blob
};

// Reads it from an answer to a request for everything from `first` on: 206 must begin exactly there
// and go to the end; 200 begins at 0, which a server that ignores Range may do. `expected_bytes` is
// the blob's size where known. Errors: Malformed when the answer contradicts itself or the request,
// as "206 begins at 5, expected 7"; LimitExceeded or Conflict when it is sound but the blob is too
// large or of another size.
base::Result<BlobPart> blob_part_of(const loop::HttpHead& head, std::uint64_t first,
                                    std::optional<std::uint64_t> expected_bytes);

}  // namespace mirror
