// Simulated agents against a running coordinator: joins a second and their latency, the
// coordinator's CPU for one join, and with --streams what an open view stream costs, how soon a
// change is seen on all of them, and how they come back when the coordinator is restarted. Prints
// one line of JSON.
//
//   linkspan-join-load --url https://HOST:PORT --token TOKEN --agents 1000 [--fresh-connections]
//                      [--streams 500 --changes 5 [--restart COMMAND]]
//
// The agents are real on the wire (own keys, signed requests, pinned TLS) and nothing else: no
// interfaces, no verification of views, so that the load is made cheaper than it is served.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "overlay/base/backoff.h"
#include "overlay/base/bytes.h"
#include "overlay/base/hex.h"
#include "overlay/crypto/keys.h"
#include "overlay/crypto/random.h"
#include "overlay/loop/http_client.h"
#include "overlay/loop/loop.h"
#include "overlay/loop/timer.h"
#include "overlay/model/enrol.h"
#include "overlay/model/problem.h"
#include "overlay/model/request_signature.h"
#include "overlay/model/token.h"
#include "overlay/model/view_frame.h"
#include "tests/bench/process_figures.h"

namespace bench {
namespace {

using namespace std::chrono_literals;

constexpr base::Duration kPhaseMax = std::chrono::minutes(5);  // without its end: give up
constexpr int kErrorsShownMax = 5;
// libcurl looks through all connections to a host for one to reuse.
constexpr std::size_t kStreamsPerClientMax = 250;
constexpr std::size_t kOpeningMax = 256;  // streams at first: they are not what is measured then
// As agents do (overlay/agent/view_stream.h).
constexpr base::Duration kRetryFirst = 1s;
constexpr base::Duration kRetryMax = 60s;
constexpr base::Duration kDrainSpread = 2s;

struct Options {
  std::string url;
  std::vector<std::string> tokens;
  std::size_t agents = 100;
  std::size_t connections = 32;
  bool has_fresh_connections = false;
  std::size_t streams = 0;
  std::size_t changes = 5;
  std::string restart;
  pid_t coordinator_pid = 0;
};

struct Agent {
  crypto::IdentityKey identity = crypto::IdentityKey::generate();
  crypto::WireguardKey wireguard = crypto::WireguardKey::generate();
  std::string name;
  base::Address lan_address;
  base::WallTime last_time;
  std::optional<model::EnrolResponse> enrolled;
  loop::HttpClient* stream_client = nullptr;  // JoinLoad's
  loop::RequestHandle request;                // the enrolment, later the stream
  model::FrameReader frames;
  model::Cursor cursor;
  // While the coordinator is restarted.
  std::unique_ptr<base::Backoff> backoff;
  std::unique_ptr<loop::Timer> retry;
  std::optional<base::Duration> drain_wait;
  bool is_back = false;
  bool is_refused = false;  // by a coordinator that is not ready: what comes is no frame
};

double milliseconds(base::Duration span) {
  return std::chrono::duration<double, std::milli>(span).count();
}

// Sorted in place; nearest rank.
nlohmann::json percentiles(std::vector<base::Duration>& values) {
  if (values.empty()) {
    return nullptr;
  }
  std::sort(values.begin(), values.end());
  const auto at = [&](double share) {
    const auto index = static_cast<std::size_t>(share * static_cast<double>(values.size() - 1));
    return milliseconds(values[index]);
  };
  return {{"p50", at(0.5)}, {"p99", at(0.99)}, {"max", at(1.0)}};
}

// Loop time moves once a turn, too coarse for single answers.
base::Duration precise_now() {
  return base::Duration(static_cast<std::int64_t>(uv_hrtime()));
}

class JoinLoad {
 public:
  JoinLoad(loop::Loop& loop, Options options, std::vector<model::JoinToken> tokens)
      : loop_(loop),
        options_(std::move(options)),
        tokens_(std::move(tokens)),
        client_(loop, client_options(options_)),
        run_name_(base::hex_encode(crypto::Secret<32>::random().bytes().first(3))) {}

  // The figures; `ok` in them is false when anything was refused or lost.
  nlohmann::json run();

 private:
  static loop::HttpClient::Options client_options(const Options& options) {
    loop::HttpClient::Options made;
    const std::size_t open = options.connections + options.streams + 8;
    made.requests_max = open;
    made.connections_max = open;
    made.connections_per_host_max = open;
    made.idle_connections_max = options.has_fresh_connections ? 0 : options.connections;
    made.user_agent = "linkspan-join-load";
    return made;
  }

  Agent& add_agent();
  loop::HttpRequest signed_request(Agent& agent, const std::string& method,
                                   const std::string& target, const std::string& node,
                                   std::string body) const;
  void enrol(Agent& agent, std::function<void()> done);
  void handle_enrolled(Agent& agent, base::Result<loop::HttpResponse> answer);
  void follow(Agent& agent);
  void handle_head(Agent& agent, int status);
  void handle_frames(Agent& agent, std::span<const std::uint8_t> bytes);
  void handle_frame(Agent& agent, const model::Frame& frame);
  void handle_end(Agent& agent, const base::Status& status);
  void fail(const std::string& why);
  bool run_until(const std::function<bool()>& is_done);

  void measure_joins(nlohmann::json& figures);
  void measure_streams(nlohmann::json& figures);
  void measure_changes(nlohmann::json& figures);
  void measure_restart(nlohmann::json& figures);
  void change_once(std::size_t seen_by);
  std::optional<ProcessFigures> coordinator() const { return figures_of(options_.coordinator_pid); }
  std::uint64_t children_cpu_us() const;

  loop::Loop& loop_;
  Options options_;
  std::vector<model::JoinToken> tokens_;  // taken in turn
  std::size_t next_token_ = 0;
  loop::HttpClient client_;
  std::string run_name_;
  std::vector<std::unique_ptr<loop::HttpClient>> stream_clients_;  // kStreamsPerClientMax on each
  std::vector<std::unique_ptr<Agent>> agents_;
  std::vector<base::Duration> latencies_;
  std::vector<base::Duration> seen_after_;
  base::Duration change_made_at_{};
  crypto::SystemRandom random_;
  bool is_restarting_ = false;
  std::size_t snapshots_ = 0;
  std::size_t attempts_ = 0;  // to come back
  std::vector<base::Duration> back_after_;
  base::Duration restarted_at_{};
  std::size_t failures_ = 0;
};

Agent& JoinLoad::add_agent() {
  auto agent = std::make_unique<Agent>();
  const auto index = static_cast<std::uint32_t>(agents_.size());
  agent->name = "load-" + run_name_ + "-" + std::to_string(index);
  agent->lan_address = base::Address::v4(0xac10'0001U).plus(index);  // 172.16.0.1 and on
  agents_.push_back(std::move(agent));
  return *agents_.back();
}

loop::HttpRequest JoinLoad::signed_request(Agent& agent, const std::string& method,
                                           const std::string& target, const std::string& node,
                                           std::string body) const {
  agent.last_time = std::max(loop_.wall_now(), agent.last_time + 1ms);
  const std::string machine = agent.identity.public_key().text().substr(0, 32);
  const std::string host = model::HostId{machine, machine}.text();
  const auto headers = model::sign_request(
      agent.identity,
      {.method = method, .target = target, .node = node, .time = agent.last_time, .host = host},
      base::as_bytes(body));
  loop::HttpRequest request;
  request.method = method;
  request.url = options_.url + target;
  request.headers = {{std::string(model::kNodeHeader), headers.node},
                     {std::string(model::kTimeHeader), headers.time},
                     {std::string(model::kHostHeader), headers.host},
                     {std::string(model::kSignatureHeader), headers.signature}};
  request.body = std::move(body);
  request.pinned_spki = tokens_.front().pin;
  request.http1_only = true;  // as agents do
  return request;
}

void JoinLoad::enrol(Agent& agent, std::function<void()> done) {
  model::EnrolRequest body;
  const model::JoinToken& token = tokens_[next_token_++ % tokens_.size()];
  body.token = model::TokenClaim{token.id, token.secret.copy()};
  body.identity_key = agent.identity.public_key();
  body.wireguard_key = agent.wireguard.public_key();
  body.name = agent.name;
  body.machine_id = agent.identity.public_key().text().substr(0, 32);
  body.boot_id = body.machine_id;
  body.lan_addresses = {agent.lan_address};
  body.agent_version = "load";
  auto request = signed_request(agent, "POST", "/v1/enrol", agent.identity.public_key().text(),
                                model::encode(body));
  request.headers.push_back({"content-type", "application/json"});
  const base::Duration begun = precise_now();
  agent.request = client_.send(std::move(request), [this, &agent, begun, done = std::move(done)](
                                                       base::Result<loop::HttpResponse> answer) {
    latencies_.push_back(precise_now() - begun);
    handle_enrolled(agent, std::move(answer));
    done();
  });
}

void JoinLoad::handle_enrolled(Agent& agent, base::Result<loop::HttpResponse> answer) {
  if (!answer.ok()) {
    fail(answer.error().text());
    return;
  }
  if (answer.value().status != 200) {
    fail("enrol: status " + std::to_string(answer.value().status) + ": " + answer.value().body);
    return;
  }
  auto enrolled = model::decode_enrol_response(answer.value().body);
  if (!enrolled.ok()) {
    fail(enrolled.error().text());
    return;
  }
  agent.enrolled = std::move(enrolled).value();
}

void JoinLoad::follow(Agent& agent) {
  const std::string node = model::text_of(agent.enrolled->node_id);
  const std::string target = "/v1/view?epoch=" + std::to_string(agent.cursor.epoch) +
                             "&sequence=" + std::to_string(agent.cursor.sequence);
  auto request = signed_request(agent, "GET", target, node, "");
  request.total_timeout = std::nullopt;
  request.idle_timeout = 120s;
  agent.frames = {};
  agent.request = agent.stream_client->stream(
      std::move(request),
      {.on_head = [this, &agent](const loop::HttpHead& head) { handle_head(agent, head.status); },
       .on_data = [this,
                   &agent](std::span<const std::uint8_t> bytes) { handle_frames(agent, bytes); },
       .on_end = [this, &agent](const base::Status& status) { handle_end(agent, status); }});
}

void JoinLoad::handle_head(Agent& agent, int status) {
  agent.is_refused = status != 200;
  if (agent.is_refused) {
    if (!is_restarting_) {
      fail("view: status " + std::to_string(status));
    }
    return;
  }
  if (agent.backoff != nullptr && !std::exchange(agent.is_back, true)) {
    back_after_.push_back(precise_now() - restarted_at_);
  }
}

void JoinLoad::handle_frames(Agent& agent, std::span<const std::uint8_t> bytes) {
  if (agent.is_refused) {
    return;
  }
  if (auto status = agent.frames.feed(bytes); !status.ok()) {
    fail(status.error().text());
    return;
  }
  while (const auto frame = agent.frames.poll_frame()) {
    handle_frame(agent, *frame);
  }
}

void JoinLoad::handle_frame(Agent& agent, const model::Frame& frame) {
  if (frame.type == model::FrameType::Ping) {
    return;
  }
  if (frame.type == model::FrameType::Drain) {
    const auto spread = std::chrono::duration_cast<std::chrono::milliseconds>(kDrainSpread).count();
    const auto wait = model::decode_drain(frame.bytes);
    agent.drain_wait = (wait.ok() ? wait.value() : base::Duration(0)) +
                       std::chrono::milliseconds(random_.below(static_cast<std::uint64_t>(spread)));
    return;
  }
  // Not verified, only followed: PROTOCOL.md, 5.3, says where the cursor is.
  base::ByteReader reader("frame", frame.bytes);
  reader.take("before", 12);
  agent.cursor.epoch = reader.u64("epoch");
  reader.u64("base_sequence");
  agent.cursor.sequence = reader.u64("sequence");
  if (reader.failed()) {
    fail("view: frame of " + std::to_string(frame.bytes.size()) + " bytes");
  }
  if (frame.type == model::FrameType::Snapshot) {
    ++snapshots_;
  } else {
    seen_after_.push_back(precise_now() - change_made_at_);
  }
}

void JoinLoad::handle_end(Agent& agent, const base::Status& status) {
  if (!is_restarting_) {
    fail("view: ended" + (status.ok() ? "" : ": " + status.error().text()));
    return;
  }
  if (agent.backoff == nullptr) {
    agent.backoff = std::make_unique<base::Backoff>(kRetryFirst, kRetryMax, random_);
    agent.retry = std::make_unique<loop::Timer>(loop_, [this, &agent] {
      ++attempts_;
      follow(agent);
    });
  }
  const base::Duration wait = agent.drain_wait.value_or(agent.backoff->next());
  agent.drain_wait.reset();
  agent.retry->start_after(wait);
}

void JoinLoad::fail(const std::string& why) {
  if (++failures_ <= kErrorsShownMax) {
    std::fprintf(stderr, "linkspan-join-load: %s\n", why.c_str());
  }
}

bool JoinLoad::run_until(const std::function<bool()>& is_done) {
  bool is_late = false;
  loop::Timer late(loop_, [&] { is_late = true; });
  late.start_after(kPhaseMax);
  while (!is_done() && !is_late) {
    loop_.run_once();
  }
  if (is_late) {
    fail("gave up after 5 minutes");
  }
  return !is_late;
}

std::uint64_t JoinLoad::children_cpu_us() const {
  std::uint64_t sum = 0;
  for (const pid_t child : children_of(options_.coordinator_pid)) {
    sum += figures_of(child).value_or(ProcessFigures{}).cpu_us;
  }
  return sum;
}

// A closed loop: as many joins in flight as there are connections, each measured from its own send.
void JoinLoad::measure_joins(nlohmann::json& figures) {
  for (std::size_t i = 0; i < options_.agents; ++i) {
    add_agent();
  }
  const auto before = coordinator();
  const std::uint64_t children_before = children_cpu_us();
  const base::Duration begun = precise_now();
  std::size_t sent = 0;
  std::size_t ended = 0;
  std::function<void()> next = [&] {
    if (sent < options_.agents) {
      Agent& agent = *agents_[sent++];
      enrol(agent, [&] {
        ++ended;
        next();
      });
    }
  };
  for (std::size_t i = 0; i < options_.connections; ++i) {
    next();
  }
  run_until([&] { return ended == options_.agents; });
  const base::Duration took = precise_now() - begun;
  const auto joined =
      static_cast<std::size_t>(std::count_if(agents_.begin(), agents_.end(), [](const auto& agent) {
        return agent->enrolled.has_value();
      }));
  figures["agents"] = options_.agents;
  figures["joined"] = joined;
  figures["connections"] = options_.connections;
  figures["fresh_connections"] = options_.has_fresh_connections;
  figures["seconds"] = milliseconds(took) / 1000;
  figures["joins_per_s"] = static_cast<double>(joined) / (milliseconds(took) / 1000);
  figures["join_ms"] = percentiles(latencies_);
  const auto after = coordinator();
  if (before.has_value() && after.has_value() && joined > 0) {
    figures["coordinator_cpu_us_per_join"] = (after->cpu_us - before->cpu_us) / joined;
    figures["redis_cpu_us_per_join"] = (children_cpu_us() - children_before) / joined;
    figures["coordinator_resident_bytes_before"] = before->resident_bytes;
    figures["coordinator_resident_bytes"] = after->resident_bytes;
  }
}

void JoinLoad::measure_streams(nlohmann::json& figures) {
  const auto before = coordinator();
  const base::Duration begun = precise_now();
  std::size_t opened = 0;
  const auto open_more = [&] {
    while (opened < options_.streams && opened < agents_.size() &&
           opened - snapshots_ < kOpeningMax) {
      if (opened % kStreamsPerClientMax == 0) {
        stream_clients_.push_back(
            std::make_unique<loop::HttpClient>(loop_, client_options(options_)));
      }
      agents_[opened]->stream_client = stream_clients_.back().get();
      follow(*agents_[opened++]);
    }
    return opened == options_.streams && snapshots_ == opened;
  };
  run_until([&] { return open_more() || failures_ > 0; });
  figures["streams"] = snapshots_;
  figures["streams_in_sync_ms"] = milliseconds(precise_now() - begun);
  // Until the server has given back what the handshakes left: some quiet seconds.
  bool is_calm = false;
  loop::Timer calm(loop_, [&] { is_calm = true; });
  calm.start_after(6s);
  run_until([&] { return is_calm; });
  const auto after = coordinator();
  if (before.has_value() && after.has_value() && opened > 0) {
    const auto grown = static_cast<std::int64_t>(after->resident_bytes) -
                       static_cast<std::int64_t>(before->resident_bytes);
    figures["resident_bytes_per_stream"] = grown / static_cast<std::int64_t>(opened);
  }
}

// The change is one more join into the same view: from the moment it is sent to its delta's arrival
// at each stream, so the time in which it becomes durable is in it.
void JoinLoad::measure_changes(nlohmann::json& figures) {
  const std::size_t followers = figures["streams"];
  const auto before = coordinator();
  seen_after_.clear();
  for (std::size_t change = 1; change <= options_.changes && failures_ == 0; ++change) {
    change_once(followers * change);
  }
  figures["changes"] = options_.changes;
  figures["change_seen_ms"] = percentiles(seen_after_);
  const auto after = coordinator();
  if (before.has_value() && after.has_value() && !seen_after_.empty()) {
    figures["coordinator_cpu_us_per_delivery"] =
        (after->cpu_us - before->cpu_us) / seen_after_.size();
  }
}

void JoinLoad::change_once(std::size_t seen_by) {
  bool is_enrolled = false;
  change_made_at_ = precise_now();
  enrol(add_agent(), [&] { is_enrolled = true; });
  run_until([&] { return failures_ > 0 || (is_enrolled && seen_after_.size() >= seen_by); });
}

// A stream is back when a coordinator has taken it with the cursor that it had: nothing changed, so
// it is in sync then. One change afterwards, seen by all, is the proof.
void JoinLoad::measure_restart(nlohmann::json& figures) {
  const std::size_t followers = figures["streams"];
  snapshots_ = 0;
  seen_after_.clear();
  is_restarting_ = true;
  restarted_at_ = precise_now();
  const std::string command = "(" + options_.restart + ") </dev/null >/dev/null 2>&1 &";
  if (std::system(command.c_str()) != 0) {  // NOLINT(cert-env33-c): the operator's own command
    fail("restart: " + options_.restart);
    return;
  }
  run_until([&] { return back_after_.size() == followers; });
  is_restarting_ = false;
  figures["restart_back"] = back_after_.size();
  figures["restart_back_ms"] = percentiles(back_after_);
  figures["restart_attempts"] = attempts_;
  change_once(followers);
  figures["restart_change_seen_ms"] = percentiles(seen_after_);
  figures["restart_snapshots"] = snapshots_;
}

nlohmann::json JoinLoad::run() {
  nlohmann::json figures;
  measure_joins(figures);
  if (options_.streams > 0 && failures_ == 0) {
    measure_streams(figures);
    measure_changes(figures);
  }
  if (!options_.restart.empty() && failures_ == 0) {
    measure_restart(figures);
  }
  figures["failures"] = failures_;
  figures["ok"] = failures_ == 0;
  for (auto& agent : agents_) {
    agent->request.cancel();
  }
  return figures;
}

int run(int argc, char** argv) {
  Options options;
  CLI::App app("Simulated agents that join a running coordinator", "linkspan-join-load");
  app.add_option("--url", options.url, "https://HOST:PORT of the coordinator")->required();
  app.add_option("--token", options.tokens,
                 "join token with enough uses left; several, of several sites, are used in turn")
      ->required();
  app.add_option("--agents", options.agents, "how many join")->check(CLI::Range(1, 100'000));
  app.add_option("--connections", options.connections, "joins in flight")
      ->check(CLI::Range(1, 4096));
  app.add_flag("--fresh-connections", options.has_fresh_connections,
               "a TLS handshake for each join, as real agents make");
  app.add_option("--streams", options.streams, "view streams to hold open afterwards");
  app.add_option("--changes", options.changes, "changes to time over those streams");
  app.add_option("--restart", options.restart,
                 "shell command that ends the coordinator and starts another; how the streams come "
                 "back is timed from its start")
      ->needs("--streams");
  app.add_option("--coordinator-pid", options.coordinator_pid,
                 "whose CPU and memory to read; found by name when there is only one");
  CLI11_PARSE(app, argc, argv);

  std::vector<model::JoinToken> tokens;
  for (const std::string& text : options.tokens) {
    auto token = model::JoinToken::parse(text);
    if (!token.ok()) {
      std::fprintf(stderr, "linkspan-join-load: %s\n", token.error().text().c_str());
      return 2;
    }
    tokens.push_back(std::move(token).value());
  }
  if (options.coordinator_pid == 0) {
    options.coordinator_pid = find_process("linkspan-coordi").value_or(0);
  }
  crypto::init();
  loop::Loop loop;
  JoinLoad load(loop, std::move(options), std::move(tokens));
  const auto figures = load.run();
  std::printf("%s\n", figures.dump().c_str());
  return figures["ok"] == true ? 0 : 1;
}

}  // namespace
}  // namespace bench

int main(int argc, char** argv) {
  return bench::run(argc, argv);
}
