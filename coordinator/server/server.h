// The coordinator as a running thing: wires the data directory, the event log, the committer, the
// API and the HTTP server together, and takes them apart again in order.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "coordinator/server/api.h"
#include "coordinator/server/committer.h"
#include "coordinator/server/data_dir.h"
#include "coordinator/server/fleet.h"
#include "coordinator/server/gpu_counts.h"
#include "coordinator/server/packages.h"
#include "coordinator/server/view_hub.h"
#include "coordinator/store/fingerprint_file.h"
#include "coordinator/store/redis_log.h"
#include "overlay/base/metrics.h"
#include "overlay/base/result.h"
#include "overlay/crypto/random.h"
#include "overlay/loop/embedded_redis.h"
#include "overlay/loop/http_server.h"
#include "overlay/loop/loop.h"
#include "overlay/loop/timer.h"

namespace coordinator {

class Server {
 public:
  static constexpr base::Duration kAdminKeyRetry = std::chrono::seconds(2);
  // Answers in progress get this long when the coordinator ends.
  static constexpr base::Duration kDrainWait = std::chrono::seconds(5);

  struct Options {
    std::string data_dir;  // absolute
    base::Endpoint listen;
    std::string url;  // advertised; empty: https:// and the address of `listen`, or of this machine
    std::optional<loop::Redis::Options> redis;  // empty: our own
    int redis_replicas_min = 0;                 // that must have what is acknowledged
    std::string packages_dir;                   // empty: none
    base::Duration quarantine = std::chrono::hours(24);
    std::size_t connections_max = 65'536;
    // From one address: thousands of agents may sit behind one NAT, and still not shut out others.
    std::size_t connections_per_remote_max = 32'768;
  };

  // Opens the data directory, starts Redis if it is ours to start, listens. From then on requests
  // are answered, most of them with 503 until on_ready.
  //
  // Errors: one sentence for the operator: the port or the directory is in use, a file is damaged,
  // the disk is full. Nothing runs then.
  static base::Result<std::unique_ptr<Server>> open(loop::Loop& loop, Options options,
                                                    std::function<void()> on_ready);
  // For open().
  Server(loop::Loop& loop, Options options, DataDir data_dir, std::function<void()> on_ready);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Tells followers to come back, ends what is in progress, remembers where the log is, stops
  // Redis; then `done`. The object may be destroyed in it.
  void stop(std::function<void()> done);

  const std::string& url() const { return url_; }
  const DataDir& data_dir() const { return data_dir_; }
  base::Endpoint local() const { return http_->local(); }
  Committer& committer() { return *committer_; }

 private:
  base::Status start();
  void wire(const std::optional<Fingerprint>& known);
  void handle_phase(Committer::Phase phase);
  void handle_touched(const std::vector<model::ViewId>& views, const std::vector<Touch>& touched);
  void make_admin_key();
  void later(base::Duration wait, std::function<void()> act);
  void gather(base::Metrics& metrics);
  void remember();

  loop::Loop& loop_;
  Options options_;
  DataDir data_dir_;
  std::function<void()> on_ready_;
  std::string url_;
  crypto::SystemRandom random_;
  base::Metrics metrics_;
  GpuCounts gpu_counts_;
  std::map<std::string, std::uint64_t> counted_;  // what gather() counted up to, by metric
  Fleet fleet_;
  std::map<std::uint64_t, loop::Timer> timers_;  // of later()
  std::uint64_t next_timer_ = 0;
  FingerprintFile fingerprint_;
  std::unique_ptr<loop::EmbeddedRedis> redis_;
  std::unique_ptr<RedisLog> log_;
  std::unique_ptr<Committer> committer_;
  std::unique_ptr<ViewHub> hub_;
  std::unique_ptr<Packages> packages_;
  std::unique_ptr<Api> api_;
  std::unique_ptr<loop::HttpServer> http_;  // destroyed first: its callbacks use all of the others
  bool was_ready_ = false;
};

// The URL that servers reach a coordinator by if nobody says otherwise: the address that it listens
// on, or for "all addresses" the one that this machine speaks to the world from.
std::string default_url(const base::Endpoint& local);

}  // namespace coordinator
