// A real redis-server of a test: on a unix socket in a directory of its own, durable as ours is.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <hiredis/hiredis.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>

#include "overlay/base/check.h"

namespace store_test {

class TempDirectory {
 public:
  TempDirectory() {
    char path[] = "/tmp/store-test-XXXXXX";
    CHECK(::mkdtemp(path) != nullptr);
    path_ = path;
  }
  TempDirectory(const TempDirectory&) = delete;
  TempDirectory& operator=(const TempDirectory&) = delete;
  ~TempDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

class RedisServer {
 public:
  RedisServer() { start(); }
  RedisServer(const RedisServer&) = delete;
  RedisServer& operator=(const RedisServer&) = delete;
  ~RedisServer() { kill(); }

  std::string socket() const { return directory_.path() + "/s"; }

  void start() {
    const std::vector<std::string> words = {"redis-server",
                                            "--port",
                                            "0",
                                            "--unixsocket",
                                            socket(),
                                            "--dir",
                                            directory_.path(),
                                            "--appendonly",
                                            "yes",
                                            "--appendfsync",
                                            "always",
                                            "--save",
                                            "",
                                            "--logfile",
                                            "log"};
    std::vector<char*> argv;
    for (const std::string& word : words) {
      argv.push_back(const_cast<char*>(word.c_str()));  // as posix_spawn wants it
    }
    argv.push_back(nullptr);
    CHECK(::posix_spawnp(&pid_, argv[0], nullptr, nullptr, argv.data(), environ) == 0);
  }
  // As a machine that stops at once.
  void kill() {
    if (pid_ > 0) {
      ::kill(pid_, SIGKILL);
      ::waitpid(pid_, nullptr, 0);
      pid_ = 0;
    }
  }

  // Runs one command over a connection of its own; the server must have answered somebody before.
  std::string command(const std::vector<std::string>& words) const {
    const std::unique_ptr<redisContext, decltype(&redisFree)> context(
        redisConnectUnix(socket().c_str()), redisFree);
    CHECK(context != nullptr && context->err == 0);
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
    CHECK(reply != nullptr);
    return reply->str != nullptr ? std::string(reply->str, reply->len)
                                 : std::to_string(reply->integer);
  }

 private:
  TempDirectory directory_;
  pid_t pid_ = 0;
};

}  // namespace store_test
