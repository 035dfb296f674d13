#include "overlay/loop/embedded_redis.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <csignal>
#include <cstdlib>
#include <utility>

#include <unistd.h>

#include "overlay/base/check.h"
#include "overlay/base/log.h"

namespace loop {
namespace {

constexpr const char* kLockName = "linkspan.lock";
constexpr const char* kSetpriv = "/usr/bin/setpriv";
constexpr base::Duration kOrphanLook = std::chrono::milliseconds(50);
constexpr std::size_t kNamesMax = 4096;
constexpr std::size_t kLogTailBytes = 4096;

// Whether process `pid` works in `directory`, which our servers do and a process that only got the
// same number later does not.
bool works_in(int pid, const std::string& directory) {
  std::array<char, 4096> link{};
  const std::string path = "/proc/" + std::to_string(pid) + "/cwd";
  const ssize_t size = ::readlink(path.c_str(), link.data(), link.size());
  const std::unique_ptr<char, decltype(&std::free)> real(::realpath(directory.c_str(), nullptr),
                                                         std::free);
  return size > 0 && real != nullptr &&
         std::string(link.data(), static_cast<std::size_t>(size)) == real.get();
}

// The server that is still at work in `directory`, or 0.
int orphan_in(const std::string& directory) {
  const auto text = read_file(directory + "/redis.pid", 64);
  int pid = 0;
  if (text.ok()) {
    std::from_chars(text.value().data(), text.value().data() + text.value().size(), pid);
  }
  return pid > 1 && works_in(pid, directory) ? pid : 0;
}

// The last line that the server wrote, to say why it ended.
std::string last_log_line(const std::string& directory) {
  const auto log = read_file(directory + "/redis.log", 64U << 20);
  if (!log.ok()) {
    return "";
  }
  std::string text =
      log.value().substr(log.value().size() - std::min(log.value().size(), kLogTailBytes));
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) {
    text.pop_back();
  }
  const std::size_t line = text.rfind('\n');
  return ": " + (line == std::string::npos ? text : text.substr(line + 1));
}

base::Status check_contents(const std::string& directory) {
  const auto names = list_directory(directory, kNamesMax);
  if (!names.ok()) {
    return names.error();
  }
  if (!names.value().empty() &&
      std::ranges::find(names.value(), kLockName) == names.value().end()) {
    return base::Error(base::Errc::Conflict,
                       directory + ": holds " + names.value().front() +
                           " and was not made by this program, expected an empty directory");
  }
  return {};
}

}  // namespace

base::Status check_redis_directory(const std::string& directory) {
  const auto refuse = [&](const std::string& why) {
    return base::Error(base::Errc::Malformed, "redis directory " + directory + ": " + why);
  };
  if (directory.empty() || directory.front() != '/') {
    return refuse("expected an absolute path");
  }
  const std::size_t socket_size = directory.size() + std::string_view("/redis.sock").size();
  if (socket_size > EmbeddedRedis::kSocketPathMax) {
    return refuse("its socket's path has " + std::to_string(socket_size) +
                  " bytes, a socket's path may have " +
                  std::to_string(EmbeddedRedis::kSocketPathMax));
  }
  const bool is_plain = std::ranges::none_of(directory, [](char c) {
    return c == '"' || c == '\\' || static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
  });
  return is_plain ? base::Status() : refuse("has quotes, backslashes or control characters");
}

std::string redis_configuration(const std::string& directory) {
  const auto quoted = [&](const char* name) { return "\"" + directory + "/" + name + "\"\n"; };
  return "# Written at each start.\n"
         "port 0\n"
         "unixsocket " +
         quoted("redis.sock") +
         "unixsocketperm 700\n"
         "dir \"" +
         directory +
         "\"\n"
         "pidfile " +
         quoted("redis.pid") + "logfile " + quoted("redis.log") +
         "daemonize no\n"
         "supervised no\n"
         "databases 1\n"
         // Every acknowledged write is on disk; a last batch cut short by a crash is dropped whole.
         "appendonly yes\n"
         "appendfsync always\n"
         "no-appendfsync-on-rewrite no\n"
         "aof-load-truncated yes\n"
         "aof-use-rdb-preamble yes\n"
         "save \"\"\n"
         // The log is never thrown away to make room: a write that does not fit is refused.
         "maxmemory 0\n"
         "maxmemory-policy noeviction\n";
}

base::Result<std::unique_ptr<EmbeddedRedis>> EmbeddedRedis::start(
    Loop& loop, Options options, base::RandomSource& random, std::function<void(State)> on_state) {
  constexpr mode_t kDirectoryMode = 0700;
  constexpr mode_t kFileMode = 0600;
  const std::string& directory = options.directory;
  if (auto status = check_redis_directory(directory); !status.ok()) {
    return status.error();
  }
  if (auto status = make_directories(directory, kDirectoryMode); !status.ok()) {
    return status.error();
  }
  if (auto status = check_contents(directory); !status.ok()) {
    return status.error();
  }
  auto lock = FileLock::take(directory + "/" + kLockName, kFileMode);
  if (!lock.ok()) {
    return lock.error().within("redis directory in use");
  }
  if (auto status =
          write_file_atomic(directory + "/redis.conf", redis_configuration(directory), kFileMode);
      !status.ok()) {
    return status.error();
  }
  auto redis = std::make_unique<EmbeddedRedis>(loop, std::move(options), random,
                                               std::move(on_state), std::move(lock).value());
  redis->begin();
  return redis;
}

EmbeddedRedis::EmbeddedRedis(Loop& loop, Options options, base::RandomSource& random,
                             std::function<void(State)> on_state, FileLock lock)
    : loop_(loop),
      options_(std::move(options)),
      random_(random),
      on_state_(std::move(on_state)),
      lock_(std::move(lock)),
      backoff_(kRestartFirst, kRestartMax, random),
      timer_(loop, [this] { begin(); }) {}

EmbeddedRedis::~EmbeddedRedis() = default;

void EmbeddedRedis::begin() {
  if (orphan_in(options_.directory) != 0) {
    end_orphan();
  } else {
    orphan_deadline_.reset();
    spawn();
  }
}

// Two servers over one append-only file would ruin it, so ours waits until the other is gone.
void EmbeddedRedis::end_orphan() {
  const int pid = orphan_in(options_.directory);
  if (!orphan_deadline_) {
    orphan_deadline_ = loop_.now() + kOrphanGrace;
    base::log_info("redis: process " + std::to_string(pid) +
                   " was left behind by an earlier run, ending it");
    ::kill(pid, SIGTERM);
  } else if (loop_.now() >= *orphan_deadline_) {
    ::kill(pid, SIGKILL);
  }
  timer_.start_after(kOrphanLook);
}

void EmbeddedRedis::spawn() {
  Process::Options process;
  if (path_exists(kSetpriv)) {
    // The signal is tied to the thread that starts the child: the loop's, which ends with the
    // process.
    process.argv = {kSetpriv, "--pdeathsig", "TERM"};
  }
  process.argv.push_back(options_.program);
  process.argv.push_back(options_.directory + "/redis.conf");
  process.directory = options_.directory;
  process.timeout = base::Duration(0);
  process.kill_grace = kStopGrace;
  started_at_ = loop_.now();
  auto child = Process::start(loop_, std::move(process),
                              [this](const Process::Exit& exit) { handle_exit(exit); });
  if (!child.ok()) {
    why_ = child.error().within("redis");
    base::log_error(why_.error().text());
    timer_.start_after(backoff_.next());
    return;
  }
  child_ = std::move(child).value();
  Redis::Options redis;
  redis.unix_path = socket_path();
  redis.reconnect_first = std::chrono::milliseconds(10);
  redis.reconnect_max = std::chrono::milliseconds(200);
  connection_ = std::make_unique<Redis>(loop_, std::move(redis), random_,
                                        [this](Redis::State state) { handle_connection(state); });
}

void EmbeddedRedis::handle_exit(const Process::Exit& exit) {
  child_.reset();
  connection_.reset();
  if (is_stopping_) {
    state_ = State::Stopped;
    if (on_stopped_) {
      std::exchange(on_stopped_, nullptr)();  // last: it may destroy this
    }
    return;
  }
  why_ = base::Error(base::Errc::Unavailable,
                     exit.text("redis-server") + last_log_line(options_.directory));
  base::log_error(why_.error().text());
  if (loop_.now() - started_at_ >= kStableAfter) {
    backoff_.reset();
  }
  ++restarts_;
  timer_.start_after(backoff_.next());
  set_state(State::Starting);
}

void EmbeddedRedis::handle_connection(Redis::State state) {
  if (is_stopping_) {
    return;
  }
  if (state == Redis::State::Ready) {
    why_ = {};
    set_state(State::Running);
  } else if (state == Redis::State::Waiting) {
    set_state(State::Starting);
  }
}

void EmbeddedRedis::stop(std::function<void()> done) {
  CHECK(!is_stopping_);
  is_stopping_ = true;
  timer_.stop();
  connection_.reset();
  if (child_) {
    on_stopped_ = std::move(done);
    child_->terminate();
    return;
  }
  state_ = State::Stopped;
  loop_.post(std::move(done));
}

void EmbeddedRedis::set_state(State state) {
  if (state != state_) {
    state_ = state;
    if (on_state_) {
      on_state_(state);
    }
  }
}

}  // namespace loop
