#pragma once

#include <array>
#include <cstddef>

#include "overlay/base/result.h"
#include "overlay/base/time.h"

namespace model {

// Refuses a request time that a node has used before. One per node, 64 bytes.
//
// A sliding window as in IPsec (RFC 4303, 3.4.3), but over the latest kWindow times instead of the
// latest numbers, since a node's times are far apart: requests that overtake each other pass, each
// once; what is older than the whole window does not. Together with kClockSkewMax this bounds a
// replay to a coordinator that has forgotten the node's times (it restarted) to the skew.
class ReplayGuard {
 public:
  static constexpr std::size_t kWindow = 8;

  // Call after the signature was verified. Errors: Unauthenticated; then nothing has changed.
  base::Status accept(base::WallTime time);

 private:
  std::array<base::WallTime, kWindow> latest_{};  // descending; unused ones are zero
};

}  // namespace model
