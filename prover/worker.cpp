#include "prover/worker.h"

#include <array>
#include <utility>
#include <vector>

#include "gpu/curve/g1_codec.h"
#include "overlay/base/hex.h"
#include "overlay/base/log.h"
#include "overlay/loop/clock.h"
#include "prover/sensors.h"

namespace prover {
namespace {

constexpr std::size_t kBlockingJobsMax = 4;
const std::vector<double> kLatencyBounds = {0.001, 0.005, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10};

// The nonces of a prefix from a random one on, so that provers without a prefix, or started again,
// do not search the same.
NonceRange nonces_of(const NoncePrefix& prefix, base::RandomSource& random) {
  const auto free_bits = static_cast<unsigned>(64 - 8 * prefix.size_bytes);
  std::array<std::uint8_t, 8> bytes{};
  random.fill(bytes);
  std::uint64_t start = 0;
  for (const std::uint8_t byte : bytes) {
    start = (start << 8) | byte;
  }
  if (free_bits == 64) {
    return {.first = start, .count = ~std::uint64_t{0}};
  }
  const std::uint64_t size = std::uint64_t{1} << free_bits;
  // From the lower half: what is left of the prefix is far more than an epoch's work.
  start &= size / 2 - 1;
  return {.first = (prefix.value << free_bits) + start, .count = size - start};
}

std::string hex_of_nonce(std::uint64_t nonce) {
  std::array<std::uint8_t, 8> bytes{};
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    bytes[i] = static_cast<std::uint8_t>(nonce >> (8 * i));
  }
  return base::hex_encode(bytes);
}

std::string outcome_of(const ResultEvent& result) {
  switch (result.outcome) {
    case ResultEvent::Outcome::Accepted:
    case ResultEvent::Outcome::AcceptedEarlier:
      return "accepted";
    case ResultEvent::Outcome::Refused:
      return "refused_" + std::to_string(result.code);
    case ResultEvent::Outcome::Lost:
      return "lost";
  }
  return "";
}

double seconds(base::Duration span) {
  return std::chrono::duration<double>(span).count();
}

}  // namespace

base::Result<std::unique_ptr<Worker>> Worker::open(loop::Loop& loop, Options options,
                                                   EngineChoice engine, Srs& srs,
                                                   base::RandomSource& random) {
  auto worker = std::make_unique<Worker>(loop, std::move(options), std::move(engine), srs, random);
  if (worker->options_.metrics.has_value()) {
    loop::HttpServer::Options http_options;
    http_options.listen = *worker->options_.metrics;
    auto http =
        loop::HttpServer::open(loop, std::move(http_options),
                               [self = worker.get()](const loop::HttpServer::Request& request,
                                                     loop::HttpServer::Responder responder) {
                                 self->handle_http(request, std::move(responder));
                               });
    if (!http.ok()) {
      return http.error().within("--metrics");
    }
    worker->http_ = std::move(http).value();
  }
  return worker;
}

Worker::Worker(loop::Loop& loop, Options options, EngineChoice engine, Srs& srs,
               base::RandomSource& random)
    : loop_(loop),
      options_(std::move(options)),
      random_(random),
      client_(loop, options_.client, random,
              {.on_work = [this](const WorkEvent& work) { handle_work(work); },
               .on_target = [this](std::uint64_t target) { prover_->set_target(target); },
               .on_result = [this](const ResultEvent& result) { handle_result(result); },
               .on_connection =
                   [this](const ConnectionEvent& connection) { handle_connection(connection); }}),
      work_(loop, kBlockingJobsMax),
      gather_timer_(loop, [this] { gather(); }) {
  if (engine.gpu.has_value()) {
    gpu_sensors_ = std::make_shared<GpuSensors>();
  }
  prover_ = std::make_unique<Prover>(
      srs,
      Prover::Options{.preparing_threads = engine.cpu.threads,
                      .clock = loop::monotonic_now,
                      .transform = engine.transform()},
      [&engine](Engine::OnHit on_hit) {
        return std::move(engine).make(loop::monotonic_now, std::move(on_hit));
      },
      Prover::Callbacks{.on_solution =
                            [this](const Prover::Found& found) {
                              loop_.post([this, found] { handle_found(found); });
                            },
                        .on_wrong_hit =
                            [](const Engine::Hit& hit, const std::string& why) {
                              base::log_error(
                                  "engine is wrong: nonce=" + hex_of_nonce(hit.solution.nonce) +
                                  " why=\"" + why + "\"");
                            }});
  base::log_info("engine: " + prover_->describe());
  gather();
}

Worker::~Worker() = default;

std::optional<base::Endpoint> Worker::metrics_local() const {
  return http_ != nullptr ? std::optional(http_->local()) : std::nullopt;
}

void Worker::handle_work(const WorkEvent& work) {
  prover_->set_target(work.target);
  const NonceRange nonces = nonces_of(work.prefix, random_);
  base::log_info("work: epoch=" + std::to_string(work.job.challenge.epoch_number) +
                 " degree=" + std::to_string(work.job.challenge.degree) + " target=" +
                 std::to_string(work.target) + " first_nonce=" + hex_of_nonce(nonces.first));
  if (is_stopping_) {
    return;
  }
  const auto status = prover_->assign({.challenge = work.job.challenge,
                                       .address = work.job.address,
                                       .nonces = nonces,
                                       .is_clean = true});
  if (!status.ok()) {
    base::log_error("work cannot be done: " + status.error().text());
  }
}

void Worker::handle_found(const Prover::Found& found) {
  const PartialSolution& partial = found.solution.partial;
  const std::string which =
      "share: nonce=" + hex_of_nonce(partial.nonce) + " target=" + std::to_string(found.target);
  const auto number =
      client_.submit({.challenge = found.assignment.challenge, .address = found.assignment.address},
                     {.nonce = partial.nonce,
                      .commitment = gpu::compress(partial.commitment),
                      .proof = encode_proof(found.solution.proof)});
  if (!number.ok()) {
    metrics_.counter("linkspan_prover_shares_total", "shares by result", {{"result", "unsent"}})
        .add();
    base::log_info(which + " result=unsent why=\"" + number.error().text() + "\"");
    return;
  }
  base::log_debug(which + " number=" + std::to_string(number.value()));
}

void Worker::handle_result(const ResultEvent& result) {
  const std::string outcome = outcome_of(result);
  metrics_.counter("linkspan_prover_shares_total", "shares by result", {{"result", outcome}}).add();
  std::string text = "share: number=" + std::to_string(result.share) + " result=" + outcome;
  if (result.latency.has_value()) {
    metrics_
        .histogram("linkspan_prover_pool_latency_seconds", "from a share to the pool's answer",
                   kLatencyBounds)
        .observe(seconds(*result.latency));
    text += " latency_ms=" +
            std::to_string(std::chrono::ceil<std::chrono::milliseconds>(*result.latency).count());
  }
  if (!result.text.empty()) {
    text += " why=\"" + result.text + "\"";
  }
  base::log_info(text);
}

void Worker::handle_connection(const ConnectionEvent& connection) {
  const std::string pool = options_.client.pools[connection.pool].text();
  if (connection.is_working) {
    base::log_info("pool: address=" + pool + " state=working");
  } else {
    base::log_warning("pool: address=" + pool + " state=lost why=\"" + connection.why + "\"");
  }
}

bool Worker::is_ready() const {
  return !is_stopping_ && client_.state() == ClientMachine::State::Working &&
         gathered_.epochs_prepared > 0;
}

void Worker::gather() {
  const Prover::Stats now = prover_->stats();
  const auto count = [this](const char* name, const char* help, std::uint64_t from,
                            std::uint64_t to) {
    metrics_.counter(name, help).add(static_cast<double>(to - from));
  };
  count("linkspan_prover_proofs_total", "proofs computed", gathered_.engine.proofs,
        now.engine.proofs);
  count("linkspan_prover_coefficients_total",
        "coefficients summed, also of batches under way: divided by degree + 1, proofs",
        gathered_.engine.coefficients, now.engine.coefficients);
  count("linkspan_prover_proofs_abandoned_total", "proofs whose work was replaced",
        gathered_.engine.proofs_abandoned, now.engine.proofs_abandoned);
  count("linkspan_prover_hits_total", "commitments that reached the target", gathered_.engine.hits,
        now.engine.hits);
  count("linkspan_prover_hits_wrong_total", "hits that the literal route did not confirm",
        gathered_.hits_wrong, now.hits_wrong);
  count("linkspan_prover_hits_dropped_total",
        "hits for which there was no room or no work any more", gathered_.hits_dropped,
        now.hits_dropped);
  count("linkspan_prover_epochs_prepared_total", "epochs whose bases were made",
        gathered_.epochs_prepared, now.epochs_prepared);
  const auto gauge = [this](const char* name, const char* help, double value) {
    metrics_.gauge(name, help).set(value);
  };
  gauge("linkspan_prover_round_seconds", "the latest batch", seconds(now.engine.round));
  gauge("linkspan_prover_epoch_switch_seconds", "the latest preparation of an epoch",
        seconds(now.epoch_switch));
  gauge("linkspan_prover_preparing", "1 while an epoch is prepared", now.is_preparing ? 1 : 0);
  gauge("linkspan_prover_pool_connected", "1 while a pool has accepted the worker",
        client_.state() == ClientMachine::State::Working ? 1 : 0);
  gauge("linkspan_prover_shares_unanswered", "shares without a result",
        static_cast<double>(client_.unanswered()));
  metrics_.gauge("linkspan_prover_engine_info", "what computes", {{"engine", prover_->describe()}})
      .set(1);
  gather_units();
  gather_sensors();
  gathered_ = now;
  gather_timer_.start_after(kGatherEvery);
}

// A unit that is out says so once in the log and from then on in the metrics; the last one ends the
// program.
void Worker::gather_units() {
  const std::vector<Engine::Unit> now = prover_->units();
  bool has_working = false;
  for (std::size_t i = 0; i < now.size(); ++i) {
    const Engine::Unit& unit = now[i];
    const std::uint64_t reopened = i < units_.size() ? units_[i].reopened : 0;
    has_working = has_working || unit.is_working;
    metrics_
        .gauge("linkspan_prover_unit_working", "1 while the device computes", {{"unit", unit.name}})
        .set(unit.is_working ? 1 : 0);
    metrics_
        .counter("linkspan_prover_unit_reopened_total",
                 "how often the device was lost and came back", {{"unit", unit.name}})
        .add(static_cast<double>(unit.reopened - reopened));
    if (unit.is_working) {
      continue;
    }
    metrics_
        .gauge("linkspan_prover_unit_out_info", "why the device computes no more",
               {{"unit", unit.name}, {"why", unit.why}})
        .set(1);
    if (i >= units_.size() || units_[i].is_working) {
      base::log_error("engine: unit=\"" + unit.name + "\" state=out why=\"" + unit.why + "\"");
    }
  }
  units_ = now;
  if (!has_working && !std::exchange(is_engine_dead_, true) && options_.on_engine_dead) {
    loop_.post([this, why = now.front().why] {
      options_.on_engine_dead(
          base::Error(base::Errc::Device, "no device computes any more, the first is " + why));
    });
  }
}

void Worker::gather_sensors() {
  const auto gauge = [this](const char* name, const char* help, double value) {
    metrics_.gauge(name, help).set(value);
  };
  const SensorReading sensors = read_sensors();
  if (sensors.temperature_c.has_value()) {
    gauge("linkspan_prover_temperature_celsius", "the hottest sensor", *sensors.temperature_c);
  }
  if (sensors.energy_uj.has_value()) {
    if (energy_uj_.has_value() && *sensors.energy_uj >= *energy_uj_) {
      gauge("linkspan_prover_power_watts", "of all processor packages, over the last second",
            static_cast<double>(*sensors.energy_uj - *energy_uj_) / 1e6 / seconds(kGatherEvery));
    }
    energy_uj_ = sensors.energy_uj;
  }
  if (gpu_sensors_ == nullptr || gpu_sensors_->is_reading) {
    return;
  }
  gpu_sensors_->is_reading = true;
  const auto status = work_.submit([sensors = gpu_sensors_] { sensors->read(); },
                                   [this, sensors = gpu_sensors_] {
                                     sensors->is_reading = false;
                                     sensors->publish(metrics_);
                                   });
  if (!status.ok()) {
    gpu_sensors_->is_reading = false;  // too much else to do: at the next second
  }
}

void Worker::handle_http(const loop::HttpServer::Request& request,
                         loop::HttpServer::Responder responder) {
  if (request.path == "/metrics") {
    responder.respond({.status = 200,
                       .headers = {{"content-type", "text/plain; version=0.0.4"}},
                       .body = metrics_.text()});
  } else if (request.path == "/healthz") {
    responder.respond({.status = 200, .headers = {}, .body = "ok\n"});
  } else if (request.path == "/readyz") {
    responder.respond({.status = is_ready() ? 200 : 503,
                       .headers = {},
                       .body = is_ready() ? "ready\n" : "not ready: no work of a pool yet\n"});
  } else {
    responder.respond(
        {.status = 404, .headers = {}, .body = "expected /metrics, /healthz or /readyz\n"});
  }
}

void Worker::stop(std::function<void()> done) {
  is_stopping_ = true;
  base::log_info("stopping: batches under way are finished first");
  // Solutions of the last batches were posted before this job's end is.
  const auto status = work_.submit([this] { prover_->finish(); },
                                   [this, done = std::move(done)] { client_.stop(done); });
  CHECK(status.ok());
}

}  // namespace prover
