#pragma once

#include "overlay/cli/command.h"

namespace cli {

// Adds `linkspan leave`.
void add_leave_command(CLI::App& app, Context& context);

}  // namespace cli
