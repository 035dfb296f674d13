#include "overlay/agent/mirror_keeper.h"

#include <csignal>
#include <set>
#include <utility>

#include "overlay/agent/programs.h"
#include "overlay/base/log.h"
#include "overlay/loop/files.h"

namespace agent {

MirrorKeeper::MirrorKeeper(loop::Loop& loop, base::RandomSource& random, Options options,
                           std::function<void()> on_change)
    : loop_(loop),
      options_(std::move(options)),
      on_change_(std::move(on_change)),
      disk_(loop, 1),
      supervisor_(random),
      apply_backoff_(kRetryFirst, kRetryMax, random),
      supervisor_timer_(loop,
                        [this] {
                          supervisor_.handle_timeout(loop_.now());
                          pump_supervisor();
                        }),
      look_timer_(loop, [this] { look(); }) {}

void MirrorKeeper::update(model::SiteMap map) {
  if (is_map_known_ && map == map_) {
    return;
  }
  is_map_known_ = true;
  map_ = std::move(map);
  write_map();
}

std::vector<std::string> MirrorKeeper::sources() const {
  std::set<std::string> sources;
  for (const auto& replica : map_.replicas) {
    sources.insert(replica.sources.begin(), replica.sources.end());
  }
  return {sources.begin(), sources.end()};
}

// One write at a time; whatever changed meanwhile is written by the next.
void MirrorKeeper::write_map() {
  if (is_writing_) {
    return;
  }
  struct Write {
    std::string path;
    std::string text;
    base::Status status;
  };
  // Shared: the owners are the job's two halves, which run one after the other.
  auto write = std::make_shared<Write>(Write{options_.paths.site_map(), model::encode(map_), {}});
  const auto queued = disk_.submit(
      [write] { write->status = loop::write_file_atomic(write->path, write->text, 0644); },
      [this, write] {
        is_writing_ = false;
        if (!write->status.ok()) {
          set_problem(tool_problem_, write->status.error().text());
          look_timer_.start_after(kRetryFirst);
          return;
        }
        written_ = write->text;
        if (model::encode(map_) != written_) {
          write_map();
          return;
        }
        look();
      });
  is_writing_ = queued.ok();
}

// Brings everything behind the site map in line with it.
void MirrorKeeper::look() {
  if (!is_map_known_ || is_writing_) {
    return;
  }
  if (model::encode(map_) != written_) {
    write_map();
    return;
  }
  const bool was_installed = is_installed_;
  is_installed_ = options_.is_wanted && find_program(options_.program).has_value();
  const bool has_replicas = !map_.replicas.empty();
  // Without replicas what an earlier agent may have applied is still to be taken back.
  const bool may_be_applied =
      is_ever_applied_ || loop::path_exists(options_.paths.mirror_runtime_journal());
  if (is_installed_ && (has_replicas || may_be_applied) && !tool_ &&
      (!is_ever_applied_ || sources() != asked_)) {
    start_apply();
  }
  if (is_installed_ && has_replicas && options_.is_systemd && !is_unit_started_ && !tool_) {
    start_unit();
  }
  if (!options_.is_systemd) {
    if (supervisor_.state() == Supervisor::State::Running) {
      set_problem(child_problem_, "");  // it came up after all
    }
    supervisor_.set_wanted(loop_.now(), is_installed_ && has_replicas);
    pump_supervisor();
  }
  if (was_installed != is_installed_) {
    on_change_();
  }
  if (!look_timer_.is_started()) {
    look_timer_.start_after(kLookInterval);
  }
}

void MirrorKeeper::start_apply() {
  asked_ = sources();
  auto started = loop::Process::start(
      loop_,
      {.argv = {options_.program, "runtime", "apply", "--state-dir",
                options_.paths.mirror_runtime(), "--site-map", options_.paths.site_map()},
       .env = {},
       .directory = {},
       .stdin_bytes = {},
       .output_bytes_max = std::size_t{64} << 10,
       .timeout = kApplyTimeout,
       .kill_grace = std::chrono::seconds(3),
       .log_file = {}},
      [this](const loop::Process::Exit& exit) { handle_applied(exit); });
  if (!started.ok()) {
    handle_applied({.status = 127,
                    .signal = 0,
                    .is_timed_out = false,
                    .is_output_cut = false,
                    .out = {},
                    .err = started.error().text()});
    return;
  }
  tool_ = std::move(started).value();
}

void MirrorKeeper::handle_applied(const loop::Process::Exit& exit) {
  tool_.reset();
  if (exit.ok()) {
    is_ever_applied_ = true;
    apply_backoff_.reset();
    base::log_info("mirror: the container runtime asks the mirror for " +
                   std::to_string(asked_.size()) + " sources");
    // What it left alone, or what would make the runtime ignore it, is a line on standard error.
    set_problem(tool_problem_, exit.err.substr(0, exit.err.find('\n')));
    look();
    return;
  }
  asked_.clear();
  is_ever_applied_ = false;
  set_problem(tool_problem_, exit.text(options_.program + " runtime apply"));
  look_timer_.start_after(apply_backoff_.next() + kRetryFirst);
}

void MirrorKeeper::start_unit() {
  is_unit_started_ = true;
  auto started = loop::Process::start(
      loop_,
      {.argv = {"systemctl", "--quiet", "enable", "--now", "--no-block", "linkspan-mirror.service"},
       .env = {},
       .directory = {},
       .stdin_bytes = {},
       .output_bytes_max = std::size_t{64} << 10,
       .timeout = kApplyTimeout,
       .kill_grace = std::chrono::seconds(3),
       .log_file = {}},
      [this](const loop::Process::Exit& exit) {
        tool_.reset();
        if (!exit.ok()) {
          is_unit_started_ = false;
          set_problem(tool_problem_, exit.text("systemctl enable linkspan-mirror.service"));
        }
        look_timer_.start_after(exit.ok() ? base::Duration::zero() : kLookInterval);
        on_change_();
      });
  if (!started.ok()) {
    is_unit_started_ = false;
    set_problem(tool_problem_, started.error().text());
    return;
  }
  tool_ = std::move(started).value();
}

void MirrorKeeper::pump_supervisor() {
  while (const auto action = supervisor_.poll_action()) {
    switch (*action) {
      case Supervisor::Action::Start:
        start_child();
        break;
      case Supervisor::Action::Stop:
        if (child_) {
          child_->terminate();
        }
        break;
    }
  }
  if (const auto wake_at = supervisor_.next_timeout()) {
    supervisor_timer_.start_at(*wake_at);
  } else {
    supervisor_timer_.stop();
  }
  on_change_();
}

// setpriv (util-linux) drops the rights and then becomes the mirror, so the process id is the
// mirror's own; with the agent's death it is told to end, since nobody else would look after it.
// Until it has, with the answers that were under way, the lock that it holds keeps a second one
// from starting.
void MirrorKeeper::start_child() {
  const std::string pid_path = options_.paths.mirror_pid();
  const auto lock = loop::FileLock::take_for_child(pid_path);
  if (!lock.ok()) {
    set_problem(child_problem_, lock.error().within("an earlier mirror has not ended yet").text());
    supervisor_.handle_exit(loop_.now());
    return;
  }
  auto started = loop::Process::start(
      loop_,
      {.argv = {"setpriv", "--reuid=" + options_.user, "--regid=" + options_.user, "--init-groups",
                "--inh-caps=-all", "--bounding-set=-all", "--no-new-privs", "--pdeathsig=TERM",
                options_.program, "--role", "node", "--site-map", options_.paths.site_map(),
                "--cache-dir", options_.paths.mirror_cache},
       .env = {{"HOME", "/nonexistent"}},
       .directory = "/",
       .stdin_bytes = {},
       .output_bytes_max = 0,
       .timeout = base::Duration::zero(),
       .kill_grace = std::chrono::seconds(5),
       .log_file = options_.paths.mirror_log(),
       .inherited_fd = lock.value().fd()},
      [this](const loop::Process::Exit& exit) {
        child_.reset();
        if (supervisor_.state() == Supervisor::State::Running) {
          set_problem(child_problem_, exit.text("linkspan-mirror"));
        }
        supervisor_.handle_exit(loop_.now());
        pump_supervisor();
      });
  if (!started.ok()) {
    set_problem(child_problem_, started.error().text());
    supervisor_.handle_exit(loop_.now());
    return;
  }
  child_ = std::move(started).value();
  if (auto status = loop::FileLock::name_holder(pid_path, child_->pid()); !status.ok()) {
    set_problem(child_problem_, status.error().text());
  }
  base::log_info("mirror: started, process " + std::to_string(child_->pid()));
}

std::string MirrorKeeper::status() const {
  if (!options_.is_wanted) {
    return "off";
  }
  if (map_.replicas.empty()) {
    return "no replicas";
  }
  if (!is_installed_) {
    return "not installed";
  }
  const bool is_running =
      options_.is_systemd ? is_unit_started_ : supervisor_.state() == Supervisor::State::Running;
  return is_running && is_ever_applied_ ? "running" : "starting";
}

void MirrorKeeper::set_problem(std::string& place, std::string text) {
  if (text == place) {
    return;
  }
  place = std::move(text);
  if (!place.empty()) {
    base::log_warning("mirror: " + place);
  }
  on_change_();
}

}  // namespace agent
