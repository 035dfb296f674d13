// What every command of `linkspan-prover` is given. A command is a function
// `add_x_command(app, exit_code)`: it adds a CLI11 subcommand whose callback runs it to the end and
// stores the process's exit code: 0 done, 1 tried and failed, 2 wrong usage, 3 every GPU is lost or
// computes wrongly.
//
// Options may also come from the environment (LINKSPAN_PROVER_ and the option's name) or from a
// file in TOML (--config); flags win over both, the environment over the file.
#pragma once

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "overlay/base/result.h"
#include "prover/engine_choice.h"
#include "prover/proof_input.h"

namespace prover {

inline constexpr int kExitFailed = 1;
inline constexpr int kExitUsage = 2;
inline constexpr int kExitDevice = 3;

// Says on standard error what a command ended with, and gives the code back.
int fail(const base::Error& error, int code);

// The variable of an option: "--epoch-number" is LINKSPAN_PROVER_EPOCH_NUMBER.
CLI::Option* with_environment(CLI::Option* option);

void add_engine_flags(CLI::App& command, EngineFlags& flags);

void add_srs_flags(CLI::App& command, SrsOptions& options);

void add_bench_command(CLI::App& app, int& exit_code);
void add_prove_command(CLI::App& app, int& exit_code);
void add_selftest_command(CLI::App& app, int& exit_code);
void add_verify_command(CLI::App& app, int& exit_code);
void add_run_command(CLI::App& app, int& exit_code);
void add_pool_command(CLI::App& app, int& exit_code);

}  // namespace prover
