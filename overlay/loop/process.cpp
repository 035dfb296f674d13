#include "overlay/loop/process.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <string_view>
#include <utility>

#include <fcntl.h>
#include <linux/close_range.h>
#include <unistd.h>
#include <uv.h>

#include "overlay/base/check.h"
#include "overlay/loop/timer.h"

namespace loop {
namespace {

// The strings of a char*[] that uv_spawn takes, and the array.
class Strings {
 public:
  explicit Strings(std::vector<std::string> strings) : strings_(std::move(strings)) {
    for (std::string& text : strings_) {
      pointers_.push_back(text.data());
    }
    pointers_.push_back(nullptr);
  }
  char** pointers() { return pointers_.data(); }

 private:
  std::vector<std::string> strings_;
  std::vector<char*> pointers_;
};

std::vector<std::string> environment_with(const std::map<std::string, std::string>& extra) {
  std::vector<std::string> all;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string text(*entry);
    if (!extra.contains(text.substr(0, text.find('=')))) {
      all.push_back(text);
    }
  }
  for (const auto& [name, value] : extra) {
    all.push_back(std::string(name).append("=").append(value));
  }
  return all;
}

base::Error start_error(const std::string& program, int code) {
  const auto errc = code == UV_ENOENT ? base::Errc::NotFound : base::Errc::Unavailable;
  return base::Error(errc, "start " + program + ": " + uv_strerror(code));
}

// Descriptor of a log opened for appending, or of /dev/null; -errno when it cannot be opened.
int open_output(const std::string& log_file) {
  constexpr mode_t kLogMode = 0640;
  const int fd = log_file.empty() ? ::open("/dev/null", O_WRONLY | O_CLOEXEC)
                                  : ::open(log_file.c_str(),
                                           O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, kLogMode);
  return fd < 0 ? -errno : fd;
}

uv_stdio_container_t inherited(int fd) {
  uv_stdio_container_t container{};
  container.flags = UV_INHERIT_FD;
  container.data.fd = fd;
  return container;
}

uv_stdio_container_t piped(uv_pipe_t& pipe, int direction) {
  uv_stdio_container_t container{};
  container.flags = static_cast<uv_stdio_flags>(UV_CREATE_PIPE | direction);
  container.data.stream = reinterpret_cast<uv_stream_t*>(&pipe);
  return container;
}

}  // namespace

// Lives until the child is reaped and the last handle has closed, which may be after the Process.
// The handles count in `open_handles`; whoever closes the last one frees the State.
struct Process::State {
  State(Loop& loop, Options given, OnExit callback)
      : options(std::move(given)),
        on_exit(std::move(callback)),
        deadline(loop, [this] { on_deadline(); }) {}

  Options options;
  OnExit on_exit;  // empty once called, or when the Process is gone
  Timer deadline;  // first for SIGTERM, then for SIGKILL, after the exit for late outputs
  uv_process_t process{};
  std::array<uv_pipe_t, 3> pipes{};
  uv_write_t stdin_write{};
  Exit exit;
  int open_handles = 0;
  int open_outputs = 0;
  bool is_running = false;
  bool is_terminated = false;  // SIGTERM was sent, SIGKILL follows
  bool is_owned = true;        // a Process points here
  std::array<char, 16384> buffer{};

  void on_deadline();
  void on_process_exit(std::int64_t status, int signal);
  void append(std::string& text, const char* bytes, std::size_t size);
  void report_when_complete();
  void close(uv_handle_t* handle);
  void free_when_unused();
  void start_pipes();
};

void Process::State::close(uv_handle_t* handle) {
  if (uv_is_closing(handle) != 0) {
    return;
  }
  uv_close(handle, [](uv_handle_t* closed) {
    auto* const state = static_cast<State*>(closed->data);
    --state->open_handles;
    state->free_when_unused();
  });
}

void Process::State::free_when_unused() {
  if (open_handles == 0 && !is_owned) {
    delete this;
  }
}

void Process::State::on_deadline() {
  if (!is_running) {
    // A grandchild holds the outputs open: what has come is all that the caller gets.
    for (std::size_t i = 1; i < pipes.size(); ++i) {
      close(reinterpret_cast<uv_handle_t*>(&pipes[i]));
    }
    open_outputs = 0;
    report_when_complete();
    return;
  }
  if (is_terminated) {
    uv_process_kill(&process, SIGKILL);
    return;
  }
  exit.is_timed_out = true;
  is_terminated = true;
  uv_process_kill(&process, SIGTERM);
  deadline.start_after(options.kill_grace);
}

void Process::State::on_process_exit(std::int64_t status, int signal) {
  is_running = false;
  exit.status = static_cast<int>(status);
  exit.signal = signal;
  close(reinterpret_cast<uv_handle_t*>(&process));
  close(reinterpret_cast<uv_handle_t*>(&pipes[0]));  // nobody reads the rest of standard input
  deadline.start_after(kOutputGrace);
  report_when_complete();
}

void Process::State::append(std::string& text, const char* bytes, std::size_t size) {
  const std::size_t room = options.output_bytes_max - text.size();
  exit.is_output_cut = exit.is_output_cut || size > room;
  text.append(bytes, std::min(size, room));
}

void Process::State::report_when_complete() {
  if (is_running || open_outputs > 0) {
    return;
  }
  deadline.stop();
  if (on_exit) {
    std::exchange(on_exit, nullptr)(std::move(exit));  // may destroy the Process
  }
}

void Process::State::start_pipes() {
  const auto allocate = [](uv_handle_t* handle, std::size_t, uv_buf_t* out) {
    auto* const state = static_cast<State*>(handle->data);
    *out = uv_buf_init(state->buffer.data(), static_cast<unsigned>(state->buffer.size()));
  };
  const auto read = [](uv_stream_t* stream, ssize_t size, const uv_buf_t* bytes) noexcept {
    auto* const state = static_cast<State*>(stream->data);
    if (size >= 0) {
      const bool is_out = stream == reinterpret_cast<uv_stream_t*>(&state->pipes[1]);
      state->append(is_out ? state->exit.out : state->exit.err, bytes->base,
                    static_cast<std::size_t>(size));
      return;
    }
    state->close(reinterpret_cast<uv_handle_t*>(stream));
    --state->open_outputs;
    state->report_when_complete();
  };
  const std::size_t first = options.log_file.empty() ? 1 : pipes.size();  // a log needs no pipes
  for (std::size_t i = first; i < pipes.size(); ++i) {
    CHECK(uv_read_start(reinterpret_cast<uv_stream_t*>(&pipes[i]), allocate, read) == 0);
    ++open_outputs;
  }
  const auto written = [](uv_write_t* request, int) noexcept {
    auto* const state = static_cast<State*>(request->data);
    state->close(reinterpret_cast<uv_handle_t*>(&state->pipes[0]));  // end of input for the child
  };
  stdin_write.data = this;
  const uv_buf_t bytes =
      uv_buf_init(options.stdin_bytes.data(), static_cast<unsigned>(options.stdin_bytes.size()));
  if (uv_write(&stdin_write, reinterpret_cast<uv_stream_t*>(&pipes[0]), &bytes, 1, written) != 0) {
    close(reinterpret_cast<uv_handle_t*>(&pipes[0]));  // the child closed its input at once
  }
}

base::Result<std::unique_ptr<Process>> Process::start(Loop& loop, Options options, OnExit on_exit) {
  CHECK(!options.argv.empty());
  const std::string program = options.argv[0];
  int log = -1;
  if (!options.log_file.empty()) {
    log = open_output(options.log_file);
    if (log < 0) {
      return start_error(program + ": log " + options.log_file, log);
    }
  }

  auto* const state = new State(loop, std::move(options), std::move(on_exit));
  // From here the State frees itself; a Process on it makes every way out the same.
  std::unique_ptr<Process> process(new Process(state));
  for (uv_pipe_t& pipe : state->pipes) {
    CHECK(uv_pipe_init(&loop.handle(), &pipe, /*ipc=*/0) == 0);
    pipe.data = state;
    ++state->open_handles;
  }
  Strings arguments(state->options.argv);
  Strings environment(environment_with(state->options.env));
  std::array<uv_stdio_container_t, 4> stdio{
      piped(state->pipes[0], UV_READABLE_PIPE),
      log < 0 ? piped(state->pipes[1], UV_WRITABLE_PIPE) : inherited(log),
      log < 0 ? piped(state->pipes[2], UV_WRITABLE_PIPE) : inherited(log),
      inherited(state->options.inherited_fd)};
  uv_process_options_t spawn{};
  spawn.file = program.c_str();
  spawn.args = arguments.pointers();
  spawn.env = environment.pointers();
  spawn.cwd = state->options.directory.empty() ? nullptr : state->options.directory.c_str();
  spawn.stdio = stdio.data();
  spawn.stdio_count = state->options.inherited_fd < 0 ? 3 : 4;
  spawn.exit_cb = [](uv_process_t* exited, std::int64_t status, int signal) noexcept {
    static_cast<State*>(exited->data)->on_process_exit(status, signal);
  };
  state->process.data = state;
  ++state->open_handles;  // uv_spawn initialises the handle even when it fails
  const int code = uv_spawn(&loop.handle(), &state->process, &spawn);
  if (log >= 0) {
    ::close(log);
  }
  if (code != 0) {
    state->close(reinterpret_cast<uv_handle_t*>(&state->process));
    return start_error(program, code);
  }
  state->is_running = true;
  state->start_pipes();
  if (state->options.timeout > base::Duration::zero()) {
    state->deadline.start_after(state->options.timeout);
  }
  return process;
}

base::Result<int> Process::start_detached(Loop& loop, Options options) {
  CHECK(!options.argv.empty());
  CHECK(options.stdin_bytes.empty());
  const std::string program = options.argv[0];
  const int input = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  const int output = open_output(options.log_file);
  if (output < 0) {
    if (input >= 0) {
      ::close(input);
    }
    return start_error(program + ": log " + options.log_file, output);
  }
  Strings arguments(options.argv);
  Strings environment(environment_with(options.env));
  std::array<uv_stdio_container_t, 3> stdio{inherited(input), inherited(output), inherited(output)};
  uv_process_options_t spawn{};
  spawn.file = program.c_str();
  spawn.args = arguments.pointers();
  spawn.env = environment.pointers();
  spawn.cwd = options.directory.empty() ? nullptr : options.directory.c_str();
  spawn.stdio = stdio.data();
  spawn.stdio_count = static_cast<int>(stdio.size());
  spawn.flags = UV_PROCESS_DETACHED;  // setsid: signals to our terminal or group do not reach it
  // What whoever started us left open, a lock perhaps, must not live as long as a daemon. Our own
  // descriptors are close-on-exec already; what it gets as 0, 1 and 2 is dup'ed after this.
  ::close_range(3, ~0U, CLOSE_RANGE_CLOEXEC);
  auto* const process = new uv_process_t{};
  const int code = uv_spawn(&loop.handle(), process, &spawn);
  const int pid = process->pid;
  uv_close(reinterpret_cast<uv_handle_t*>(process),
           [](uv_handle_t* handle) { delete reinterpret_cast<uv_process_t*>(handle); });
  ::close(input);
  ::close(output);
  if (code != 0) {
    return start_error(program, code);
  }
  return pid;
}

Process::~Process() {
  state_->is_owned = false;
  state_->on_exit = nullptr;
  state_->deadline.stop();
  if (state_->is_running) {
    // libuv reaps only through an open handle, so that one stays until the exit is seen.
    uv_process_kill(&state_->process, SIGKILL);
  }
  for (uv_pipe_t& pipe : state_->pipes) {
    state_->close(reinterpret_cast<uv_handle_t*>(&pipe));
  }
  state_->free_when_unused();
}

int Process::pid() const {
  return state_->process.pid;
}

void Process::kill(int signal) {
  if (state_->is_running) {
    uv_process_kill(&state_->process, signal);
  }
}

void Process::terminate() {
  if (state_->is_running) {
    uv_process_kill(&state_->process, SIGTERM);
    state_->is_terminated = true;
    state_->deadline.start_after(state_->options.kill_grace);
  }
}

std::string Process::Exit::text(const std::string& what) const {
  std::string text = what + ": ";
  if (is_timed_out) {
    text += "no end within the deadline";
  } else if (signal != 0) {
    text += "ended by signal " + std::to_string(signal);
  } else {
    text += "exit status " + std::to_string(status);
  }
  std::string_view last(err);
  while (!last.empty() && (last.back() == '\n' || last.back() == ' ')) {
    last.remove_suffix(1);
  }
  if (const auto line = last.rfind('\n'); line != std::string_view::npos) {
    last.remove_prefix(line + 1);
  }
  if (!last.empty()) {
    text += ": ";
    text += last;
  }
  return text;
}

}  // namespace loop
