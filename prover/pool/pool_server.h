#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "overlay/base/ip.h"
#include "overlay/base/metrics.h"
#include "overlay/base/random.h"
#include "overlay/base/result.h"
#include "overlay/loop/embedded_redis.h"
#include "overlay/loop/http_server.h"
#include "overlay/loop/loop.h"
#include "overlay/loop/redis.h"
#include "overlay/loop/tcp.h"
#include "overlay/loop/timer.h"
#include "overlay/loop/work_queue.h"
#include "prover/pool/epoch_driver.h"
#include "prover/pool/line_socket.h"
#include "prover/pool/pool_machine.h"
#include "prover/pool/redis_share_store.h"
#include "prover/pool/share_verifier.h"

namespace prover {

// A pool as a running thing: wires PoolMachine to sockets, the verifier's threads, Redis and what
// drives the epochs.
//
// A new epoch is made known once its verifier is prepared and the store has turned to it; until
// then shares of the one before still count.
class PoolServer {
 public:
  static constexpr base::Duration kStopMax = std::chrono::seconds(10);  // for shares on their way
  static constexpr base::Duration kPrepareAgain = std::chrono::seconds(5);
  // Verified at once: what the threads of the work queue can do, and some to keep them busy.
  static constexpr std::size_t kVerificationsMax = 16;

  struct Options {
    base::Endpoint listen;
    std::string data_dir;  // absolute; the pool's own Redis is in its folder "redis"
    std::optional<loop::Redis::Options> redis;  // use this one instead
    PoolOptions pool;
    std::uint32_t degree = kPuzzleDegree;
    MakeShareVerifier make_verifier;
    // GET /metrics (Prometheus), /status (pool_status.h), /healthz (200 once ready). Empty: none.
    std::optional<base::Endpoint> http;
  };

  // Listens, starts Redis if it is ours to start, reads what is stored; then takes connections and
  // calls `on_ready`, once. Keeps references to `loop` and `random`.
  //
  // Errors: one sentence for the operator: a port or the directory is in use, the disk is full.
  // Nothing runs then. What only shows later (contents of Redis that are not a pool's) ends in
  // `on_failed`, after which the server is of no use.
  static base::Result<std::unique_ptr<PoolServer>> open(
      loop::Loop& loop, Options options, EpochDriver epochs, base::RandomSource& random,
      std::function<void()> on_ready, std::function<void(const base::Error&)> on_failed);
  // For open().
  PoolServer(loop::Loop& loop, Options options, EpochDriver epochs, base::RandomSource& random,
             std::function<void()> on_ready, std::function<void(const base::Error&)> on_failed);
  ~PoolServer();
  PoolServer(const PoolServer&) = delete;
  PoolServer& operator=(const PoolServer&) = delete;

  // Takes nothing new, answers what is on its way, ends the sessions, stops Redis; then `done`, in
  // which the server may be destroyed. Call once.
  void stop(std::function<void()> done);

  base::Endpoint local() const { return local_; }
  std::optional<base::Endpoint> http_local() const;
  bool is_ready() const { return is_ready_; }
  // Once ready.
  const PoolMachine& machine() const { return *machine_; }

 private:
  base::Status start();
  void handle_loaded(base::Result<ShareStore::Contents> contents);
  void follow_epochs();
  void turn_to(const Job& job);
  void handle_turned(const Job& job);
  void accept(std::unique_ptr<loop::TcpSocket> socket);
  void verify();
  void append();
  void serve_sessions();
  void pump();
  void finish_stop();
  void handle_http(const loop::HttpServer::Request& request, loop::HttpServer::Responder responder);

  loop::Loop& loop_;
  Options options_;
  EpochDriver epochs_;
  base::RandomSource& random_;
  std::function<void()> on_ready_;
  std::function<void(const base::Error&)> on_failed_;
  std::function<void()> on_stopped_;
  base::Metrics metrics_;
  std::unique_ptr<loop::EmbeddedRedis> redis_;
  std::unique_ptr<PoolMachine> machine_;
  std::unique_ptr<RedisShareStore> store_;
  std::unique_ptr<loop::TcpListener> listener_;
  base::Endpoint local_;
  std::map<SessionNumber, std::unique_ptr<LineSocket>> sockets_;
  // Shared with the verifications that run.
  std::shared_ptr<const ShareVerifier> verifier_;
  loop::WorkQueue work_;
  std::uint64_t accepted_seen_ = 0;  // by the driver
  bool is_turning_ = false;          // to another job
  bool is_ready_ = false;
  bool is_stopping_ = false;
  std::optional<base::TimePoint> stop_by_;
  loop::Timer timer_;
  loop::Timer prepare_timer_;
  std::unique_ptr<loop::HttpServer> http_;  // destroyed first: its handler uses the others
};

}  // namespace prover
