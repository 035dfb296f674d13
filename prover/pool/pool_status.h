// A pool's figures, for scripts and for Prometheus. What is here adds up: submitted = accepted +
// refused + on their way; the workers' credits are the store's.
#pragma once

#include <string>

#include "overlay/base/metrics.h"
#include "prover/pool/pool_machine.h"

namespace prover {

// {"job":{...}|null,"target_cap":n,"sessions":n,"shares":{"submitted":n,"accepted":n,
//  "on_their_way":n,"refused":{"stale":n,...}},"credits":{"targets":n,"shares":n},
//  "workers":{"NAME":{"targets":n,"shares":n},...}}
//
// O(workers). Shares are counted since the program started, credits since the store began.
std::string status_json(const PoolMachine& pool);

// linkspan_pool_*: all of the above; workers up to Metrics::kSeriesMax.
void gather(const PoolMachine& pool, base::Metrics& metrics);

}  // namespace prover
