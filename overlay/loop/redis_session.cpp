#include "overlay/loop/redis_session.h"

#include <algorithm>
#include <utility>

namespace loop {

RedisSession::RedisSession(Loop& loop, Redis::Options options, base::RandomSource& random)
    : loop_(loop),
      redis_(loop, std::move(options), random, [this](Redis::State) { send_waiting(); }),
      retry_(loop, [this] { send_waiting(); }) {}

void RedisSession::ask(std::vector<std::string> arguments, base::TimePoint deadline, Done done) {
  send({std::move(arguments), deadline, std::move(done)});
}

void RedisSession::ask_once(std::vector<std::string> arguments, base::Duration timeout, Done done) {
  redis_.command(arguments, timeout, std::move(done));
}

void RedisSession::send(Question question) {
  // The connection's own deadline bounds a server that is silent; the rest is waiting for one.
  // Written out before command() returns: not touched by the move of the question into the
  // callback.
  const std::vector<std::string> arguments = question.arguments;
  redis_.command(arguments, [this, question = std::move(question)](
                                base::Result<RedisReply> reply) mutable {
    if (reply.ok() && !reply.value().is_error()) {
      question.done(std::move(reply));
      return;
    }
    const bool is_answered = reply.ok();
    const std::string text = is_answered ? reply.value().text : reply.error().text();
    const bool is_passing = !is_answered || text.rfind("LOADING", 0) == 0 ||
                            text.rfind("READONLY", 0) == 0 || text.rfind("MASTERDOWN", 0) == 0;
    if (!is_passing || loop_.now() >= question.deadline) {
      question.done(base::Error(base::Errc::Unavailable, is_answered ? "redis: " + text : text));
      return;
    }
    waiting_.push_back(std::move(question));
    if (!retry_.is_started()) {
      retry_.start_after(kRetryInterval);
    }
  });
}

void RedisSession::send_waiting() {
  retry_.stop();
  for (Question& question : std::exchange(waiting_, {})) {
    send(std::move(question));
  }
}

void RedisSession::run_script(const char* script, std::vector<std::string> keys,
                              std::vector<std::string> arguments, base::TimePoint deadline,
                              Done done) {
  const auto digest = digests_.find(script);
  if (digest == digests_.end()) {
    ask({"SCRIPT", "LOAD", script}, deadline,
        [this, script, keys = std::move(keys), arguments = std::move(arguments), deadline,
         done = std::move(done)](base::Result<RedisReply> reply) mutable {
          if (!reply.ok()) {
            done(std::move(reply));
            return;
          }
          digests_[script] = reply.value().text;
          run_script(script, std::move(keys), std::move(arguments), deadline, std::move(done));
        });
    return;
  }
  std::vector<std::string> words = {"EVALSHA", digest->second, std::to_string(keys.size())};
  std::ranges::move(keys, std::back_inserter(words));
  std::ranges::move(arguments, std::back_inserter(words));
  auto again = words;
  ask(std::move(words), deadline,
      [this, script, again = std::move(again), deadline,
       done = std::move(done)](base::Result<RedisReply> reply) mutable {
        if (!reply.ok() && reply.error().text().rfind("redis: NOSCRIPT", 0) == 0) {
          again[0] = "EVAL";  // the server was restarted; this also gives it the script again
          again[1] = script;
          ask(std::move(again), deadline, std::move(done));
          return;
        }
        done(std::move(reply));
      });
}

}  // namespace loop
