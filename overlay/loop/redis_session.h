// Commands that are sent again until they are answered. For commands that may be carried out twice.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "overlay/base/random.h"
#include "overlay/base/result.h"
#include "overlay/base/time.h"
#include "overlay/loop/loop.h"
#include "overlay/loop/redis.h"
#include "overlay/loop/timer.h"

namespace loop {

class RedisSession {
 public:
  // Between tries of what could not be sent: short, because the connection has a backoff of its
  // own.
  static constexpr base::Duration kRetryInterval = std::chrono::milliseconds(25);

  using Done = std::function<void(base::Result<RedisReply>)>;

  RedisSession(Loop& loop, Redis::Options options, base::RandomSource& random);
  RedisSession(const RedisSession&) = delete;
  RedisSession& operator=(const RedisSession&) = delete;
  ~RedisSession() = default;

  // `done` gets the server's answer, never an error reply: that, too, is an error here (Unavailable
  // with the server's text, at once). Errors: Unavailable when `deadline` passes without an answer.
  // `done` may destroy the session. Until then it runs exactly once, never inside this call.
  void ask(std::vector<std::string> arguments, base::TimePoint deadline, Done done);

  // The same, but sent once and now, on the connection that is there: called from inside `done` of
  // another question, on the one that answered it. `done` may get an error reply. Errors:
  // Unavailable when the connection breaks, or `timeout` passes, before the answer.
  void ask_once(std::vector<std::string> arguments, base::Duration timeout, Done done);

  // Runs one of our scripts by its digest, sending its text only when the server does not have it.
  void run_script(const char* script, std::vector<std::string> keys,
                  std::vector<std::string> arguments, base::TimePoint deadline, Done done);

  Redis::State state() const { return redis_.state(); }

 private:
  struct Question {
    std::vector<std::string> arguments;
    base::TimePoint deadline;
    Done done;
  };

  void send(Question question);
  void send_waiting();

  Loop& loop_;
  Redis redis_;
  Timer retry_;
  std::vector<Question> waiting_;
  std::map<const char*, std::string> digests_;  // of the scripts, as the server named them
};

}  // namespace loop
