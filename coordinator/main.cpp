// linkspan-coordinator: decides who is in a network and tells everyone.
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "coordinator/server/serve_options.h"
#include "coordinator/server/server.h"
#include "overlay/base/log.h"
#include "overlay/crypto/certificate.h"
#include "overlay/crypto/random.h"
#include "overlay/loop/files.h"
#include "overlay/loop/loop.h"
#include "overlay/loop/redis_where.h"
#include "overlay/loop/signals.h"
#include "overlay/loop/tcp.h"

namespace {

constexpr const char* kDescription =
    "linkspan-coordinator decides who is in a Linkspan network and tells everyone.\n"
    "\n"
    "One command is a whole working coordinator: it makes its keys and certificate, runs its own "
    "Redis in the data directory, and listens. Servers then join with the line that "
    "`linkspan token create` prints.";

constexpr const char* kServeFooter =
    "FILES\n"
    "  DIR/admin.key     the first API key, role admin; mode 0600. `linkspan --key-file` takes it\n"
    "  DIR/tls.crt .key  the self-signed certificate; every token carries the pin of its key\n"
    "  DIR/signing.key   signs what agents apply: agents that joined trust no other\n"
    "  DIR/log.key       seals the event log\n"
    "  DIR/redis/        the event log, unless --redis says otherwise\n"
    "  Back up all of DIR. Coordinators that share one Redis need the same tls.*, signing.key and "
    "log.key.\n"
    "\n"
    "SIGNALS\n"
    "  SIGTERM, SIGINT   tell agents to come back a little later, finish what is in progress, "
    "stop Redis, exit 0\n"
    "\n"
    "EXIT STATUS\n"
    "  0 ended by a signal;  1 could not start, one sentence on standard error;  2 wrong usage\n"
    "\n"
    "EXAMPLES\n"
    "  linkspan-coordinator serve --data-dir /var/lib/linkspan-coordinator\n"
    "  linkspan-coordinator serve --data-dir /srv/ls --listen 0.0.0.0:443 --advertise "
    "https://join.example.net\n"
    "  linkspan-coordinator serve --data-dir /srv/ls --redis sentinel:linkspan@10.0.0.1:26379 "
    "--redis-replicas-min 1";

struct Arguments {
  std::string data_dir;
  std::string listen = "0.0.0.0:7443";
  std::string url;
  std::string redis;
  int redis_replicas_min = 0;
  std::string packages_dir;
  std::uint64_t quarantine_s = std::uint64_t{24} * 3600;
  bool is_verbose = false;
};

void add_serve(CLI::App& app, Arguments& arguments) {
  CLI::App* serve = app.add_subcommand("serve", "run the coordinator until SIGTERM");
  serve
      ->add_option("--data-dir", arguments.data_dir,
                   "where keys and the event log are; made if missing")
      ->required()
      ->type_name("DIR");
  serve->add_option("--listen", arguments.listen, "address or name, and port, for HTTPS")
      ->type_name("HOST:PORT")
      ->capture_default_str();
  serve
      ->add_option("--advertise", arguments.url,
                   "URL that servers reach this coordinator by; it stands in join lines. Default: "
                   "https:// and the address of --listen, or of this machine")
      ->type_name("URL");
  serve
      ->add_option("--redis", arguments.redis,
                   "use this Redis instead of an own one: unix:PATH, HOST:PORT, or "
                   "sentinel:NAME@HOST:PORT,HOST:PORT... (the password, if any, is in "
                   "LINKSPAN_REDIS_PASSWORD)")
      ->type_name("WHERE");
  serve
      ->add_option("--redis-replicas-min", arguments.redis_replicas_min,
                   "acknowledge a change only when so many replicas of that Redis have said that "
                   "they have it (WAIT, 2 s at most); needs --redis")
      ->type_name("N")
      ->check(CLI::Range(0, 16))
      ->capture_default_str();
  serve
      ->add_option("--packages-dir", arguments.packages_dir,
                   "Debian packages that joining servers may install from here")
      ->type_name("DIR");
  serve
      ->add_option("--quarantine-s", arguments.quarantine_s,
                   "seconds for which the address of a node that left is given to nobody else")
      ->type_name("SECONDS")
      ->check(CLI::Range(std::uint64_t{0}, std::uint64_t{366} * 24 * 3600))
      ->capture_default_str();
  serve->add_flag("--verbose", arguments.is_verbose, "log more");
  serve->footer(kServeFooter);
}

std::string absolute(const std::string& path) {
  std::error_code code;
  const auto absolute_path = std::filesystem::absolute(path, code);
  return code ? path : absolute_path.lexically_normal().string();
}

base::Result<coordinator::Server::Options> options_of(const Arguments& arguments) {
  const auto listen = loop::resolve_endpoint(arguments.listen);
  if (!listen.ok()) {
    return listen.error().within("--listen");
  }
  coordinator::Server::Options options{
      .data_dir = absolute(arguments.data_dir),
      .listen = listen.value(),
      .url = arguments.url,
      .redis = {},
      .redis_replicas_min = arguments.redis_replicas_min,
      .packages_dir = arguments.packages_dir.empty() ? "" : absolute(arguments.packages_dir),
      .quarantine = std::chrono::seconds(arguments.quarantine_s)};
  while (options.data_dir.size() > 1 && options.data_dir.back() == '/') {
    options.data_dir.pop_back();
  }
  if (auto status = coordinator::check_url(arguments.url); !status.ok()) {
    return status.error().within("--advertise");
  }
  std::error_code code;
  if (!options.packages_dir.empty() && !std::filesystem::is_directory(options.packages_dir, code)) {
    return base::Error(base::Errc::NotFound,
                       "--packages-dir: " + options.packages_dir + " is not a directory");
  }
  if (arguments.redis_replicas_min > 0 && arguments.redis.empty()) {
    return base::Error(base::Errc::Malformed,
                       "--redis-replicas-min: " + std::to_string(arguments.redis_replicas_min) +
                           " without --redis: the coordinator's own Redis has no replicas");
  }
  if (!arguments.redis.empty()) {
    const char* password =
        std::getenv("LINKSPAN_REDIS_PASSWORD");  // NOLINT(concurrency-mt-unsafe): before any thread
    auto redis = loop::parse_redis(arguments.redis, password == nullptr ? "" : password);
    if (!redis.ok()) {
      return redis.error().within("--redis");
    }
    options.redis = std::move(redis).value();
  }
  return options;
}

void print_welcome(const coordinator::Server& server) {
  const coordinator::DataDir& dir = server.data_dir();
  const std::string text =
      coordinator::welcome_text({.url = server.url(),
                                 .pin = crypto::curl_pin(dir.pin()),
                                 .admin_key_path = dir.admin_key_path(),
                                 .is_admin_key_there = loop::path_exists(dir.admin_key_path()),
                                 .is_new = dir.is_new()});
  std::printf("%s", text.c_str());
  std::fflush(stdout);
}

int serve(const Arguments& arguments) {
  base::log_open("linkspan-coordinator",
                 arguments.is_verbose ? base::LogLevel::Debug : base::LogLevel::Info);
  auto options = options_of(arguments);
  if (!options.ok()) {
    std::fprintf(stderr, "linkspan-coordinator: %s\n", options.error().text().c_str());
    return 2;
  }
  crypto::init();
  loop::Loop loop;
  std::unique_ptr<coordinator::Server> server;
  auto opened =
      coordinator::Server::open(loop, std::move(options).value(), [&] { print_welcome(*server); });
  if (!opened.ok()) {
    std::fprintf(stderr, "linkspan-coordinator: %s\n", opened.error().text().c_str());
    return 1;
  }
  server = std::move(opened).value();
  bool is_stopping = false;
  const loop::SignalWatcher signals(loop, {SIGTERM, SIGINT}, [&](int) {
    if (std::exchange(is_stopping, true)) {
      return;
    }
    base::log_info("stopping");
    server->stop([&] { loop.stop(); });
  });
  loop.run();
  server.reset();
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app(kDescription, "linkspan-coordinator");
  app.set_version_flag("--version", LINKSPAN_VERSION);
  app.require_subcommand(1);
  app.get_formatter()->column_width(28);
  Arguments arguments;
  add_serve(app, arguments);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const int code = app.exit(error);
    return code == 0 ? 0 : 2;
  }
  return serve(arguments);
}
