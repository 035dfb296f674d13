// Running without a service manager: one agent per host by a lock on its pidfile, kept running by a
// daemon of its own (agent_keeper.h), stopped by a signal, logging to a file that stays small.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

#include "overlay/agent/paths.h"
#include "overlay/agent/status.h"
#include "overlay/base/result.h"
#include "overlay/base/time.h"
#include "overlay/loop/loop.h"

namespace agent {

// The agent's process id, or nothing when none runs. The lock says so, not the number in the file.
std::optional<pid_t> running_agent(const Paths& paths);

// The status that the agent now running has written, not one left by an earlier one. Nothing when
// none runs, or it has not written one yet.
std::optional<Status> live_status(const Paths& paths);

// The agent's arguments for these directories, its log going to paths.agent_log(). `command` is
// the program, and what else it shall get.
std::vector<std::string> agent_command(std::vector<std::string> command, const Paths& paths);

// Starts the keeper of the agent as a daemon in a session of its own; the keeper starts the agent.
// `command` as above. Ok also when one runs already. Errors: those of starting it; whether the
// agent then comes up is for its status to say.
base::Status start_daemon(loop::Loop& loop, const Paths& paths, std::vector<std::string> command);

// True when there is something for stop_daemon to stop.
bool is_daemon_running(const Paths& paths);

// Asks the keeper and then a running agent to end (SIGTERM) and waits for each, at most `wait`;
// then ends it (SIGKILL). Ok when none runs. Blocking. Interfaces stay. Errors: Unavailable without
// the right to.
base::Status stop_daemon(const Paths& paths, base::Duration wait);

// The same for the mirror that is a child of the agent, or was: one whose agent died goes on with
// the answers under way. Ok when none runs.
base::Status stop_mirror(const Paths& paths, base::Duration wait);

// A log of two files: `path`, which standard output and error are turned to, and `path`.1, what it
// was before it grew over `size_bytes_max`. Of several processes that share it, the agent and its
// keeper, one puts it aside; the others have a size that is never met, and follow.
class LogFile {
 public:
  static constexpr std::size_t kSizeBytesMax = 4U << 20;
  static constexpr std::size_t kFollowed = SIZE_MAX;

  LogFile(std::string path, std::size_t size_bytes_max)
      : path_(std::move(path)), size_bytes_max_(size_bytes_max) {}

  // Opens the file and puts it in the place of descriptors 1 and 2. Errors: Unavailable.
  base::Status open();
  // Puts a new file in the place of one that has grown too large, or turns to the one that somebody
  // else has put there. Call it now and then.
  base::Status rotate_if_large();

 private:
  std::string path_;
  std::size_t size_bytes_max_;
};

}  // namespace agent
