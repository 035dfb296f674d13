// linkspan-agent's shell: wires the machines (view_stream, reconciler, first_ping, reporter) to the
// loop, the disk, the coordinator and the devices. It decides nothing that they do not.
//
// Order at start: the last good view from disk is verified and applied; then the service manager is
// told READY; only then is the coordinator asked. Without a view on disk (right after a join) READY
// waits for the first one, but not longer than kReadyWaitMax: a boot must not hang on a
// coordinator.
//
// The interfaces, routes and rules outlive the agent: nothing is taken down when it ends.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "overlay/agent/coordinator_api.h"
#include "overlay/agent/first_ping.h"
#include "overlay/agent/gpu_watch.h"
#include "overlay/agent/host_watch.h"
#include "overlay/agent/identity.h"
#include "overlay/agent/mirror_keeper.h"
#include "overlay/agent/paths.h"
#include "overlay/agent/reconciler.h"
#include "overlay/agent/reporter.h"
#include "overlay/agent/status.h"
#include "overlay/agent/view_stream.h"
#include "overlay/crypto/random.h"
#include "overlay/device/device.h"
#include "overlay/loop/http_client.h"
#include "overlay/loop/icmp_ping.h"
#include "overlay/loop/loop.h"
#include "overlay/loop/process.h"
#include "overlay/loop/timer.h"
#include "overlay/loop/work_queue.h"

namespace agent {

class Agent {
 public:
  static constexpr base::Duration kReadyWaitMax = std::chrono::seconds(20);
  // status.json follows changes at this pace, and is written now and then all the same.
  static constexpr base::Duration kStatusGap = std::chrono::milliseconds(100);
  static constexpr base::Duration kStatusInterval = std::chrono::seconds(30);

  struct Options {
    Paths paths;
    std::string version;
    bool is_systemd = false;
  };

  // Requires identity.enrolment. `identity` and `device` outlive the agent and the loop: a job that
  // has begun ends on its own thread.
  Agent(loop::Loop& loop, Options options, const Identity& identity, device::Device& device);
  Agent(const Agent&) = delete;
  Agent& operator=(const Agent&) = delete;

  void start();

 private:
  void pump();
  void sleep();
  void act(ViewStream::Connect connect);
  void act(ViewStream::Disconnect disconnect);
  void act(ViewStream::Store store);
  void act(ViewStream::Adopt adopt);

  void restore_view();
  void store_next();
  void run_reconciler();
  void handle_reconciled(const ReconcileOutcome& outcome);
  void send_ping(const FirstPing::Target& target);
  void note_up();
  void note_first_up();
  void send_report();
  void read_addresses();
  void send_update(const model::NodeUpdate& update);
  void ask_for_gpus();
  void note_gpus();
  void become_ready();
  void mark_status();
  void write_status();
  Status make_status() const;
  std::vector<std::string> problems() const;

  loop::Loop& loop_;
  Options options_;
  const Identity& identity_;
  device::Device& device_;
  crypto::SystemRandom random_;
  RequestClock clock_;
  base::TimePoint started_at_;
  base::WallTime started_wall_;

  ViewStream stream_;
  Reconciler reconciler_;
  FirstPing ping_;
  Reporter reporter_;
  HostWatch host_watch_;
  GpuWatch gpu_watch_;
  MirrorKeeper mirror_;

  loop::HttpClient client_;
  loop::Pinger pinger_;
  loop::WorkQueue device_queue_;  // one job: the device is used by one thread at a time
  loop::WorkQueue disk_queue_;    // one job: frames reach the file in order
  loop::WorkQueue status_queue_;
  loop::WorkQueue host_queue_;

  loop::RequestHandle stream_request_;
  int stream_status_ = 0;
  std::string stream_refusal_;  // body of an answer that is not a stream, bounded
  loop::RequestHandle report_request_;
  loop::RequestHandle update_request_;
  std::unique_ptr<loop::Process> gpu_child_;
  std::deque<ViewStream::Store> stores_;
  bool is_storing_ = false;
  bool is_store_broken_ = false;  // the file must be replaced before anything is appended again
  std::optional<std::uint64_t> first_ping_ms_;
  bool is_first_run_after_join_ = false;
  bool is_up_noted_ = false;  // what was last told of it
  bool was_up_ = false;
  std::string device_error_;
  std::string device_problem_;  // what this host cannot do; the rest works
  std::string report_error_;
  std::string update_error_;
  std::optional<model::GpuInventory> gpus_noted_;  // what was last told of them
  std::string gpu_problem_noted_;
  bool is_ready_ = false;
  bool is_stream_started_ = false;
  bool is_status_dirty_ = false;
  bool is_status_writing_ = false;
  std::string status_text_;
  bool is_pumping_ = false;

  loop::Timer pump_timer_;
  loop::Timer ready_timer_;
  loop::Timer status_timer_;
};

}  // namespace agent
