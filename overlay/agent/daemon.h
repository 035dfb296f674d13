// Running without a service manager: one agent per host by a lock on its pidfile, started as a
// daemon, stopped by a signal, logging to a file that stays small.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include <sys/types.h>

#include "overlay/agent/paths.h"
#include "overlay/base/result.h"
#include "overlay/base/time.h"
#include "overlay/loop/loop.h"

namespace agent {

// The agent's process id, or nothing when none runs. The lock says so, not the number in the file.
std::optional<pid_t> running_agent(const Paths& paths);

// Starts `program` (the agent) as a daemon in a session of its own, its log going to
// paths.agent_log(). Ok also when one runs already. Errors: those of starting it; whether it then
// comes up is for its status to say.
base::Status start_daemon(loop::Loop& loop, const Paths& paths, const std::string& program);

// Asks a running agent to end (SIGTERM) and waits for it, at most `wait`; then ends it (SIGKILL).
// Ok when none runs. Blocking. Interfaces stay. Errors: Unavailable without the right to.
base::Status stop_daemon(const Paths& paths, base::Duration wait);

// A log of two files: `path`, which standard output and error are turned to, and `path`.1, what it
// was before it grew over `size_bytes_max`.
class LogFile {
 public:
  static constexpr std::size_t kSizeBytesMax = 4U << 20;

  LogFile(std::string path, std::size_t size_bytes_max)
      : path_(std::move(path)), size_bytes_max_(size_bytes_max) {}

  // Opens the file and puts it in the place of descriptors 1 and 2. Errors: Unavailable.
  base::Status open();
  // Puts a new file in the place of one that has grown too large. Call it now and then.
  base::Status rotate_if_large();

 private:
  std::string path_;
  std::size_t size_bytes_max_;
};

}  // namespace agent
