// Real redis-servers of a test: each in a directory of its own, durable as ours is, on a unix
// socket and, where replicas or Sentinels have to find it, on a loopback port.
#pragma once

#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <arpa/inet.h>
#include <hiredis/hiredis.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "overlay/base/check.h"
#include "tests/unit/overlay/loop/temporary_directory.h"

namespace loop {

// A port that nothing listened on just now.
inline int free_port() {
  const int handle = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(at);
  CHECK(::bind(handle, reinterpret_cast<sockaddr*>(&at), size) == 0);
  CHECK(::getsockname(handle, reinterpret_cast<sockaddr*>(&at), &size) == 0);
  ::close(handle);
  return ntohs(at.sin_port);
}

// A program that is there as long as this.
class ServerProcess {
 public:
  explicit ServerProcess(const std::vector<std::string>& words) {
    std::vector<char*> argv;
    for (const std::string& word : words) {
      argv.push_back(const_cast<char*>(word.c_str()));  // as posix_spawn wants it
    }
    argv.push_back(nullptr);
    CHECK(::posix_spawnp(&pid_, argv[0], nullptr, nullptr, argv.data(), environ) == 0);
  }
  ServerProcess(const ServerProcess&) = delete;
  ServerProcess& operator=(const ServerProcess&) = delete;
  // As a machine that stops at once.
  ~ServerProcess() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  void signal(int number) const { CHECK(::kill(pid_, number) == 0); }

 private:
  pid_t pid_ = 0;
};

using Context = std::unique_ptr<redisContext, decltype(&redisFree)>;

// The answer to one command as text, empty when there is nobody.
inline std::string ask(const Context& context, const std::vector<std::string>& words) {
  if (context == nullptr || context->err != 0) {
    return "";
  }
  std::vector<const char*> argv;
  std::vector<std::size_t> sizes;
  for (const std::string& word : words) {
    argv.push_back(word.data());
    sizes.push_back(word.size());
  }
  const std::unique_ptr<redisReply, decltype(&freeReplyObject)> reply(
      static_cast<redisReply*>(redisCommandArgv(context.get(), static_cast<int>(argv.size()),
                                                argv.data(), sizes.data())),
      freeReplyObject);
  if (reply == nullptr) {
    return "";
  }
  return reply->str != nullptr ? std::string(reply->str, reply->len)
                               : std::to_string(reply->integer);
}

inline std::string ask_port(int port, const std::vector<std::string>& words) {
  return ask(Context(redisConnect("127.0.0.1", port), redisFree), words);
}

class RedisServer {
 public:
  // `port` 0: the unix socket only. `extra` are options of redis-server.
  explicit RedisServer(int port = 0, std::vector<std::string> extra = {})
      : port_(port), extra_(std::move(extra)) {
    start();
  }

  std::string socket() const { return directory_.path() + "/s"; }
  int port() const { return port_; }

  void start() {
    std::vector<std::string> words = {"redis-server", "--port", std::to_string(port_)};
    words.insert(words.end(), {"--bind", "127.0.0.1", "--unixsocket", socket()});
    words.insert(words.end(), {"--dir", directory_.path(), "--logfile", "log", "--save", ""});
    words.insert(words.end(), {"--appendonly", "yes", "--appendfsync", "always"});
    words.insert(words.end(), extra_.begin(), extra_.end());
    process_.emplace(words);
  }
  void kill() { process_.reset(); }
  // As a machine that hangs: its connections stay, and it answers nothing until resume().
  void pause() const { process_->signal(SIGSTOP); }
  void resume() const { process_->signal(SIGCONT); }

  // Runs one command over a connection of its own; the server must have answered somebody before.
  std::string command(const std::vector<std::string>& words) const {
    const Context context(redisConnectUnix(socket().c_str()), redisFree);
    CHECK(context != nullptr && context->err == 0);
    return ask(context, words);
  }
  bool is_answering() const {
    return ask(Context(redisConnectUnix(socket().c_str()), redisFree), {"PING"}) == "PONG";
  }

 private:
  TemporaryDirectory directory_;
  int port_;
  std::vector<std::string> extra_;
  std::optional<ServerProcess> process_;
};

}  // namespace loop
