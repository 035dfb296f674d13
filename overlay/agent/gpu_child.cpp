#include "overlay/agent/gpu_child.h"

#include <utility>

#include "overlay/agent/gpu_watch.h"

namespace agent {
namespace {

constexpr const char* kQuestion = "linkspan gpus";

}  // namespace

base::Result<std::unique_ptr<loop::Process>> ask_gpus(
    loop::Loop& loop, const std::string& program,
    std::function<void(const GpuAnswerResult& answer)> on_answer) {
  return loop::Process::start(loop,
                              {.argv = {program, "gpus", "--json"},
                               .env = {},
                               .directory = "/",
                               .stdin_bytes = {},
                               .output_bytes_max = model::kGpuAnswerBytesMax,
                               .timeout = GpuWatch::kAnswerMax,
                               .kill_grace = GpuWatch::kKillGrace,
                               .log_file = {}},
                              [on_answer = std::move(on_answer)](const loop::Process::Exit& exit) {
                                on_answer(read_gpu_answer(exit));
                              });
}

GpuAnswerResult read_gpu_answer(const loop::Process::Exit& exit) {
  if (exit.is_timed_out || !exit.ok()) {
    return base::Error(base::Errc::Unavailable, exit.text(kQuestion));
  }
  if (exit.is_output_cut) {
    return base::Error(base::Errc::LimitExceeded, std::string(kQuestion) + ": more than " +
                                                      std::to_string(model::kGpuAnswerBytesMax) +
                                                      " bytes");
  }
  auto answer = model::decode_gpu_answer(exit.out);
  if (!answer.ok()) {
    return answer.error().within(kQuestion);
  }
  return answer;
}

}  // namespace agent
