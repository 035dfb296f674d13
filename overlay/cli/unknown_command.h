#pragma once

#include <string>

#include "overlay/cli/command.h"

namespace cli {

// After a parse that failed: what to say when a word stands where a command should, "" otherwise.
// CLI11 itself says no more than that a subcommand is required.
std::string unknown_command(const CLI::App& app);

}  // namespace cli
