#include "overlay/agent/daemon.h"

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>

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

}  // namespace

std::optional<pid_t> running_agent(const Paths& paths) {
  return loop::FileLock::holder(paths.pid());
}

base::Status start_daemon(loop::Loop& loop, const Paths& paths, const std::string& program) {
  if (running_agent(paths)) {
    return {};
  }
  if (auto status = loop::make_directories(paths.log, 0755); !status.ok()) {
    return status;
  }
  const auto started = loop::Process::start_detached(
      loop,
      {.argv = {program, "--state-dir", paths.state, "--run-dir", paths.run, "--log-dir", paths.log,
                "--mirror-cache-dir", paths.mirror_cache, "--log-file", paths.agent_log()},
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

base::Status stop_daemon(const Paths& paths, base::Duration wait) {
  const auto pid = running_agent(paths);
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
    wait_for_end(process_fd, std::chrono::seconds(5));
  }
  ::close(process_fd);
  return status;
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
  if (::stat(path_.c_str(), &info) != 0 ||
      static_cast<std::size_t>(info.st_size) <= size_bytes_max_) {
    return {};
  }
  if (::rename(path_.c_str(), (path_ + ".1").c_str()) != 0) {
    return system_error("rename " + path_);
  }
  return open();
}

}  // namespace agent
