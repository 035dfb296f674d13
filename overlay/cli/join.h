#pragma once

#include "overlay/cli/command.h"

namespace cli {

// Adds `linkspan join`.
void add_join_command(CLI::App& app, Context& context);

}  // namespace cli
