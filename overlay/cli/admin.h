// The commands for operators: networks, sites, tokens, nodes, replicas, API keys and the audit log,
// over the coordinator's API.
#pragma once

#include "overlay/cli/command.h"

namespace cli {

// Adds `linkspan network|site|token|node|replica|api-key|audit ...` to the program, and its options
// --api and --key-file, which may stand before or behind the command. Each command's callback runs
// it to the end and stores what the process exits with in `context.exit_code`.
void add_admin_commands(CLI::App& app, Context& context);

}  // namespace cli
