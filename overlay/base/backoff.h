#pragma once

#include "overlay/base/random.h"
#include "overlay/base/time.h"

namespace base {

// Exponential backoff with full jitter: the n-th wait is uniform in 0..min(max, first * 2^n), so a
// fleet that lost its coordinator at one moment does not come back at one moment.
class Backoff {
 public:
  // Keeps a reference to `random`, which must outlive this.
  Backoff(Duration first, Duration max, RandomSource& random)
      : first_(first), max_(max), random_(random) {}

  // The wait before the next attempt; each call doubles the bound of the one after.
  Duration next();

  void reset() { attempts_ = 0; }
  int attempts() const { return attempts_; }

 private:
  Duration first_;
  Duration max_;
  RandomSource& random_;
  int attempts_ = 0;
};

}  // namespace base
