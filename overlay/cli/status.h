#pragma once

#include "overlay/cli/command.h"

namespace cli {

// Adds `linkspan status`.
void add_status_command(CLI::App& app, Context& context);

}  // namespace cli
