#pragma once

#include "overlay/cli/command.h"

namespace cli {

// Adds `linkspan gpus`: the GPUs of this server, for people and for the agent.
void add_gpus_command(CLI::App& app, Context& context);

}  // namespace cli
