#include "overlay/agent/agent_keeper.h"

#include <utility>

#include "overlay/agent/daemon.h"
#include "overlay/base/log.h"
#include "overlay/loop/files.h"

namespace agent {

AgentKeeper::AgentKeeper(loop::Loop& loop, base::RandomSource& random, Paths paths,
                         std::vector<std::string> command, std::function<void()> on_end)
    : loop_(loop),
      paths_(std::move(paths)),
      command_(std::move(command)),
      on_end_(std::move(on_end)),
      supervisor_(random),
      timer_(loop, [this] {
        supervisor_.handle_timeout(loop_.now());
        pump();
      }) {}

void AgentKeeper::start() {
  supervisor_.set_wanted(loop_.now(), true);
  pump();
}

void AgentKeeper::stop() {
  supervisor_.set_wanted(loop_.now(), false);
  pump();
}

void AgentKeeper::pump() {
  while (const auto action = supervisor_.poll_action()) {
    switch (*action) {
      case Supervisor::Action::Start:
        start_agent();
        break;
      case Supervisor::Action::Stop:
        agent_->terminate();
        break;
    }
  }
  if (const auto wake_at = supervisor_.next_timeout()) {
    timer_.start_at(*wake_at);
  } else {
    timer_.stop();
  }
  if (supervisor_.state() == Supervisor::State::Stopped && on_end_) {
    loop_.post(std::exchange(on_end_, nullptr));
  }
}

void AgentKeeper::start_agent() {
  const base::TimePoint now = loop_.now();
  if (!loop::path_exists(paths_.identity())) {
    base::log_info("keeper: this server is in no network; nothing to keep running");
    supervisor_.handle_exit(now);
    supervisor_.set_wanted(now, false);
    return;
  }
  if (const auto pid = running_agent(paths_)) {
    if (!std::exchange(is_other_noted_, true)) {
      base::log_info("keeper: an agent runs already, process " + std::to_string(*pid) +
                     "; another is started when it has ended");
    }
    supervisor_.handle_exit(now);
    return;
  }
  is_other_noted_ = false;
  auto started =
      loop::Process::start(loop_,
                           {.argv = command_,
                            .env = {},
                            .directory = "/",
                            .stdin_bytes = {},
                            .output_bytes_max = 0,
                            .timeout = base::Duration::zero(),
                            .kill_grace = kStopWaitMax,
                            .log_file = paths_.agent_log()},
                           [this](const loop::Process::Exit& exit) { handle_exit(exit); });
  if (!started.ok()) {
    base::log_warning("keeper: " + started.error().text());
    supervisor_.handle_exit(now);
    return;
  }
  agent_ = std::move(started).value();
}

void AgentKeeper::handle_exit(const loop::Process::Exit& exit) {
  agent_.reset();
  if (supervisor_.state() == Supervisor::State::Running) {
    base::log_warning("keeper: " + exit.text("the agent") + "; it is started again");
  }
  supervisor_.handle_exit(loop_.now());
  pump();
}

}  // namespace agent
