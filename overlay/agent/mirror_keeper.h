// The agent's side of linkspan-mirror: writes the site map that it reads, has the container runtime
// pointed at it (and pointed away again), and keeps it running.
//
// Under systemd the mirror is a unit, enabled when the network first has a replica. Elsewhere it is
// a child of the agent, run as the user `linkspan-mirror`, and ends with it. Where the mirror is
// not installed, or was declined at join, only the site map is written.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "overlay/agent/paths.h"
#include "overlay/agent/supervisor.h"
#include "overlay/base/random.h"
#include "overlay/base/result.h"
#include "overlay/loop/loop.h"
#include "overlay/loop/process.h"
#include "overlay/loop/timer.h"
#include "overlay/loop/work_queue.h"
#include "overlay/model/site_map.h"

namespace agent {

class MirrorKeeper {
 public:
  static constexpr base::Duration kApplyTimeout = std::chrono::seconds(30);
  static constexpr base::Duration kRetryFirst = std::chrono::seconds(5);
  static constexpr base::Duration kRetryMax = std::chrono::minutes(2);
  // How often it is looked whether the mirror has been installed meanwhile.
  static constexpr base::Duration kLookInterval = std::chrono::seconds(30);

  struct Options {
    Paths paths;
    bool is_wanted = true;    // not declined at join
    bool is_systemd = false;  // units, instead of a child
    std::string program = "linkspan-mirror";
    std::string user = "linkspan-mirror";  // that the child runs as; its package makes it
  };

  // `on_change` runs, from the loop, when status() or problem() is another than before.
  MirrorKeeper(loop::Loop& loop, base::RandomSource& random, Options options,
               std::function<void()> on_change);
  MirrorKeeper(const MirrorKeeper&) = delete;
  MirrorKeeper& operator=(const MirrorKeeper&) = delete;

  // What the view says now. Cheap when nothing changed.
  void update(model::SiteMap map);

  // "off", "not installed", "no replicas", "running", "starting": for people.
  std::string status() const;
  // What went wrong last; empty while all is well.
  const std::string& problem() const {
    return tool_problem_.empty() ? child_problem_ : tool_problem_;
  }
  std::vector<std::string> sources() const;

 private:
  void write_map();
  void look();
  void start_apply();
  void handle_applied(const loop::Process::Exit& exit);
  void pump_supervisor();
  void start_child();
  void start_unit();
  // `place` is one of the two problems.
  void set_problem(std::string& place, std::string text);

  loop::Loop& loop_;
  Options options_;
  std::function<void()> on_change_;
  loop::WorkQueue disk_;
  Supervisor supervisor_;
  base::Backoff apply_backoff_;
  loop::Timer supervisor_timer_;
  loop::Timer look_timer_;

  model::SiteMap map_;
  std::string written_;             // the file's content as of the last write
  std::vector<std::string> asked_;  // sources of the last successful `runtime apply`
  bool is_map_known_ = false;
  bool is_ever_applied_ = false;
  bool is_writing_ = false;
  bool is_installed_ = false;
  bool is_unit_started_ = false;
  std::string tool_problem_;   // of the site map, `runtime apply`, or the unit
  std::string child_problem_;  // of the mirror that runs as a child
  std::unique_ptr<loop::Process> child_;
  std::unique_ptr<loop::Process> tool_;  // the one-shot in progress
};

}  // namespace agent
