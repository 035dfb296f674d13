// Asks `linkspan gpus --json` for this server's GPUs. A child of its own opens the driver, because
// a driver can hang or crash who calls it, and takes memory that the agent shall not have.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "overlay/base/result.h"
#include "overlay/loop/loop.h"
#include "overlay/loop/process.h"
#include "overlay/model/gpu_inventory.h"

namespace agent {

using GpuAnswerResult = base::Result<model::GpuAnswer>;

// Starts `program`, found in PATH unless it has a slash. `on_answer` runs once, in a later turn,
// unless the child is destroyed before: what it printed, or how it ended. It has
// GpuWatch::kAnswerMax and as many bytes as an answer may. Errors: those of Process::start.
base::Result<std::unique_ptr<loop::Process>> ask_gpus(
    loop::Loop& loop, const std::string& program,
    std::function<void(const GpuAnswerResult& answer)> on_answer);

// What a child that has ended says. Pure.
GpuAnswerResult read_gpu_answer(const loop::Process::Exit& exit);

}  // namespace agent
