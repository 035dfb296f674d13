#include "prover/pool/pool_server.h"

#include <algorithm>
#include <utility>

#include "overlay/base/log.h"
#include "prover/pool/pool_status.h"

namespace prover {

base::Result<std::unique_ptr<PoolServer>> PoolServer::open(
    loop::Loop& loop, Options options, EpochDriver epochs, base::RandomSource& random,
    std::function<void()> on_ready, std::function<void(const base::Error&)> on_failed) {
  auto server = std::make_unique<PoolServer>(loop, std::move(options), std::move(epochs), random,
                                             std::move(on_ready), std::move(on_failed));
  if (auto status = server->start(); !status.ok()) {
    return status.error();
  }
  return server;
}

PoolServer::PoolServer(loop::Loop& loop, Options options, EpochDriver epochs,
                       base::RandomSource& random, std::function<void()> on_ready,
                       std::function<void(const base::Error&)> on_failed)
    : loop_(loop),
      options_(std::move(options)),
      epochs_(std::move(epochs)),
      random_(random),
      on_ready_(std::move(on_ready)),
      on_failed_(std::move(on_failed)),
      work_(loop, kVerificationsMax + 1),  // and the preparation of an epoch
      timer_(loop, [this] { pump(); }),
      prepare_timer_(loop, [this] { follow_epochs(); }) {}

PoolServer::~PoolServer() = default;

base::Status PoolServer::start() {
  auto listener = loop::TcpListener::open(
      loop_, options_.listen,
      [this](std::unique_ptr<loop::TcpSocket> socket) { accept(std::move(socket)); });
  if (!listener.ok()) {
    return listener.error();
  }
  listener_ = std::move(listener).value();
  listener_->pause();
  local_ = listener_->local();
  if (options_.http) {
    loop::HttpServer::Options http;
    http.listen = *options_.http;
    auto opened = loop::HttpServer::open(
        loop_, std::move(http),
        [this](const loop::HttpServer::Request& request, loop::HttpServer::Responder responder) {
          handle_http(request, std::move(responder));
        });
    if (!opened.ok()) {
      return opened.error();
    }
    http_ = std::move(opened).value();
  }
  loop::Redis::Options redis;
  if (options_.redis) {
    redis = *options_.redis;
  } else {
    auto own =
        loop::EmbeddedRedis::start(loop_, {.directory = options_.data_dir + "/redis"}, random_, {});
    if (!own.ok()) {
      return own.error();
    }
    redis_ = std::move(own).value();
    redis.unix_path = redis_->socket_path();
  }
  store_ = std::make_unique<RedisShareStore>(loop_, std::move(redis), random_);
  store_->load(
      [this](base::Result<ShareStore::Contents> contents) { handle_loaded(std::move(contents)); });
  return {};
}

std::optional<base::Endpoint> PoolServer::http_local() const {
  return http_ ? std::optional(http_->local()) : std::nullopt;
}

void PoolServer::handle_loaded(base::Result<ShareStore::Contents> contents) {
  if (!contents.ok()) {
    if (on_failed_) {
      on_failed_(contents.error());
    }
    return;
  }
  machine_ = std::make_unique<PoolMachine>(options_.pool, contents.value(), random_);
  std::optional<EpochDriver::Living> living;
  if (const auto& job = contents.value().job) {
    living = EpochDriver::Living{job->epoch, loop_.wall_now() - job->started_at,
                                 contents.value().shares.size()};
  }
  epochs_.begin(living, loop_.now());
  follow_epochs();
}

// Turns to the epoch that the driver names, one step at a time.
void PoolServer::follow_epochs() {
  epochs_.handle_time(loop_.now());
  const Epoch& epoch = epochs_.epoch();
  const Job job{{epoch.number, epoch.block_hash, options_.degree}, options_.pool.address};
  if (!is_turning_ && !is_stopping_ && machine_->ledger().job() != job) {
    is_turning_ = true;
    turn_to(job);
  }
}

void PoolServer::turn_to(const Job& job) {
  const base::WallTime started_at = loop_.wall_now() + (epochs_.started_at() - loop_.now());
  // Shared by the work thread, which fills it, and what runs after it.
  auto made = std::make_shared<std::optional<base::Result<std::unique_ptr<const ShareVerifier>>>>();
  const auto status = work_.submit(
      [made, job, make = options_.make_verifier] { made->emplace(make(job)); },
      [this, made, job, started_at] {
        if (is_stopping_) {
          return;  // the store may be gone
        }
        if (!(*made)->ok()) {
          base::log_error("epoch " + std::to_string(job.challenge.epoch_number) + ": " +
                          (*made)->error().text());
          is_turning_ = false;
          prepare_timer_.start_after(kPrepareAgain);
          return;
        }
        // Kept by this call and the verifications that will run.
        std::shared_ptr<const ShareVerifier> verifier = std::move(**made).value();
        store_->begin_job(
            {key_of(job), {job.challenge.epoch_number, job.challenge.epoch_block_hash}, started_at},
            [this, job, verifier = std::move(verifier)] {
              verifier_ = verifier;
              handle_turned(job);
            });
      });
  CHECK(status.ok());  // the queue has room for one preparation
}

void PoolServer::handle_turned(const Job& job) {
  is_turning_ = false;
  machine_->handle_job(job);
  base::log_info("epoch " + std::to_string(job.challenge.epoch_number) + " begins");
  if (!std::exchange(is_ready_, true)) {
    if (listener_) {
      listener_->resume();
    }
    if (on_ready_) {
      on_ready_();
    }
  }
  pump();
}

void PoolServer::accept(std::unique_ptr<loop::TcpSocket> socket) {
  const auto session = machine_->handle_connected(socket->remote().address, loop_.now());
  if (!session.ok()) {
    base::log_debug("pool: " + session.error().text());
    return;
  }
  const SessionNumber number = session.value();
  LineSocket::Callbacks callbacks;
  callbacks.on_bytes = [this, number](std::span<const std::uint8_t> bytes) {
    machine_->handle_bytes(number, bytes, loop_.now());
    pump();
  };
  callbacks.on_closed = [this, number](const std::string& why) {
    base::log_debug("pool: session " + std::to_string(number) + ": " +
                    (machine_->is_ended(number) ? machine_->why(number) : why));
    machine_->handle_disconnected(number, loop_.now());
    sockets_.erase(number);
    pump();
  };
  sockets_[number] = std::make_unique<LineSocket>(loop_, std::move(socket), std::move(callbacks));
  timer_.start_after(base::Duration(0));
}

void PoolServer::verify() {
  while (machine_->has_verification() && work_.pending() < kVerificationsMax) {
    const auto next = *machine_->poll_verification();
    // Shared by the work thread, which fills it, and what runs after it.
    auto status = std::make_shared<base::Status>();
    const auto queued = work_.submit(
        [status, verifier = verifier_, share = next.share] { *status = verifier->verify(share); },
        [this, status, ticket = next.ticket] {
          machine_->handle_verified(ticket, *status, loop_.now());
          pump();
        });
    CHECK(queued.ok());
  }
}

void PoolServer::append() {
  while (const auto next = machine_->poll_append()) {
    store_->append(next->share, [this, ticket = next->ticket](Appended outcome) {
      machine_->handle_appended(ticket, outcome, loop_.now());
      pump();
    });
  }
}

void PoolServer::serve_sessions() {
  while (const auto number = machine_->poll_touched()) {
    LineSocket& socket = *sockets_.at(*number);
    socket.send(machine_->take_output(*number));
    if (machine_->is_ended(*number)) {
      socket.finish();
    } else {
      socket.read(machine_->wants_input(*number) && !is_stopping_);
    }
  }
}

void PoolServer::pump() {
  if (!machine_) {
    if (is_stopping_) {
      finish_stop();
    }
    return;
  }
  const base::TimePoint now = loop_.now();
  machine_->handle_time(now);
  verify();
  append();
  serve_sessions();
  const std::uint64_t accepted = machine_->ledger().results().accepted;
  while (accepted_seen_ < accepted) {
    ++accepted_seen_;
    epochs_.handle_share(now);
  }
  follow_epochs();
  if (is_stopping_) {
    finish_stop();
    return;
  }
  auto next = machine_->next_timeout();
  if (const auto epoch_end = epochs_.next_timeout(); epoch_end && !is_turning_) {
    next = next ? std::min(*next, *epoch_end) : *epoch_end;
  }
  if (next) {
    timer_.start_at(*next);
  } else {
    timer_.stop();
  }
}

void PoolServer::stop(std::function<void()> done) {
  CHECK(!is_stopping_);
  is_stopping_ = true;
  on_stopped_ = std::move(done);
  stop_by_ = loop_.now() + kStopMax;
  listener_.reset();
  for (const auto& [number, socket] : sockets_) {
    socket->read(false);
  }
  timer_.start_after(base::Duration(0));
}

// Shares on their way first, then what is to be sent, then Redis.
void PoolServer::finish_stop() {
  const bool is_late = loop_.now() >= *stop_by_;
  const bool is_idle = !machine_ || machine_->ledger().on_their_way() == 0;
  if (machine_ && (is_idle || is_late)) {
    machine_->handle_stop(loop_.now());
    serve_sessions();
  }
  if (on_stopped_ && ((is_idle && sockets_.empty()) || is_late)) {
    timer_.stop();
    http_.reset();
    sockets_.clear();
    if (redis_) {
      store_.reset();
      redis_->stop(std::exchange(on_stopped_, nullptr));
    } else {
      loop_.post(std::exchange(on_stopped_, nullptr));
    }
    return;
  }
  if (on_stopped_) {
    timer_.start_at(*stop_by_);
  }
}

void PoolServer::handle_http(const loop::HttpServer::Request& request,
                             loop::HttpServer::Responder responder) {
  loop::HttpServer::Response response;
  response.headers["content-type"] = "text/plain; charset=utf-8";
  if (request.method != "GET" && request.method != "HEAD") {
    response.status = 405;
    response.body = "expected GET\n";
  } else if (request.path == "/healthz") {
    response.status = is_ready_ ? 200 : 503;
    response.body = is_ready_ ? "ready\n" : "starting\n";
  } else if (request.path != "/metrics" && request.path != "/status") {
    response.status = 404;
    response.body = "expected /metrics, /status or /healthz\n";
  } else if (!machine_) {
    response.status = 503;
    response.body = "starting\n";
  } else if (request.path == "/status") {
    response.headers["content-type"] = "application/json";
    response.body = status_json(*machine_) + "\n";
  } else {
    gather(*machine_, metrics_);
    response.headers["content-type"] = "text/plain; version=0.0.4; charset=utf-8";
    response.body = metrics_.text();
  }
  responder.respond(std::move(response));
}

}  // namespace prover
