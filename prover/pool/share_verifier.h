#pragma once

#include <functional>
#include <memory>

#include "overlay/base/result.h"
#include "prover/pool/share.h"

namespace prover {

// Checks shares of one job: by the pairing, or by computing the commitment again.
class ShareVerifier {
 public:
  virtual ~ShareVerifier() = default;

  // Milliseconds of work, on a work thread, for several shares at once: changes nothing.
  //
  // Errors: Malformed or Truncated for bytes that are no points of the subgroup in their one form
  // (length, flags, coordinate not below q, off the curve, outside the subgroup, infinity), or for
  // a proof that proves something else. The text says which; a prover gets to read it.
  virtual base::Status verify(const Share& share) const = 0;
};

// Prepares for a job. Seconds of work, on a work thread.
using MakeShareVerifier =
    std::function<base::Result<std::unique_ptr<const ShareVerifier>>(const Job&)>;

}  // namespace prover
