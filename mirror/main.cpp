// linkspan-mirror: images from the nearest registry replica.
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>

#include <CLI/CLI.hpp>
#include <unistd.h>

#include "mirror/proxy/node.h"
#include "mirror/runtime/containerd_check.h"
#include "mirror/runtime/runtime_config.h"
#include "mirror/select/explain.h"
#include "mirror/select/site_map.h"
#include "overlay/base/log.h"
#include "overlay/crypto/random.h"
#include "overlay/loop/files.h"
#include "overlay/loop/http_client.h"
#include "overlay/loop/loop.h"
#include "overlay/loop/process.h"
#include "overlay/loop/signals.h"
#include "overlay/loop/timer.h"

namespace {

constexpr const char* kDescription =
    "Images from the nearest registry replica.\n\n"
    "Without a command: runs the mirror. In the role `node` it listens on a loopback address as an "
    "OCI\n"
    "pull proxy for the sources of the site map, which the agent writes. Each pull goes to the "
    "nearest\n"
    "healthy replica that has the content, is verified, kept in the cache, and resumed at another\n"
    "replica when one dies in the middle. What no replica has is answered with 404 at once, and "
    "the\n"
    "container runtime goes on to the source itself.\n\n"
    "On the same address: /metrics (Prometheus text), /explain (JSON), /healthz.\n"
    "SIGTERM and SIGINT: takes no new connection, lets answers under way end for 3 s, exits. What\n"
    "is cut off then, the runtime asks the next host for, from the byte that it has. A second "
    "SIGINT\n"
    "ends it at once.";

constexpr const char* kFooter =
    "FILES\n"
    "  /run/linkspan/site-map.json         which replicas there are; the agent writes it, and it "
    "is\n"
    "                                      read whenever it changes\n"
    "  /var/cache/linkspan-mirror          blobs and manifests; may be emptied while nothing runs\n"
    "  /etc/default/linkspan-mirror        LINKSPAN_MIRROR_OPTIONS: options of the unit\n"
    "\n"
    "EXIT STATUS\n"
    "  0 ended by a signal;  1 could not start, one sentence on standard error;  2 wrong usage\n"
    "\n"
    "EXAMPLES\n"
    "  linkspan-mirror --cache-bytes-max 200000000000\n"
    "  linkspan-mirror explain";

constexpr const char* kExplainFooter =
    "EXIT STATUS\n"
    "  0 printed;  1 no mirror answers, one sentence on standard error;  2 wrong usage\n"
    "\n"
    "EXAMPLES\n"
    "  linkspan-mirror explain\n"
    "  linkspan-mirror explain --json --listen 127.0.0.1:7756";

constexpr const char* kRuntimeFooter =
    "FILES\n"
    "  /etc/containerd/certs.d/SOURCE/hosts.toml   written by apply; bears the mark of this "
    "program\n"
    "  STATE/journal.json                          what apply made, and where the backups are\n"
    "\n"
    "EXIT STATUS\n"
    "  0 done, what was left alone is named on standard error;  1 it cannot be done;  2 wrong "
    "usage\n"
    "\n"
    "EXAMPLES\n"
    "  linkspan-mirror runtime apply\n"
    "  linkspan-mirror runtime remove";

// Together below the 5 s after which an agent that supervises it would kill it. Longer would not
// help: a large blob under way takes minutes as easily as seconds.
constexpr base::Duration kDrainMax = std::chrono::seconds(3);
constexpr unsigned kTidySecondsMax = 1;

struct Settings {
  std::string role = "node";
  std::string listen = "127.0.0.1:7755";
  std::string site_map = "/run/linkspan/site-map.json";
  std::string cache_directory = "/var/cache/linkspan-mirror";
  std::uint64_t cache_bytes_max = std::uint64_t{64} << 30;
  std::uint64_t cache_free_bytes_min = std::uint64_t{1} << 30;
  mirror::RuntimeConfig::Options runtime;
  bool is_verbose = false;
  bool is_json = false;
};

int complain(const std::string& text) {
  std::fprintf(stderr, "linkspan-mirror: %s\n", text.c_str());
  return 1;
}

int run_node(const Settings& settings) {
  const auto listen = base::Endpoint::parse(settings.listen);
  if (!listen.ok()) {
    return complain("--listen: " + listen.error().text());
  }
  // Hashing and writing of several blobs at once, and names resolved beside it. Must come before
  // the pool's first use; what the operator set stands.
  setenv("UV_THREADPOOL_SIZE", "8", /*overwrite=*/0);
  crypto::init();
  loop::ignore_broken_pipes();
  base::log_open("linkspan-mirror",
                 settings.is_verbose ? base::LogLevel::Debug : base::LogLevel::Info);
  loop::Loop loop;
  crypto::SystemRandom random;
  mirror::Node::Options options;
  options.listen = listen.value();
  options.site_map = settings.site_map;
  options.cache = {settings.cache_directory, settings.cache_bytes_max,
                   settings.cache_free_bytes_min};
  auto node = mirror::Node::open(loop, random, options);
  if (!node.ok()) {
    return complain(node.error().text());
  }
  base::log_info("listening on " + node.value()->local().text() + ", cache " +
                 settings.cache_directory);
  bool is_draining = false;
  const loop::SignalWatcher signals(loop, {SIGTERM, SIGINT}, [&](int signal) {
    if (is_draining) {
      // A person at a terminal asks twice and means it. SIGTERM comes once for each thread of an
      // agent that was killed, since its children go from thread to thread (PR_SET_PDEATHSIG).
      if (signal == SIGINT) {
        loop.stop();
      }
      return;
    }
    is_draining = true;
    node.value()->drain(kDrainMax, [&loop] { loop.stop(); });
  });
  loop.run();
  base::log_info("ended");
  // From here on it waits only for jobs of the pool that have begun, and a disk or a name server
  // may keep one for long. Nothing is lost without: the cache is made for a crash at any moment.
  std::signal(SIGALRM, [](int) { std::_Exit(0); });
  alarm(kTidySecondsMax);
  return 0;
}

int run_explain(const Settings& settings) {
  loop::Loop loop;
  loop::HttpClient client(loop);
  loop::HttpRequest request;
  request.url = "http://" + settings.listen + "/explain";
  request.connect_timeout = std::chrono::seconds(2);
  request.total_timeout = std::chrono::seconds(5);
  int status = 1;
  const auto handle =
      client.send(std::move(request), [&](const base::Result<loop::HttpResponse>& answer) {
        if (!answer.ok()) {
          status = complain("the mirror does not answer: " + answer.error().text());
        } else if (answer.value().status != 200) {
          status =
              complain("the mirror answers with status " + std::to_string(answer.value().status));
        } else {
          const std::string& text = answer.value().body;
          std::fputs((settings.is_json ? text : mirror::explain_text(text)).c_str(), stdout);
          status = 0;
        }
        loop.stop();
      });
  loop.run();
  return status;
}

void print_report(const mirror::RuntimeConfig::Report& report) {
  for (const std::string& line : report.done) {
    std::printf("%s\n", line.c_str());
  }
  for (const std::string& line : report.left) {
    std::fprintf(stderr, "linkspan-mirror: left alone: %s\n", line.c_str());
  }
}

// Says what in containerd's configuration would make it ignore the files. Never fails: there may be
// no containerd here, or another runtime.
void check_containerd(const Settings& settings) {
  loop::Loop loop;
  loop::Process::Options options;
  options.argv = {"containerd", "config", "dump"};
  options.timeout = std::chrono::seconds(5);
  const auto process = loop::Process::start(loop, options, [&](const loop::Process::Exit& exit) {
    if (exit.ok()) {
      for (const std::string& line :
           mirror::complaints_about_containerd(exit.out, settings.runtime.certs_directory)) {
        std::fprintf(stderr, "linkspan-mirror: %s\n", line.c_str());
      }
    }
    loop.stop();
  });
  if (process.ok()) {
    loop.run();
  }
}

int run_runtime_apply(const Settings& settings) {
  const auto text = loop::read_file(settings.site_map, mirror::SiteMap::kBytesMax);
  if (!text.ok()) {
    return complain(text.error().text());
  }
  const auto map = mirror::parse_site_map(text.value());
  if (!map.ok()) {
    return complain(map.error().text());
  }
  crypto::init();
  crypto::SystemRandom random;
  const auto report = mirror::RuntimeConfig(settings.runtime, random).apply(map.value().sources());
  if (!report.ok()) {
    return complain(report.error().text());
  }
  print_report(report.value());
  check_containerd(settings);
  return 0;
}

int run_runtime_remove(const Settings& settings) {
  crypto::init();
  crypto::SystemRandom random;
  const auto report = mirror::RuntimeConfig(settings.runtime, random).remove();
  if (!report.ok()) {
    return complain(report.error().text());
  }
  print_report(report.value());
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  Settings settings;
  CLI::App app(kDescription, "linkspan-mirror");
  app.add_option("--role", settings.role, "What it is: node")
      ->check(CLI::IsMember({"node"}))
      ->capture_default_str();
  app.add_option("--listen", settings.listen, "Address and port of the proxy")
      ->capture_default_str();
  app.add_option("--site-map", settings.site_map, "File that says which replicas there are")
      ->capture_default_str();
  app.add_option("--cache-dir", settings.cache_directory, "Where blobs and manifests are kept")
      ->capture_default_str();
  app.add_option("--cache-bytes-max", settings.cache_bytes_max, "Quota of the cache, in bytes")
      ->capture_default_str();
  app.add_option("--cache-free-bytes-min", settings.cache_free_bytes_min,
                 "Bytes that stay free on the cache's disk")
      ->capture_default_str();
  app.add_flag("--verbose", settings.is_verbose, "Log debug lines too");
  auto* const explain = app.add_subcommand("explain", "Print which replica is used, and why");
  explain->add_flag("--json", settings.is_json, "The whole document");
  explain->add_option("--listen", settings.listen, "Address of the running mirror")
      ->capture_default_str();
  auto* const runtime =
      app.add_subcommand("runtime", "Have containerd ask the mirror first, or undo that (as root)");
  runtime->require_subcommand(1);
  auto* const apply = runtime->add_subcommand(
      "apply",
      "Write hosts.toml for every source of the site map; existing files are kept and get the "
      "mirror in front");
  auto* const remove = runtime->add_subcommand(
      "remove", "Put back what was there before; files changed by hand meanwhile are left alone");
  for (auto* const command : {apply, remove}) {
    command->add_option("--state-dir", settings.runtime.state_directory, "Journal and backups")
        ->capture_default_str();
    command->add_option("--certs-dir", settings.runtime.certs_directory, "containerd's config_path")
        ->capture_default_str();
  }
  apply->add_option("--site-map", settings.site_map, "File that says which sources there are")
      ->capture_default_str();
  apply->add_option("--proxy-url", settings.runtime.proxy_url, "Where the mirror listens")
      ->capture_default_str();
  app.require_subcommand(0, 1);
  app.footer(kFooter);
  explain->footer(kExplainFooter);
  for (auto* const command : {runtime, apply, remove}) {
    command->footer(kRuntimeFooter);
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {  // CLI11 reports even --help this way
    return app.exit(error) == 0 ? 0 : 2;
  }
  if (explain->parsed()) {
    return run_explain(settings);
  }
  if (apply->parsed()) {
    return run_runtime_apply(settings);
  }
  if (remove->parsed()) {
    return run_runtime_remove(settings);
  }
  return run_node(settings);
}
