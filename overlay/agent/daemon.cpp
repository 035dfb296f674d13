#include "overlay/agent/daemon.h"

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "overlay/loop/files.h"
#include "overlay/loop/process.h"

namespace agent {
namespace {

base::Error system_error(const std::string& what) {
  return base::Error(base::Errc::Unavailable, what + ": " + ::strerrordesc_np(errno));
}

// pidfd_open(2), which glibc of Debian 12 declares only for newer headers.
int open_process(pid_t pid) {
  return static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
}

bool wait_for_end(int process_fd, base::Duration wait) {
  pollfd event{.fd = process_fd, .events = POLLIN, .revents = 0};
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(wait).count();
  return ::poll(&event, 1, static_cast<int>(ms)) > 0;
}

// From SIGKILL to the end of a process: the kernel's own time, unless a disk hangs.
constexpr base::Duration kKilledWaitMax = std::chrono::seconds(5);

// Ends the process that holds the lock on `pid_path`: SIGTERM, `wait`, SIGKILL.
base::Status stop_holder(const std::string& pid_path, base::Duration wait) {
  const auto pid = loop::FileLock::holder(pid_path);
  if (!pid) {
    return {};
  }
  const int process_fd = open_process(*pid);
  if (process_fd < 0) {
    return errno == ESRCH ? base::Status() : system_error("process " + std::to_string(*pid));
  }
  base::Status status;
  if (::kill(*pid, SIGTERM) != 0 && errno != ESRCH) {
    status = system_error("stop process " + std::to_string(*pid));
  } else if (!wait_for_end(process_fd, wait)) {
    ::kill(*pid, SIGKILL);
    if (!wait_for_end(process_fd, kKilledWaitMax)) {
      status = base::Error(base::Errc::Unavailable,
                           "process " + std::to_string(*pid) + ": still there after SIGKILL");
    }
  }
  ::close(process_fd);
  return status;
}

}  // namespace

std::optional<pid_t> running_agent(const Paths& paths) {
  return loop::FileLock::holder(paths.pid());
}

std::optional<Status> live_status(const Paths& paths) {
  const auto pid = running_agent(paths);
  const auto text = loop::read_file(paths.status(), kStatusBytesMax);
  if (!pid || !text.ok()) {
    return std::nullopt;
  }
  auto status = decode_status(text.value());
  return status.ok() && status.value().pid == *pid ? std::optional(std::move(status).value())
                                                   : std::nullopt;
}

std::vector<std::string> agent_command(std::vector<std::string> command, const Paths& paths) {
  const std::vector<std::string> arguments = {
      "--state-dir", paths.state,          "--run-dir",        paths.run,    "--log-dir",
      paths.log,     "--mirror-cache-dir", paths.mirror_cache, "--log-file", paths.agent_log()};
  command.insert(command.end(), arguments.begin(), arguments.end());
  return command;
}

base::Status start_daemon(loop::Loop& loop, const Paths& paths, std::vector<std::string> command) {
  if (loop::FileLock::holder(paths.keeper_pid())) {
    return {};
  }
  if (auto status = loop::make_directories(paths.log, 0755); !status.ok()) {
    return status;
  }
  command.emplace_back("--keep");
  const auto started =
      loop::Process::start_detached(loop, {.argv = agent_command(std::move(command), paths),
                                           .env = {},
                                           .directory = "/",
                                           .stdin_bytes = {},
                                           .output_bytes_max = 0,
                                           .timeout = base::Duration::zero(),
                                           .kill_grace = base::Duration::zero(),
                                           .log_file = paths.agent_log()});
  if (!started.ok()) {
    return started.error();
  }
  return {};
}

bool is_daemon_running(const Paths& paths) {
  return loop::FileLock::holder(paths.keeper_pid()) || running_agent(paths);
}

// The keeper first: it would start the agent again. It ends the agent that it started; what is left
// then had lost its keeper.
base::Status stop_daemon(const Paths& paths, base::Duration wait) {
  if (auto status = stop_holder(paths.keeper_pid(), wait); !status.ok()) {
    return status;
  }
  return stop_holder(paths.pid(), wait);
}

base::Status stop_mirror(const Paths& paths, base::Duration wait) {
  return stop_holder(paths.mirror_pid(), wait);
}

base::Status LogFile::open() {
  const int fd = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
  if (fd < 0) {
    return system_error("open " + path_);
  }
  const bool is_turned = ::dup2(fd, STDOUT_FILENO) >= 0 && ::dup2(fd, STDERR_FILENO) >= 0;
  ::close(fd);
  if (!is_turned) {
    return system_error("turn output to " + path_);
  }
  return {};
}

base::Status LogFile::rotate_if_large() {
  struct stat info {};
  struct stat open_info {};
  if (::stat(path_.c_str(), &info) != 0 || ::fstat(STDERR_FILENO, &open_info) != 0) {
    return {};
  }
  if (info.st_ino != open_info.st_ino || info.st_dev != open_info.st_dev) {
    return open();
  }
  if (static_cast<std::size_t>(info.st_size) <= size_bytes_max_) {
    return {};
  }
  if (::rename(path_.c_str(), (path_ + ".1").c_str()) != 0) {
    return system_error("rename " + path_);
  }
  return open();
}

}  // namespace agent
