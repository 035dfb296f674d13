// linkspan-agent: keeps this server on its overlay network. This file only wires.
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <malloc.h>

#include "overlay/agent/agent.h"
#include "overlay/agent/agent_keeper.h"
#include "overlay/agent/daemon.h"
#include "overlay/agent/programs.h"
#include "overlay/base/log.h"
#include "overlay/crypto/random.h"
#include "overlay/loop/files.h"
#include "overlay/loop/signals.h"
#include "overlay/loop/timer.h"

namespace {

constexpr base::Duration kStopWaitMax = std::chrono::seconds(10);
// What an agent may take until it is ready, and for a keeper's first restarts.
constexpr base::Duration kStartWaitMax = agent::Agent::kReadyWaitMax + std::chrono::seconds(10);
constexpr base::Duration kStartLookInterval = std::chrono::milliseconds(50);
constexpr base::Duration kLogCheckInterval = std::chrono::minutes(1);

constexpr const char* kFooter =
    "FILES\n"
    "  /var/lib/linkspan/identity.json  who this server is, with its private keys; mode 0600\n"
    "  /var/lib/linkspan/view.bin       the last good view, as it was signed; applied at boot\n"
    "  /var/lib/linkspan/journal.json   what was made on this host, for 'linkspan leave'\n"
    "  /run/linkspan/status.json        what 'linkspan status' shows\n"
    "  /run/linkspan/site-map.json      which image replicas there are, for the mirror\n"
    "  /run/linkspan/agent.pid          locked while an agent runs: at most one does\n"
    "  /var/log/linkspan/agent.log      and agent.log.1, where there is no systemd\n"
    "\n"
    "SIGNALS\n"
    "  SIGTERM, SIGINT   end; interfaces, routes and rules stay, and packets flow on\n"
    "\n"
    "EXIT STATUS\n"
    "  0 ended by a signal, or what was asked for is so;  1 could not start or stop, or no agent\n"
    "  runs, one sentence in the log;  2 wrong usage\n"
    "\n"
    "EXAMPLES\n"
    "  linkspan-agent --daemon\n"
    "  linkspan-agent --debug --log-file /var/log/linkspan/agent.log";

struct Flags {
  agent::Paths paths;
  std::string log_file;
  bool is_debug = false;
  bool is_daemon = false;
  bool is_keeper = false;
  bool is_stop = false;
  bool is_query = false;
};

int fail(const base::Error& error) {
  base::log_error(error.text());
  return 1;
}

// This program, and what a child of it is told besides directories. Under its own name:
// /proc/self/exe would show as that in the list of processes.
std::vector<std::string> own_command(const Flags& flags) {
  std::error_code code;
  const auto program = std::filesystem::read_symlink("/proc/self/exe", code);
  std::vector<std::string> command = {code ? "linkspan-agent" : program.string()};
  if (flags.is_debug) {
    command.emplace_back("--debug");
  }
  return command;
}

// Returns when the last good plan is applied, as Type=notify has it under systemd: what an init
// starts after this finds the overlay address.
int start_daemon(const Flags& flags) {
  if (!loop::path_exists(flags.paths.identity())) {
    return fail(base::Error(base::Errc::NotFound, "this server has not joined a network"));
  }
  loop::Loop loop;
  if (auto status = agent::start_daemon(loop, flags.paths, own_command(flags)); !status.ok()) {
    return fail(status.error());
  }
  bool is_ready = false;
  const base::TimePoint deadline = loop.now() + kStartWaitMax;
  loop::Timer look(loop, [&] {
    const auto status = agent::live_status(flags.paths);
    is_ready = status && status->is_applied;
    if (!is_ready && loop.now() < deadline) {
      look.start_after(kStartLookInterval);
    }
  });
  look.start_after(base::Duration::zero());
  loop.run();
  return is_ready ? 0
                  : fail(base::Error(base::Errc::Unavailable,
                                     "started, but not ready yet; see " + flags.paths.agent_log()));
}

// Turns the output of this process to its log file, if it has one, and looks after that.
class Log {
 public:
  Log(loop::Loop& loop, const std::string& path, std::size_t size_bytes_max)
      : file_(path, size_bytes_max), timer_(loop, [this] { look(); }) {}

  base::Status open() {
    timer_.start_after(kLogCheckInterval);
    return file_.open();
  }

 private:
  void look() {
    if (auto status = file_.rotate_if_large(); !status.ok()) {
      base::log_warning(status.error().text());
    }
    timer_.start_after(kLogCheckInterval);
  }

  agent::LogFile file_;
  loop::Timer timer_;
};

// The keeper's loop, until it is told to end or the server has left.
int run_keeper(const Flags& flags) {
  for (const auto& directory : {flags.paths.run, flags.paths.log}) {
    if (auto status = loop::make_directories(directory, 0755); !status.ok()) {
      return fail(status.error());
    }
  }
  const auto lock = loop::FileLock::take(flags.paths.keeper_pid(), 0644);
  if (!lock.ok()) {
    return fail(lock.error().within("another keeper runs"));
  }
  crypto::SystemRandom random;
  loop::Loop loop;
  Log log(loop, flags.log_file, agent::LogFile::kFollowed);
  if (!flags.log_file.empty()) {
    if (auto status = log.open(); !status.ok()) {
      return fail(status.error());
    }
  }
  agent::AgentKeeper keeper(loop, random, flags.paths,
                            agent::agent_command(own_command(flags), flags.paths),
                            [&] { loop.stop(); });
  const loop::SignalWatcher signals(loop, {SIGTERM, SIGINT}, [&](int) { keeper.stop(); });
  keeper.start();
  loop.run();
  return 0;
}

// The process's own loop, from here to SIGTERM. What jobs on other threads use stands before the
// loop, so that it outlives them.
int run_agent(const Flags& flags, const agent::Identity& identity, device::Device& device) {
  loop::Loop loop;
  const bool is_systemd = agent::is_systemd_running() && flags.log_file.empty();
  agent::Agent agent(loop,
                     {.paths = flags.paths, .version = LINKSPAN_VERSION, .is_systemd = is_systemd},
                     identity, device);
  const loop::SignalWatcher signals(loop, {SIGTERM, SIGINT}, [&](int) { loop.stop(); });

  Log log(loop, flags.log_file, agent::LogFile::kSizeBytesMax);
  if (!flags.log_file.empty()) {
    if (auto status = log.open(); !status.ok()) {
      return fail(status.error());
    }
  }
  agent.start();
  loop.run();
  base::log_info("stopped; the interfaces stay");
  return 0;
}

int run(const Flags& flags) {
  if (auto status = loop::make_directories(flags.paths.run, 0755); !status.ok()) {
    return fail(status.error());
  }
  auto lock = loop::FileLock::take(flags.paths.pid(), 0644);
  if (!lock.ok()) {
    return fail(lock.error().within("another agent runs"));
  }
  auto identity = agent::load_identity(flags.paths.identity());
  if (!identity.ok()) {
    return identity.error().code() == base::Errc::NotFound
               ? fail(identity.error().within("this server has not joined a network"))
               : fail(identity.error());
  }
  if (!identity.value().enrolment) {
    return fail(
        base::Error(base::Errc::Malformed,
                    flags.paths.identity() + ": enrolment: absent, run linkspan join again"));
  }
  auto opened =
      device::Device::open({.journal_path = flags.paths.journal(),
                            .private_key = identity.value().wireguard_key.private_key().bytes()});
  if (!opened.ok()) {
    return fail(opened.error());
  }
  device::Device device = std::move(opened).value();
  base::log_info("version " LINKSPAN_VERSION ", node " +
                 model::text_of(identity.value().enrolment->node_id) + " of network " +
                 identity.value().enrolment->network);
  return run_agent(flags, identity.value(), device);
}

}  // namespace

int main(int argc, char** argv) {
  // One arena for all threads: what they allocate is little, and each arena of its own would keep
  // a megabyte. Three threads: one for the devices, one for the disk, one to spare.
  ::mallopt(M_ARENA_MAX, 1);
  ::setenv("UV_THREADPOOL_SIZE", "3", /*overwrite=*/0);  // before any thread is there
  crypto::init();
  loop::ignore_broken_pipes();
  CLI::App app(
      "Keeps this server on its Linkspan overlay network: follows what the coordinator says, and "
      "keeps "
      "interfaces, routes and rules as they should be. Started by linkspan join, or by its unit.",
      "linkspan-agent");
  app.set_version_flag("--version", LINKSPAN_VERSION);
  app.footer(kFooter);
  Flags flags;
  app.add_option("--state-dir", flags.paths.state, "Keys, enrolment and the last good view")
      ->capture_default_str();
  app.add_option("--run-dir", flags.paths.run, "Status, site map and pidfile")
      ->capture_default_str();
  app.add_option("--log-dir", flags.paths.log, "Logs, where there is no systemd")
      ->capture_default_str();
  app.add_option("--mirror-cache-dir", flags.paths.mirror_cache, "What the mirror keeps")
      ->capture_default_str();
  app.add_option("--log-file", flags.log_file,
                 "Log to this file, and keep it small; default: standard error");
  app.add_flag("--debug", flags.is_debug, "Log more");
  auto* const daemon = app.add_flag(
      "--daemon", flags.is_daemon,
      "Start --keep in the background, and return when the last good plan is in effect");
  auto* const keep = app.add_flag("--keep", flags.is_keeper,
                                  "Run the agent as a child, and start it again whenever it ends");
  auto* const stop = app.add_flag("--stop", flags.is_stop,
                                  "Stop the agent that runs, and its keeper; its interfaces stay");
  auto* const query = app.add_flag("--is-running", flags.is_query,
                                   "Exit with 0 if an agent or its keeper runs, with 1 if not");
  daemon->excludes(keep)->excludes(stop)->excludes(query);
  keep->excludes(stop)->excludes(query);
  stop->excludes(query);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {  // CLI11 reports even --help this way
    return app.exit(error) == 0 ? 0 : 2;
  }
  base::log_open("linkspan-agent", flags.is_debug ? base::LogLevel::Debug : base::LogLevel::Info);
  if (flags.is_query) {
    return agent::is_daemon_running(flags.paths) ? 0 : 1;
  }
  if (flags.is_stop) {
    const auto status = agent::stop_daemon(flags.paths, kStopWaitMax);
    return status.ok() ? 0 : fail(status.error());
  }
  if (flags.is_daemon) {
    return start_daemon(flags);
  }
  if (flags.is_keeper) {
    return run_keeper(flags);
  }
  return run(flags);
}
