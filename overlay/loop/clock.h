// The monotonic clock for threads that run no loop (engines, benchmarks). On a loop's thread use
// Loop::now, which moves only between turns.
#pragma once

#include "overlay/base/time.h"

namespace loop {

base::TimePoint monotonic_now();

}  // namespace loop
