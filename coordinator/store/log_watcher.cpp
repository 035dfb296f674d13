#include "coordinator/store/log_watcher.h"

#include <charconv>
#include <utility>

namespace coordinator {

LogWatcher::LogWatcher(loop::Loop& loop, loop::Redis::Options options, base::RandomSource& random,
                       std::string log_key, std::uint64_t after,
                       std::function<void(std::uint64_t)> on_more)
    : retry_(loop, [this] { wait(); }),
      log_key_(std::move(log_key)),
      last_id_(std::to_string(after) + "-0"),
      on_more_(std::move(on_more)),
      redis_(loop, std::move(options), random, [this](loop::Redis::State state) {
        if (state == loop::Redis::State::Ready) {
          on_more_(kUnknown);  // what came while there was no connection is not told
        }
      }) {
  retry_.start_after(base::Duration(0));
}

void LogWatcher::wait() {
  const auto block_ms = std::chrono::duration_cast<std::chrono::milliseconds>(kBlock).count();
  redis_.command(
      {"XREAD", "COUNT", "1", "BLOCK", std::to_string(block_ms), "STREAMS", log_key_, last_id_},
      2 * kBlock, [this](const base::Result<loop::RedisReply>& reply) { take(reply); });
}

void LogWatcher::take(const base::Result<loop::RedisReply>& reply) {
  if (!reply.ok() || reply.value().is_error()) {
    retry_.start_after(kRetryInterval);
    return;
  }
  // {{key, {{id, {field, value}}}}}, or nil when nothing came.
  const loop::RedisReply& found = reply.value();
  if (found.items.empty() || found.items[0].items.size() != 2 ||
      found.items[0].items[1].items.empty() || found.items[0].items[1].items[0].items.empty()) {
    wait();
    on_more_(kUnknown);  // also sees a log that has become shorter, which no entry would tell
    return;
  }
  last_id_ = found.items[0].items[1].items[0].items[0].text;
  std::uint64_t last = kUnknown;
  std::from_chars(last_id_.data(), last_id_.data() + last_id_.size(), last);
  wait();
  on_more_(last);  // last: it may destroy this
}

}  // namespace coordinator
