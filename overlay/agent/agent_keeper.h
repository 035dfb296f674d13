// Keeps the agent running where no service manager does: a small parent process that starts it, and
// starts it again, with a backoff, whenever it ends.
//
// An agent that runs already (its own keeper was killed) is left alone and followed up: it is
// looked for at the pace of the backoff, and once it has ended a new one takes its place. When the
// server has left its network there is nothing to keep running, and the keeper ends by itself.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "overlay/agent/paths.h"
#include "overlay/agent/supervisor.h"
#include "overlay/base/random.h"
#include "overlay/loop/loop.h"
#include "overlay/loop/process.h"
#include "overlay/loop/timer.h"

namespace agent {

class AgentKeeper {
 public:
  // From the SIGTERM that stop() sends to the SIGKILL after it. An agent ends in milliseconds,
  // unless one of its jobs waits for a disk.
  static constexpr base::Duration kStopWaitMax = std::chrono::seconds(5);

  // `command` is the agent with its arguments; its output goes to paths.agent_log(). `on_end` runs
  // once, from the loop: nothing is kept running any more.
  AgentKeeper(loop::Loop& loop, base::RandomSource& random, Paths paths,
              std::vector<std::string> command, std::function<void()> on_end);
  AgentKeeper(const AgentKeeper&) = delete;
  AgentKeeper& operator=(const AgentKeeper&) = delete;

  void start();
  // Ends the agent that was started here; on_end follows. Again is harmless.
  void stop();

 private:
  void pump();
  void start_agent();
  void handle_exit(const loop::Process::Exit& exit);

  loop::Loop& loop_;
  Paths paths_;
  std::vector<std::string> command_;
  std::function<void()> on_end_;  // empty once called
  Supervisor supervisor_;
  loop::Timer timer_;
  bool is_other_noted_ = false;  // an agent of another parent, in the log
  std::unique_ptr<loop::Process> agent_;
};

}  // namespace agent
