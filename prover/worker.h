// `linkspan-prover run`: a pool's work to the engine, the engine's solutions to the pool, and what
// there is to be seen of both. Wires; decides nothing that a test would want to vary.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "overlay/base/ip.h"
#include "overlay/base/metrics.h"
#include "overlay/base/random.h"
#include "overlay/base/result.h"
#include "overlay/loop/http_server.h"
#include "overlay/loop/loop.h"
#include "overlay/loop/timer.h"
#include "overlay/loop/work_queue.h"
#include "prover/engine/prover.h"
#include "prover/engine_choice.h"
#include "prover/gpu_sensors.h"
#include "prover/pool/pool_client.h"

namespace prover {

class Worker {
 public:
  struct Options {
    PoolClient::Options client;
    // GET /metrics (Prometheus), /healthz (200 while the process works), /readyz (200 while a pool
    // has accepted the worker and an epoch's bases are made). Empty: none.
    std::optional<base::Endpoint> metrics;
    // Every unit of the engine is out: there is no sense in going on. Called once, on the loop.
    std::function<void(const base::Error&)> on_engine_dead;
  };

  static constexpr base::Duration kGatherEvery = std::chrono::seconds(1);

  // Begins to connect and to work at once. Keeps references to `loop`, `srs` and `random`.
  // Errors: the metrics' address is in use.
  static base::Result<std::unique_ptr<Worker>> open(loop::Loop& loop, Options options,
                                                    EngineChoice engine, Srs& srs,
                                                    base::RandomSource& random);
  // For open().
  Worker(loop::Loop& loop, Options options, EngineChoice engine, Srs& srs,
         base::RandomSource& random);
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  // Ends the batches under way, sends what they give, waits for the pool's answers; then `done`, in
  // which the worker may be destroyed. Call once.
  void stop(std::function<void()> done);

  std::optional<base::Endpoint> metrics_local() const;

 private:
  void handle_work(const WorkEvent& work);
  void handle_result(const ResultEvent& result);
  void handle_connection(const ConnectionEvent& connection);
  void handle_found(const Prover::Found& found);
  void gather();
  void gather_units();
  void gather_sensors();
  void handle_http(const loop::HttpServer::Request& request, loop::HttpServer::Responder responder);
  bool is_ready() const;

  loop::Loop& loop_;
  Options options_;
  base::RandomSource& random_;
  base::Metrics metrics_;
  Prover::Stats gathered_;           // what the counters have been told
  std::vector<Engine::Unit> units_;  // as they were last seen
  bool is_engine_dead_ = false;
  std::optional<std::uint64_t> energy_uj_;
  // Its owners: this and the reading that is under way on a thread of work_, one at a time. Null
  // where the engine uses no GPU.
  std::shared_ptr<GpuSensors> gpu_sensors_;
  bool is_stopping_ = false;
  PoolClient client_;
  loop::WorkQueue work_;
  loop::Timer gather_timer_;
  std::unique_ptr<loop::HttpServer> http_;
  std::unique_ptr<Prover> prover_;  // its threads post to the loop: destroyed first
};

}  // namespace prover
