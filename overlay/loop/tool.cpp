#include "overlay/loop/tool.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <ctime>
#include <string_view>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "overlay/base/check.h"

namespace loop {
namespace {

constexpr std::size_t kInputBytesMax = std::size_t{32} << 10;  // fits a pipe without a reader
constexpr std::size_t kErrorBytesMax = std::size_t{64} << 10;
constexpr std::size_t kChunkBytes = std::size_t{16} << 10;

base::Error system_error(const std::string& what) {
  const auto code = errno == ENOENT ? base::Errc::NotFound : base::Errc::Unavailable;
  return base::Error(code, what + ": " + std::generic_category().message(errno));
}

class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() { close(); }

  int get() const { return fd_; }
  bool is_open() const { return fd_ >= 0; }
  void close() {
    if (fd_ >= 0) {
      ::close(std::exchange(fd_, -1));
    }
  }

 private:
  int fd_ = -1;
};

struct Pipe {
  Descriptor read;
  Descriptor write;
};

base::Result<Pipe> make_pipe() {
  std::array<int, 2> fds{};
  if (::pipe2(fds.data(), O_CLOEXEC) != 0) {
    return system_error("pipe");
  }
  return Pipe{Descriptor(fds[0]), Descriptor(fds[1])};
}

std::int64_t monotonic_ms() {
  timespec now{};
  CHECK(::clock_gettime(CLOCK_MONOTONIC, &now) == 0);
  return std::int64_t{now.tv_sec} * 1000 + now.tv_nsec / 1'000'000;
}

// The child between its start and its reaping.
class Child {
 public:
  explicit Child(const ToolCall& call) : call_(call), name_(call.argv.front()) {}
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child() {
    if (pid_ > 0) {
      ::kill(pid_, SIGKILL);
      reap();
    }
  }

  base::Status start();
  base::Result<std::string> finish();

 private:
  base::Status offer_input();
  int spawn(posix_spawn_file_actions_t* actions);
  // Appends what can be read; false at the end of the stream.
  static bool drain(Descriptor& from, std::string& into, std::size_t bytes_max, bool& is_over);
  int reap();
  base::Result<std::string> judge(int status);

  const ToolCall& call_;
  const std::string name_;
  pid_t pid_ = -1;
  Pipe input_;
  Pipe output_;
  Pipe errors_;
  std::string out_;
  std::string err_;
  bool is_output_over_ = false;
};

// Before the child exists, with both ends in hand: no SIGPIPE, nothing to interleave.
base::Status Child::offer_input() {
  auto pipe = make_pipe();
  if (!pipe.ok()) {
    return pipe.error();
  }
  input_ = std::move(pipe).value();
  if (call_.input.size() > kInputBytesMax) {
    return base::Error(base::Errc::LimitExceeded,
                       name_ + ": input of " + std::to_string(call_.input.size()) +
                           " bytes, at most " + std::to_string(kInputBytesMax));
  }
  const auto written = ::write(input_.write.get(), call_.input.data(), call_.input.size());
  if (written != static_cast<ssize_t>(call_.input.size())) {
    return system_error(name_ + ": write to its input");
  }
  return {};
}

base::Status Child::start() {
  if (auto status = offer_input(); !status.ok()) {
    return status;
  }
  auto output = make_pipe();
  auto errors = make_pipe();
  if (!output.ok() || !errors.ok()) {
    return output.ok() ? errors.error() : output.error();
  }
  output_ = std::move(output).value();
  errors_ = std::move(errors).value();

  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, input_.read.get(), STDIN_FILENO);
  if (call_.is_daemon) {
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  } else {
    posix_spawn_file_actions_adddup2(&actions, output_.write.get(), STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, errors_.write.get(), STDERR_FILENO);
  }
  posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1);
  const int code = spawn(&actions);
  posix_spawn_file_actions_destroy(&actions);
  input_ = {};
  output_.write.close();
  errors_.write.close();
  if (code != 0) {
    errno = code;
    return system_error("start " + name_);
  }
  return {};
}

int Child::spawn(posix_spawn_file_actions_t* actions) {
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none;
  sigset_t all;
  sigemptyset(&none);
  sigfillset(&all);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &all);
  const int flags =
      POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | (call_.is_daemon ? POSIX_SPAWN_SETSID : 0);
  posix_spawnattr_setflags(&attributes, static_cast<short>(flags));

  std::vector<std::string> arguments = call_.argv;
  std::vector<char*> argv;
  argv.reserve(arguments.size() + 1);
  for (auto& argument : arguments) {
    argv.push_back(argument.data());
  }
  argv.push_back(nullptr);
  std::string path = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
  std::string locale = "LC_ALL=C";
  std::array<char*, 3> environment{path.data(), locale.data(), nullptr};
  const int code =
      posix_spawnp(&pid_, argv[0], actions, &attributes, argv.data(), environment.data());
  posix_spawnattr_destroy(&attributes);
  if (code != 0) {
    pid_ = -1;
  }
  return code;
}

bool Child::drain(Descriptor& from, std::string& into, std::size_t bytes_max, bool& is_over) {
  std::array<char, kChunkBytes> chunk{};
  const auto count = ::read(from.get(), chunk.data(), chunk.size());
  if (count < 0) {
    return errno == EAGAIN || errno == EINTR;
  }
  const auto room = bytes_max - into.size();
  is_over = is_over || static_cast<std::size_t>(count) > room;
  into.append(chunk.data(), std::min(static_cast<std::size_t>(count), room));
  return count > 0;
}

int Child::reap() {
  int status = 0;
  while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  pid_ = -1;
  return status;
}

base::Result<std::string> Child::finish() {
  // By number: glibc 2.36 declares pidfd_open() without C linkage.
  const Descriptor exit(static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0)));
  if (!exit.is_open()) {
    return system_error("pidfd_open " + name_);
  }
  const auto timeout_ms =
      std::chrono::duration_cast<std::chrono::milliseconds>(call_.timeout).count();
  const auto deadline = monotonic_ms() + timeout_ms;
  bool is_error_over = false;  // a long complaint is cut, not refused
  for (bool has_exited = false; !has_exited;) {
    std::array<pollfd, 3> polled{pollfd{exit.get(), POLLIN, 0},
                                 pollfd{output_.read.get(), POLLIN, 0},
                                 pollfd{errors_.read.get(), POLLIN, 0}};
    const auto left = deadline - monotonic_ms();
    const int ready = left <= 0 ? 0 : ::poll(polled.data(), polled.size(), static_cast<int>(left));
    if (ready < 0 && errno == EINTR) {
      continue;
    }
    if (ready <= 0) {
      return base::Error(base::Errc::Unavailable,
                         name_ + ": killed, no end after " + std::to_string(timeout_ms) + " ms");
    }
    if (polled[1].revents != 0 &&
        !drain(output_.read, out_, call_.output_bytes_max, is_output_over_)) {
      output_.read.close();
    }
    if (polled[2].revents != 0 && !drain(errors_.read, err_, kErrorBytesMax, is_error_over)) {
      errors_.read.close();
    }
    has_exited = polled[0].revents != 0;
  }
  // What it wrote before it ended; what a grandchild may still write is not waited for.
  for (auto* from : {&output_.read, &errors_.read}) {
    const bool is_out = from == &output_.read;
    if (from->is_open()) {
      ::fcntl(from->get(), F_SETFL, O_NONBLOCK);
      pollfd polled{from->get(), POLLIN, 0};
      while (::poll(&polled, 1, 0) > 0 &&
             drain(*from, is_out ? out_ : err_, is_out ? call_.output_bytes_max : kErrorBytesMax,
                   is_out ? is_output_over_ : is_error_over)) {
      }
    }
  }
  return judge(reap());
}

base::Result<std::string> Child::judge(int status) {
  std::string what = name_;
  if (call_.argv.size() > 1) {
    what += " " + call_.argv[1];
  }
  if (WIFSIGNALED(status)) {
    return base::Error(base::Errc::Unavailable,
                       what + ": ended by signal " + std::to_string(WTERMSIG(status)));
  }
  if (WEXITSTATUS(status) != 0) {
    std::string_view line = err_;
    while (line.ends_with('\n')) {
      line.remove_suffix(1);
    }
    line = line.substr(line.rfind('\n') + 1);
    return base::Error(base::Errc::Unavailable, what + ": exit status " +
                                                    std::to_string(WEXITSTATUS(status)) +
                                                    (line.empty() ? "" : ": " + std::string(line)));
  }
  if (is_output_over_) {
    return base::Error(base::Errc::LimitExceeded,
                       what + ": output over " + std::to_string(call_.output_bytes_max) + " bytes");
  }
  return std::move(out_);
}

}  // namespace

base::Result<std::string> run_tool(const ToolCall& call) {
  CHECK(!call.argv.empty());
  Child child(call);
  if (auto status = child.start(); !status.ok()) {
    return status.error();
  }
  return child.finish();
}

}  // namespace loop
