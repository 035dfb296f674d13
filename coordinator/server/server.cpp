#include "coordinator/server/server.h"

#include <utility>

#include <malloc.h>

#include "coordinator/server/bodies.h"
#include "overlay/base/log.h"
#include "overlay/crypto/certificate.h"
#include "overlay/model/enrol.h"
#include "overlay/model/report.h"

namespace coordinator {
namespace {

// Anybody may send these before it is known who it is.
constexpr std::size_t kReceivingBytesMax = std::size_t{64} << 20;
static_assert(kBodyBytesMax >= model::kEnrolBytesMax && kBodyBytesMax >= model::kReportBytesMax);

}  // namespace

base::Result<std::unique_ptr<Server>> Server::open(loop::Loop& loop, Options options,
                                                   std::function<void()> on_ready) {
  auto data_dir = DataDir::open(options.data_dir, loop.wall_now());
  if (!data_dir.ok()) {
    return data_dir.error();
  }
  auto server = std::make_unique<Server>(loop, std::move(options), std::move(data_dir).value(),
                                         std::move(on_ready));
  if (auto status = server->start(); !status.ok()) {
    return status.error();
  }
  return server;
}

Server::Server(loop::Loop& loop, Options options, DataDir data_dir, std::function<void()> on_ready)
    : loop_(loop),
      options_(std::move(options)),
      data_dir_(std::move(data_dir)),
      on_ready_(std::move(on_ready)),
      fleet_(loop.wall_now()),
      fingerprint_(loop, data_dir_.fingerprint_path()) {}

Server::~Server() = default;

base::Status Server::start() {
  const auto known = fingerprint_.load();
  if (!known.ok()) {
    return known.error();
  }
  // The port before Redis: it is the likelier to be taken, and the cheaper to try.
  auto http = loop::HttpServer::open(
      loop_,
      {.listen = options_.listen,
       .cert_pem = data_dir_.cert_pem(),
       .key_pem = data_dir_.key_pem(),
       .body_bytes_max = kBodyBytesMax,
       .receiving_bytes_max = kReceivingBytesMax,
       .connections_max = options_.connections_max,
       .connections_per_remote_max = options_.connections_per_remote_max},
      [this](loop::HttpServer::Request request, loop::HttpServer::Responder responder) {
        api_->handle(std::move(request), std::move(responder));
      });
  if (!http.ok()) {
    return http.error();
  }
  http_ = std::move(http).value();
  url_ = options_.url.empty() ? default_url(http_->local()) : options_.url;

  loop::Redis::Options redis;
  if (options_.redis.has_value()) {
    redis = *options_.redis;
  } else {
    auto embedded =
        loop::EmbeddedRedis::start(loop_, {.directory = data_dir_.redis_path()}, random_,
                                   [this](loop::EmbeddedRedis::State state) {
                                     if (state == loop::EmbeddedRedis::State::Starting &&
                                         redis_ != nullptr && !redis_->why().ok()) {
                                       base::log_error(redis_->why().error().text());
                                     }
                                   });
    if (!embedded.ok()) {
      return embedded.error();
    }
    redis_ = std::move(embedded).value();
    redis.unix_path = redis_->socket_path();
  }
  log_ = std::make_unique<RedisLog>(
      loop_, RedisLog::Options{.redis = redis, .replicas_min = options_.redis_replicas_min},
      data_dir_.log_key(), random_);
  wire(known.value());
  committer_->start();
  return {};
}

// Everything between the log and the HTTP server.
void Server::wire(const std::optional<Fingerprint>& known) {
  committer_ = std::make_unique<Committer>(
      *log_, data_dir_.signing_key(), random_,
      Committer::Surroundings{
          .now = [this] { return loop_.wall_now(); },
          .after = [this](base::Duration wait,
                          std::function<void()> act) { later(wait, std::move(act)); },
          .on_phase = [this](Committer::Phase phase) { handle_phase(phase); },
          .on_touched = [this](
                            const std::vector<model::ViewId>& views,
                            const std::vector<Touch>& touched) { handle_touched(views, touched); }},
      Committer::Options{.quarantine = options_.quarantine, .known = known});
  hub_ = std::make_unique<ViewHub>(
      loop_, random_, [this] { return committer_->views(); },
      [this](model::NodeId node) { fleet_.stream_closed(node, loop_.wall_now()); });
  packages_ = std::make_unique<Packages>(loop_, options_.packages_dir);
  api_ = std::make_unique<Api>(Api::Parts{.committer = *committer_,
                                          .fleet = fleet_,
                                          .hub = *hub_,
                                          .packages = *packages_,
                                          .metrics = metrics_,
                                          .random = random_,
                                          .signing_key = data_dir_.signing_key()},
                               Api::Settings{.url = url_,
                                             .pin = data_dir_.pin(),
                                             .now = [this] { return loop_.wall_now(); },
                                             .gather = [this](base::Metrics& m) { gather(m); }});
}

void Server::handle_touched(const std::vector<model::ViewId>& views,
                            const std::vector<Touch>& touched) {
  bool is_urgent = false;
  for (const Touch& touch : touched) {
    const model::FactKey key = model::key_of(touch.fact);
    is_urgent = is_urgent || key.kind == model::FactKind::Gateway;
    if (touch.is_removal && key.kind == model::FactKind::Node) {
      hub_->end({key.id});
      fleet_.forget({key.id});
    }
  }
  hub_->touched(views, is_urgent);
  remember();
}

void Server::later(base::Duration wait, std::function<void()> act) {
  if (wait <= base::Duration(0)) {
    loop_.post(std::move(act));
    return;
  }
  const std::uint64_t id = next_timer_++;
  const auto [it, is_new] =
      timers_.try_emplace(id, loop_, [this, id, act = std::move(act)]() mutable {
        const auto run = std::move(act);
        timers_.erase(id);
        run();
      });
  it->second.start_after(wait);
}

void Server::handle_phase(Committer::Phase phase) {
  switch (phase) {
    case Committer::Phase::Stopped:
      return;
    case Committer::Phase::Opening:
      if (was_ready_) {
        base::log_warning("the event log has another history than the one read: " +
                          committer_->trouble() + "; reading it anew");
        hub_->end_all();
      }
      return;
    case Committer::Phase::Failed:
      base::log_error("the event log cannot be read: " + committer_->trouble());
      hub_->end_all();
      return;
    case Committer::Phase::Ready:
      break;
  }
  if (!committer_->trouble().empty()) {
    base::log_warning(committer_->trouble());
  }
  remember();
  ::malloc_trim(0);  // reading the log leaves about as much behind as the state weighs
  make_admin_key();
}

// The first key, so that somebody can do something. Only while there is none at all: a key that an
// admin has revoked does not come back because its file is still there.
void Server::make_admin_key() {
  const auto ready = [this] {
    if (!std::exchange(was_ready_, true) && on_ready_) {
      on_ready_();
    }
  };
  if (!committer_->latest().api_keys.empty()) {
    ready();
    return;
  }
  const auto key = data_dir_.admin_key();
  if (!key.ok()) {
    base::log_error(key.error().text());
    return;
  }
  CreateApiKey command{.name = "admin",
                       .role = KeyRole::Admin,
                       .secret_hash = key.value().secret_hash,
                       .id = model::ApiKeyId{key.value().id}};
  const auto again = [this](const std::string& why) {
    base::log_error("first API key: " + why);
    later(kAdminKeyRetry, [this] { make_admin_key(); });
  };
  const auto status = committer_->submit(
      {.command = std::move(command), .actor = "coordinator", .remote = "", .idempotency = {}},
      [](const State&, const Decision& decision) {
        if (!decision.ok()) {
          base::log_warning("first API key: " + decision.refusal.text);
        }
      },
      [ready, again](const base::Status& durable) {
        if (!durable.ok()) {
          again(durable.error().text());
          return;
        }
        ready();
      });
  if (!status.ok()) {
    again(status.error().text());
  }
}

void Server::remember() {
  if (const auto fingerprint = committer_->fingerprint(); fingerprint.has_value()) {
    fingerprint_.note(*fingerprint);
  }
}

void Server::stop(std::function<void()> done) {
  hub_->drain();
  http_->drain(kDrainWait, [this, done = std::move(done)] {
    remember();
    if (auto status = fingerprint_.flush(); !status.ok()) {
      base::log_warning(status.error().text());
    }
    if (redis_ != nullptr) {
      redis_->stop(done);
      return;
    }
    done();
  });
}

void Server::gather(base::Metrics& metrics) {
  const auto set = [&](std::string_view name, std::string_view help, double value,
                       const base::Labels& labels = {}) {
    metrics.gauge(name, help, labels).set(value);
  };
  // What was counted elsewhere; less than before means that it began anew.
  const auto count = [&](std::string_view name, std::string_view help, std::uint64_t value) {
    std::uint64_t& last = counted_[std::string(name)];
    metrics.counter(name, help).add(static_cast<double>(value >= last ? value - last : value));
    last = value;
  };
  const State& state = committer_->latest();
  std::map<NodeState, double> by_state = {
      {NodeState::Joining, 0}, {NodeState::Up, 0}, {NodeState::Down, 0}, {NodeState::Offline, 0}};
  const base::WallTime now = loop_.wall_now();
  double copied = 0;
  gpu_counts_.begin();
  for (const auto& [id, node] : state.nodes) {
    const NodeState node_state = fleet_.state_of(node, now);
    by_state[node_state] += 1;
    const Fleet::Seen* const seen = fleet_.find(id);
    if (node_state != NodeState::Offline && seen != nullptr && seen->report && seen->report->gpus) {
      gpu_counts_.add(state.networks.find(node.network)->name, *seen->report->gpus);
    }
    copied += fleet_.parked(id, now).empty() ? 0 : 1;
  }
  set("linkspan_coordinator_nodes_copied", "Nodes of which a copy was parked within the last hour",
      copied);
  for (const auto& [node_state, nodes] : by_state) {
    set("linkspan_coordinator_nodes", "Nodes, by state", nodes,
        {{"state", std::string(name_of(node_state))}});
  }
  const auto& counters = committer_->counters();
  const auto number = [](auto value) { return static_cast<double>(value); };
  for (const auto& [key, gpus] : gpu_counts_.counts()) {
    set("linkspan_coordinator_gpus", "GPUs of the nodes that are heard, by network and model",
        number(gpus), {{"network", key.first}, {"model", key.second}});
  }
  set("linkspan_coordinator_ready", "1 when commands are carried out",
      committer_->phase() == Committer::Phase::Ready ? 1 : 0);
  set("linkspan_coordinator_networks", "Networks", number(state.networks.size()));
  set("linkspan_coordinator_sites", "Sites", number(state.sites.size()));
  set("linkspan_coordinator_replicas", "Replicas", number(state.replicas.size()));
  set("linkspan_coordinator_tokens", "Tokens, of use or not", number(state.tokens.size()));
  set("linkspan_coordinator_log_sequence", "Log records applied", number(state.sequence.get()));
  count("linkspan_coordinator_commands_total", "Commands decided", counters.commands);
  count("linkspan_coordinator_commands_refused_total", "Commands refused", counters.refused);
  count("linkspan_coordinator_records_total", "Records appended", counters.records);
  count("linkspan_coordinator_conflicts_total", "Appends that another coordinator was faster with",
        counters.conflicts);
  count("linkspan_coordinator_store_retries_total", "Log operations tried again", counters.retries);
  count("linkspan_coordinator_store_restarts_total", "Times that the log was another than before",
        counters.restarts);
  count("linkspan_coordinator_snapshots_total", "Snapshots written", counters.snapshots);
  set("linkspan_coordinator_replicas_short",
      "1 when fewer of Redis's replicas than demanded had what is in the log",
      committer_->is_short() ? 1 : 0);
  set("linkspan_coordinator_queue_commands", "Commands that wait", number(committer_->queued()));
  set("linkspan_coordinator_streams", "View streams open", number(hub_->size()));
  count("linkspan_coordinator_frames_sent_total", "View frames sent", hub_->frames_sent());
  count("linkspan_coordinator_frames_sent_bytes_total", "Bytes of view frames sent",
        hub_->bytes_sent());
  if (ViewLog* views = committer_->views(); views != nullptr) {
    set("linkspan_coordinator_views", "Views that are followed", number(views->view_count()));
    count("linkspan_coordinator_frames_encoded_total", "View frames encoded and signed",
          views->encoded_count());
    count("linkspan_coordinator_frames_too_large_total",
          "View frames larger than the limit: the agents of that view no longer hear of changes",
          views->too_large_count());
  }
  const auto http = http_->counters();
  set("linkspan_coordinator_connections", "HTTP connections", number(http.connections));
  count("linkspan_coordinator_connections_accepted_total", "HTTP connections accepted",
        http.connections_accepted);
  count("linkspan_coordinator_connections_refused_total", "HTTP connections refused",
        http.connections_refused);
  count("linkspan_coordinator_requests_refused_total", "Requests refused before they were read",
        http.requests_refused);
}

}  // namespace coordinator
