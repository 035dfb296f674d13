#pragma once

#include <string>
#include <string_view>

#include "overlay/base/result.h"
#include "tests/support/wan/network.h"

namespace wan {

// Runs one line of the control socket against the network and gives the answer, one line of JSON:
//
//   set A B rtt_ms=40 [jitter_ms=2] [loss_percent=0.5] [rate_mbit=100]   both directions
//   cut A B | heal A B
//   show            paths and counters of every pair: {"pairs":[{"from","to","rtt_ms",...}]}
//
// What `set` does not name becomes zero, that is: no jitter, no loss, no limit; a cut stays.
// Errors: Malformed or NotFound, naming the word; the network is then unchanged.
base::Result<std::string> run_command(Network& network, std::string_view line);

}  // namespace wan
