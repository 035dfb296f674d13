#pragma once

#include "overlay/cli/command.h"

namespace cli {

// Adds `linkspan doctor`.
void add_doctor_command(CLI::App& app, Context& context);

}  // namespace cli
