// Shares in Redis: a stream per job, credits by worker, one script per share.
//
//   linkspan:pool:life                 how often the store was opened
//   linkspan:pool:job                  hash: key number hash started_ms
//   linkspan:pool:jobs                 list of the jobs' keys, oldest first
//   linkspan:pool:shares:KEY           stream: n nonce, c commitment, w worker, d credit, t target
//   linkspan:pool:nonces:KEY           hash: nonce -> token of the append that counted it
//   linkspan:pool:commitments:KEY      set
//   linkspan:pool:credits              hash: worker -> sum of credits
//   linkspan:pool:credited_shares      hash: worker -> number of shares
//
// KEY is the job's, in hex; a nonce 16 hex digits of the number. One pool uses one Redis.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "overlay/base/random.h"
#include "overlay/loop/loop.h"
#include "overlay/loop/redis.h"
#include "overlay/loop/redis_session.h"
#include "overlay/loop/timer.h"
#include "prover/pool/share_store.h"

namespace prover {

class RedisShareStore : public ShareStore {
 public:
  static constexpr std::size_t kLoadPage = 1000;                      // shares a round trip
  static constexpr std::size_t kWorkersMax = 1'000'000;               // credits that are loaded
  static constexpr std::size_t kSharesMax = 4'000'000;                // of the living job
  static constexpr base::Duration kTryFor = std::chrono::seconds(5);  // then it is logged
  static constexpr base::Duration kRetryInterval = std::chrono::seconds(1);

  // `random` must outlive this.
  RedisShareStore(loop::Loop& loop, loop::Redis::Options options, base::RandomSource& random);

  void load(std::function<void(base::Result<Contents>)> done) override;
  void begin_job(const LivingJob& job, std::function<void()> done) override;
  void append(const AcceptedShare& share, std::function<void(Appended)> done) override;

  // Writes that have not been answered.
  std::size_t in_flight() const { return in_flight_; }

 private:
  struct Loading;
  struct Write;

  void load_page(std::shared_ptr<Loading> loading);
  void load_credits(std::shared_ptr<Loading> loading);
  void run(std::shared_ptr<Write> write);
  void write(const char* script, std::vector<std::string> keys, std::vector<std::string> arguments,
             std::function<void(const std::string&)> done);
  void ask_forever(std::vector<std::string> words, std::function<void(loop::RedisReply)> done);

  loop::Loop& loop_;
  loop::RedisSession session_;
  loop::Timer retry_;
  std::vector<std::function<void()>> retries_;  // what the timer sends again
  std::size_t in_flight_ = 0;
};

}  // namespace prover
