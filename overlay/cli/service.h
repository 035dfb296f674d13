// Starting and stopping the agent, with systemd and without. Blocking.
#pragma once

#include <string>

#include "overlay/agent/paths.h"
#include "overlay/base/result.h"
#include "overlay/loop/loop.h"

namespace cli {

// Makes sure that the agent runs, now and after every boot and crash. Ok when it does already.
// Where there is no systemd a keeper runs it, and the package's init script starts that at boot.
base::Status start_agent(loop::Loop& loop, const agent::Paths& paths);

// Stops the agent and the mirror, and takes them out of what starts at boot. Ok when nothing runs.
// Nothing of them is left when it is: what does not end by itself is killed.
base::Status stop_agent(const agent::Paths& paths);

}  // namespace cli
