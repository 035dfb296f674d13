// The commands that stay: `run` and `pool`.
#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "overlay/base/log.h"
#include "overlay/crypto/random.h"
#include "overlay/loop/files.h"
#include "overlay/loop/redis_where.h"
#include "overlay/loop/signals.h"
#include "prover/command.h"
#include "prover/pool/pool_server.h"
#include "prover/pool/puzzle_verifiers.h"
#include "prover/selftest.h"
#include "prover/worker.h"

namespace prover {
namespace {

constexpr std::uint16_t kPoolPort = 4133;
constexpr std::size_t kPasswordBytesMax = 256;
constexpr std::size_t kReplayBytesMax = std::size_t{64} << 20;

void open_log(bool is_verbose) {
  base::log_open("linkspan-prover", is_verbose ? base::LogLevel::Debug : base::LogLevel::Info);
}

// Runs until SIGTERM or SIGINT, then until what `stop` begins has ended; a second signal ends at
// once.
template <typename Server>
void run_until_signal(loop::Loop& loop, Server& server) {
  bool is_stopping = false;
  const loop::SignalWatcher signals(loop, {SIGTERM, SIGINT}, [&](int) {
    if (std::exchange(is_stopping, true)) {
      base::log_warning("stopping at once: what was under way is lost");
      loop.stop();
      return;
    }
    server.stop([&loop] { loop.stop(); });
  });
  loop.run();
}

bool passes_selftest() {
  return run_selftest([](const std::string& name, const std::string& why) {
    if (!why.empty()) {
      base::log_error("self-test: " + name + ": " + why);
    }
  });
}

base::Result<PoolAddress> parse_pool(const std::string& text) {
  const std::size_t colon = text.rfind(':');
  PoolAddress out{.host = text.substr(0, colon), .port = kPoolPort};
  if (colon != std::string::npos) {
    const std::string digits = text.substr(colon + 1);
    const bool is_number =
        !digits.empty() && digits.size() <= 5 &&
        std::all_of(digits.begin(), digits.end(), [](char c) { return c >= '0' && c <= '9'; });
    const int port = is_number ? std::stoi(digits) : 0;
    if (port < 1 || port > 65'535) {
      return base::Error(base::Errc::Malformed,
                         "\"" + text + "\": port \"" + digits + "\", expected 1 to 65535");
    }
    out.port = static_cast<std::uint16_t>(port);
  }
  if (out.host.empty()) {
    return base::Error(base::Errc::Malformed, "\"" + text + "\", expected HOST:PORT");
  }
  return out;
}

struct RunArguments {
  std::vector<std::string> pools;
  std::string address;
  std::string worker;
  std::string password_file;
  std::string metrics;
  EngineFlags engine;
  SrsOptions srs;
  std::uint32_t degree = kPuzzleDegree;
  bool is_verbose = false;
};

base::Result<Worker::Options> parse_worker_options(const RunArguments& arguments) {
  Worker::Options out;
  for (const std::string& text : arguments.pools) {
    auto pool = parse_pool(text);
    if (!pool.ok()) {
      return pool.error().within("--pool");
    }
    out.client.pools.push_back(std::move(pool).value());
  }
  if (auto address = parse_address(arguments.address); !address.ok()) {
    return address.error().within("--address");
  }
  out.client.worker = arguments.address;
  if (!arguments.worker.empty()) {
    out.client.worker += "." + arguments.worker;
  }
  if (!arguments.password_file.empty()) {
    auto password = loop::read_file(arguments.password_file, kPasswordBytesMax);
    if (!password.ok()) {
      return password.error().within("--password-file");
    }
    out.client.password = std::move(password).value();
    while (!out.client.password.empty() && out.client.password.back() == '\n') {
      out.client.password.pop_back();
    }
  }
  out.client.user_agent = "linkspan-prover/" LINKSPAN_VERSION;
  if (!arguments.metrics.empty()) {
    const auto metrics = base::Endpoint::parse(arguments.metrics);
    if (!metrics.ok()) {
      return metrics.error().within("--metrics");
    }
    out.metrics = metrics.value();
  }
  return out;
}

int run(const RunArguments& arguments) {
  open_log(arguments.is_verbose);
  auto options = parse_worker_options(arguments);
  if (!options.ok()) {
    return fail(options.error(), kExitUsage);
  }
  auto loaded = load_srs(arguments.srs, arguments.degree, BetaH::Unused);
  if (!loaded.ok()) {
    return fail(loaded.error(), kExitFailed);
  }
  ReferenceString reference = std::move(loaded).value();
  auto engine = choose_engine(arguments.engine, {.degree_max = arguments.degree});
  if (!engine.ok()) {
    const bool is_usage = engine.error().code() == base::Errc::Malformed;
    return fail(engine.error(), is_usage ? kExitUsage : kExitFailed);
  }
  if (!engine.value().why_no_gpu.empty()) {
    base::log_info(engine.value().why_no_gpu + "; the processor computes");
  }
  if (!passes_selftest()) {
    return fail(base::Error(base::Errc::Device, "this machine computes wrongly, see above"),
                kExitFailed);
  }
  loop::Loop loop;
  crypto::SystemRandom random;
  int exit_code = 0;
  Worker::Options worker_options = std::move(options).value();
  worker_options.on_engine_dead = [&](const base::Error& error) {
    exit_code = fail(error, kExitDevice);
    loop.stop();
  };
  auto worker = Worker::open(loop, std::move(worker_options), std::move(engine).value(),
                             reference.srs, random);
  if (!worker.ok()) {
    return fail(worker.error(), kExitFailed);
  }
  run_until_signal(loop, *worker.value());
  return exit_code;
}

struct PoolArguments {
  std::string address;
  std::string listen = "0.0.0.0:4133";
  std::string data_dir;
  std::string redis;
  std::string http = "127.0.0.1:9188";
  std::string replay;
  std::uint64_t chain_seed = 1;
  std::uint64_t epoch_seconds = 3600;
  std::uint64_t epoch_shares = 0;
  std::uint64_t target = PoolOptions().target_first;
  std::uint64_t target_cap = PoolOptions().target_cap;
  std::uint32_t degree = kPuzzleDegree;
  SrsOptions srs;
  bool is_verbose = false;
};

base::Result<EpochDriver> make_epochs(const PoolArguments& arguments) {
  const EpochDriver::Pace pace{.length = std::chrono::seconds(arguments.epoch_seconds),
                               .shares = arguments.epoch_shares};
  if (arguments.replay.empty()) {
    return EpochDriver::make_chain(arguments.chain_seed, 1, pace);
  }
  const auto text = loop::read_file(arguments.replay, kReplayBytesMax);
  if (!text.ok()) {
    return text.error().within("--replay");
  }
  auto driver = EpochDriver::replay(text.value(), pace);
  if (!driver.ok()) {
    return driver.error().within(arguments.replay);
  }
  return driver;
}

base::Result<PoolServer::Options> pool_options(const PoolArguments& arguments) {
  PoolServer::Options out;
  const auto listen = base::Endpoint::parse(arguments.listen);
  if (!listen.ok()) {
    return listen.error().within("--listen");
  }
  out.listen = listen.value();
  std::error_code code;
  out.data_dir = std::filesystem::absolute(arguments.data_dir, code).lexically_normal().string();
  const auto address = parse_address(arguments.address);
  if (!address.ok()) {
    return address.error().within("--address");
  }
  out.pool.address = address.value();
  out.pool.target_first = arguments.target;
  out.pool.target_cap = arguments.target_cap;
  out.degree = arguments.degree;
  if (!arguments.redis.empty()) {
    const char* password =
        std::getenv("LINKSPAN_REDIS_PASSWORD");  // NOLINT(concurrency-mt-unsafe): before any thread
    auto redis = loop::parse_redis(arguments.redis, password == nullptr ? "" : password);
    if (!redis.ok()) {
      return redis.error().within("--redis");
    }
    out.redis = std::move(redis).value();
  }
  if (!arguments.http.empty()) {
    const auto http = base::Endpoint::parse(arguments.http);
    if (!http.ok()) {
      return http.error().within("--http");
    }
    out.http = http.value();
  }
  return out;
}

int serve_pool(const PoolArguments& arguments) {
  open_log(arguments.is_verbose);
  auto parsed = pool_options(arguments);
  if (!parsed.ok()) {
    return fail(parsed.error(), kExitUsage);
  }
  PoolServer::Options options = std::move(parsed).value();
  auto epochs = make_epochs(arguments);
  if (!epochs.ok()) {
    return fail(epochs.error(), kExitFailed);
  }
  const auto reference = load_srs(arguments.srs, arguments.degree, BetaH::Required);
  if (!reference.ok()) {
    return fail(reference.error(), kExitFailed);
  }
  options.make_verifier = verify_by_pairing(*reference.value().beta_h);
  loop::Loop loop;
  crypto::SystemRandom random;
  int exit_code = 0;
  const PoolServer* running = nullptr;
  auto server = PoolServer::open(
      loop, std::move(options), std::move(epochs).value(), random,
      [&] { base::log_info("pool: state=ready listen=" + running->local().text()); },
      [&](const base::Error& error) {
        exit_code = fail(error, kExitFailed);
        loop.stop();
      });
  if (!server.ok()) {
    return fail(server.error(), kExitFailed);
  }
  running = server.value().get();
  run_until_signal(loop, *server.value());
  return exit_code;
}

}  // namespace

void add_run_command(CLI::App& app, int& exit_code) {
  auto arguments = std::make_shared<RunArguments>();  // kept by the callback
  CLI::App* command = app.add_subcommand("run", "prove for a pool until SIGTERM");
  with_environment(command->add_option("--pool", arguments->pools,
                                       "pools in order of preference; the port is 4133 if not "
                                       "given"))
      ->required()
      ->delimiter(',')
      ->type_name("HOST:PORT");
  with_environment(command->add_option("--address", arguments->address, "who is paid"))
      ->required()
      ->type_name("aleo1...");
  with_environment(command->add_option("--worker", arguments->worker,
                                       "a name for this machine, added to the address"))
      ->type_name("NAME");
  with_environment(command->add_option("--password-file", arguments->password_file,
                                       "holds the password for the pools that want one"))
      ->type_name("FILE");
  with_environment(command->add_option("--metrics", arguments->metrics,
                                       "serve /metrics, /healthz and /readyz here"))
      ->type_name("ADDRESS:PORT");
  with_environment(command->add_option("--degree", arguments->degree,
                                       "the largest degree that a pool may ask for"))
      ->check(CLI::Range(1U, kDegreeMax))
      ->capture_default_str();
  add_engine_flags(*command, arguments->engine);
  add_srs_flags(*command, arguments->srs);
  command->add_flag("--verbose", arguments->is_verbose, "log more");
  command->footer(
      "SIGTERM finishes the batches under way and sends what they give, which takes up to a "
      "batch's time (a GPU's batches are abandoned); a second one ends at once.\n"
      "Exit status 3: every GPU is lost or computes wrongly.");
  command->callback([arguments, &exit_code] { exit_code = run(*arguments); });
}

void add_pool_command(CLI::App& app, int& exit_code) {
  auto arguments = std::make_shared<PoolArguments>();  // kept by the callback
  CLI::App* command = app.add_subcommand("pool", "be a pool (AleoStratum/2.0.0) until SIGTERM");
  with_environment(command->add_option("--address", arguments->address,
                                       "the pool's own, hashed into every proof"))
      ->required()
      ->type_name("aleo1...");
  with_environment(command->add_option("--data-dir", arguments->data_dir,
                                       "where shares are kept; made if missing"))
      ->required()
      ->type_name("DIR");
  with_environment(command->add_option("--listen", arguments->listen, "for provers"))
      ->type_name("ADDRESS:PORT")
      ->capture_default_str();
  with_environment(
      command->add_option("--http", arguments->http, "serve /metrics, /status and /healthz here"))
      ->type_name("ADDRESS:PORT")
      ->capture_default_str();
  with_environment(
      command->add_option("--redis", arguments->redis,
                          "use this Redis instead of an own one: unix:PATH, HOST:PORT "
                          "or sentinel:NAME@HOST:PORT,... (the password, if any, is in "
                          "LINKSPAN_REDIS_PASSWORD)"))
      ->type_name("WHERE");
  with_environment(command->add_option("--replay", arguments->replay,
                                       "a recorded chain, a line \"HEIGHT HASH\" a block; without "
                                       "it epochs are made up"))
      ->type_name("FILE");
  with_environment(command->add_option("--chain-seed", arguments->chain_seed, "of made-up epochs"))
      ->capture_default_str();
  with_environment(
      command->add_option("--epoch-seconds", arguments->epoch_seconds, "0: not by time"))
      ->capture_default_str();
  with_environment(command->add_option("--epoch-shares", arguments->epoch_shares,
                                       "accepted shares that end an epoch; 0: not by shares"))
      ->capture_default_str();
  with_environment(
      command->add_option("--target", arguments->target, "a new worker's, before it is measured"))
      ->capture_default_str();
  with_environment(
      command->add_option("--target-cap", arguments->target_cap, "no worker's target is above"))
      ->capture_default_str();
  with_environment(command->add_option("--degree", arguments->degree, "of the polynomials"))
      ->check(CLI::Range(1U, kDegreeMax))
      ->capture_default_str();
  add_srs_flags(*command, arguments->srs);
  command->add_flag("--verbose", arguments->is_verbose, "log more");
  command->callback([arguments, &exit_code] { exit_code = serve_pool(*arguments); });
}

}  // namespace prover
