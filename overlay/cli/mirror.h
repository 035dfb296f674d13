#pragma once

#include "overlay/cli/command.h"

namespace cli {

// Adds `linkspan mirror ...`: what people ask the mirror of this server.
void add_mirror_commands(CLI::App& app, Context& context);

}  // namespace cli
