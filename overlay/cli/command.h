// What every command of `linkspan` is given, and what it gives back.
//
// A command is a function `add_x_command(app, context)`: it adds a CLI11 subcommand whose callback
// runs the command to the end and stores the process's exit code. Commands print through output.h,
// take nothing from global state, and may each make a loop of their own.
#pragma once

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

namespace cli {

// Exit codes of the program, the same for every command.
inline constexpr int kExitOk = 0;
inline constexpr int kExitFailed = 1;  // it was tried, and standard error says what went wrong
inline constexpr int kExitUsage = 2;   // the command line is wrong; nothing was tried

struct Context {
  int exit_code = kExitOk;
};

}  // namespace cli
