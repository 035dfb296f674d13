// `linkspan-prover selftest`: does this machine compute what it should? Needs no file: a reference
// string with a known beta makes every commitment checkable with one product.
#pragma once

#include <functional>
#include <string>

#include "overlay/base/result.h"

namespace prover {

// Runs every check and reports each as it ends: its name and what was wrong, or "". A few seconds.
// False if any failed.
bool run_selftest(const std::function<void(const std::string& name, const std::string& why)>& tell);

}  // namespace prover
