#pragma once

#include "overlay/agent/paths.h"
#include "overlay/cli/command.h"

namespace cli {

// Options for other directories than the usual ones, the same for every command on a server: for
// tests, and for a second agent in a namespace of its own.
void add_path_options(CLI::App& command, agent::Paths& paths);

}  // namespace cli
