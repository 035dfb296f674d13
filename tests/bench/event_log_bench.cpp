// Appends to the event log over a real redis-server, one batch after another as the coordinator
// does: latency and rate by batch size. Prints a table; asserts nothing. Usage: event_log_bench
// [SECONDS].
#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "coordinator/store/redis_log.h"
#include "overlay/base/check.h"
#include "overlay/crypto/random.h"
#include "overlay/loop/embedded_redis.h"

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kEventBytes = 300;

class Bench {
 public:
  Bench(std::string directory, std::chrono::duration<double> span)
      : directory_(std::move(directory)), span_(span) {}

  void run() {
    redis_ = std::move(loop::EmbeddedRedis::start(loop_, {.directory = directory_ + "/redis"},
                                                  random_, {}))
                 .value();
    coordinator::RedisLog::Options options;
    options.redis.unix_path = redis_->socket_path();
    log_ = std::make_unique<coordinator::RedisLog>(loop_, std::move(options), coordinator::LogKey(),
                                                   random_);
    log_->open(std::nullopt, [this](auto opened) {
      CHECK(opened.ok());
      begin();
    });
    loop_.run();
  }

 private:
  void begin() {
    waits_us_.clear();
    started_ = Clock::now();
    append();
  }

  void append() {
    const auto sent = Clock::now();
    std::vector<coordinator::EventBytes> events(kSizes[size_],
                                                coordinator::EventBytes(kEventBytes, 7));
    log_->append(log_->position().sequence, std::move(events), [this, sent](auto outcome) {
      CHECK(outcome.ok());
      const auto now = Clock::now();
      waits_us_.push_back(std::chrono::duration<double, std::micro>(now - sent).count());
      if (now - started_ < span_) {
        append();
        return;
      }
      report(std::chrono::duration<double>(now - started_).count());
      if (++size_ < kSizes.size()) {
        begin();
      } else {
        redis_->stop([this] { loop_.stop(); });
      }
    });
  }

  void report(double seconds) {
    std::ranges::sort(waits_us_);
    const auto at = [&](double share) {
      return waits_us_[static_cast<std::size_t>(share * static_cast<double>(waits_us_.size() - 1))];
    };
    const double batches = static_cast<double>(waits_us_.size());
    std::printf("%6zu  %9.0f  %10.0f  %8.0f  %8.0f  %8.0f\n", kSizes[size_], batches / seconds,
                batches * static_cast<double>(kSizes[size_]) / seconds, at(0.5), at(0.99), at(1.0));
    std::fflush(stdout);
  }

  static constexpr std::array<std::size_t, 5> kSizes = {1, 10, 100, 1000, 4000};

  std::string directory_;
  std::chrono::duration<double> span_;
  loop::Loop loop_;
  crypto::SystemRandom random_;
  std::unique_ptr<loop::EmbeddedRedis> redis_;
  std::unique_ptr<coordinator::RedisLog> log_;
  std::size_t size_ = 0;
  std::vector<double> waits_us_;
  Clock::time_point started_;
};

}  // namespace

int main(int argc, char** argv) {
  crypto::init();
  // The default is a real disk, where /tmp may be memory.
  std::string directory = std::string(argc > 1 ? argv[1] : "/var/tmp") + "/log-bench-XXXXXX";
  CHECK(::mkdtemp(directory.data()) != nullptr);
  std::printf("events  batches/s    events/s    p50 us    p99 us    max us\n");
  Bench(directory, std::chrono::duration<double>(argc > 2 ? std::atof(argv[2]) : 3.0)).run();
  return loop::remove_tree(directory).ok() ? 0 : 1;
}
