#include "coordinator/server/api.h"

#include <algorithm>
#include <utility>

#include "coordinator/server/resources.h"
#include "overlay/base/bytes.h"
#include "overlay/base/log.h"
#include "overlay/crypto/secret.h"
#include "overlay/loop/http_target.h"
#include "overlay/model/request_signature.h"
#include "overlay/model/token.h"

namespace coordinator {
namespace {

constexpr std::string_view kBearer = "Bearer ";
constexpr std::string_view kKeyStart = "lsk.";

struct PresentedKey {
  model::ApiKeyId id;
  crypto::Digest256 hash{};
};

// "Bearer lsk.<id>.<secret>", with or without ".<pin>", which is for the client only.
std::optional<PresentedKey> parse_bearer(std::string_view header) {
  if (!header.starts_with(kBearer)) {
    return std::nullopt;
  }
  header.remove_prefix(kBearer.size());
  if (!header.starts_with(kKeyStart)) {
    return std::nullopt;
  }
  header.remove_prefix(kKeyStart.size());
  const std::size_t first = header.find('.');
  const std::size_t second = first == std::string_view::npos ? first : header.find('.', first + 1);
  const auto claim = model::TokenClaim::parse(header.substr(0, second));
  if (!claim.ok()) {
    return std::nullopt;
  }
  return PresentedKey{.id = {claim.value().id.value},
                      .hash = model::api_key_hash(claim.value().secret)};
}

bool is_enough(KeyRole has, KeyRole least) {
  return static_cast<std::uint8_t>(has) >= static_cast<std::uint8_t>(least);
}

}  // namespace

const std::vector<Route<Api::Handler>>& Api::routes() {
  static const std::vector<Route<Handler>> routes = {
      {"GET", "/healthz", Access::Public, &Api::get_health},
      {"GET", "/metrics", Access::Local, &Api::get_metrics},
      {"GET", "/join", Access::Public, &Api::get_join},
      {"GET", "/packages/{file}", Access::Public, &Api::get_package},
      {"GET", "/v1/openapi.json", Access::Public, &Api::get_openapi},
      {"POST", "/v1/enrol", Access::Enrolee, &Api::post_enrol},
      {"GET", "/v1/view", Access::Node, &Api::get_view},
      {"POST", "/v1/report", Access::Node, &Api::post_report},
      {"POST", "/v1/update", Access::Node, &Api::post_update},
      {"POST", "/v1/leave", Access::Node, &Api::post_leave},
      {"GET", "/v1/networks", Access::Viewer, &Api::list_networks},
      {"POST", "/v1/networks", Access::Operator, &Api::create_network},
      {"GET", "/v1/networks/{id}", Access::Viewer, &Api::get_network},
      {"DELETE", "/v1/networks/{id}", Access::Operator, &Api::delete_network},
      {"POST", "/v1/networks/{id}/confirm-removals", Access::Operator, &Api::confirm_removals},
      {"GET", "/v1/sites", Access::Viewer, &Api::list_sites},
      {"POST", "/v1/sites", Access::Operator, &Api::create_site},
      {"GET", "/v1/sites/{id}", Access::Viewer, &Api::get_site},
      {"DELETE", "/v1/sites/{id}", Access::Operator, &Api::delete_site},
      {"GET", "/v1/tokens", Access::Viewer, &Api::list_tokens},
      {"POST", "/v1/tokens", Access::Operator, &Api::create_token},
      {"GET", "/v1/tokens/{id}", Access::Viewer, &Api::get_token},
      {"DELETE", "/v1/tokens/{id}", Access::Operator, &Api::delete_token},
      {"GET", "/v1/nodes", Access::Viewer, &Api::list_nodes},
      {"GET", "/v1/nodes/{id}", Access::Viewer, &Api::get_node},
      {"DELETE", "/v1/nodes/{id}", Access::Operator, &Api::delete_node},
      {"GET", "/v1/replicas", Access::Viewer, &Api::list_replicas},
      {"POST", "/v1/replicas", Access::Operator, &Api::create_replica},
      {"GET", "/v1/replicas/{id}", Access::Viewer, &Api::get_replica},
      {"DELETE", "/v1/replicas/{id}", Access::Operator, &Api::delete_replica},
      {"GET", "/v1/api-keys", Access::Admin, &Api::list_api_keys},
      {"POST", "/v1/api-keys", Access::Admin, &Api::create_api_key},
      {"GET", "/v1/api-keys/{id}", Access::Admin, &Api::get_api_key},
      {"DELETE", "/v1/api-keys/{id}", Access::Admin, &Api::delete_api_key},
      {"GET", "/v1/audit", Access::Viewer, &Api::list_audit},
      {"GET", "/v1/prometheus/targets", Access::Viewer, &Api::list_prometheus_targets},
  };
  return routes;
}

Api::Api(Parts parts, Settings settings)
    : parts_(parts),
      settings_(std::move(settings)),
      enrol_seconds_(parts_.metrics.histogram(
          "linkspan_coordinator_enrol_seconds",
          "Time from a request to enrol to its durable answer",
          {0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5})) {}

void Api::handle(loop::HttpServer::Request request, loop::HttpServer::Responder responder) {
  const auto call = std::make_shared<Call>(std::move(request), std::move(responder));
  call->now = settings_.now();
  std::string allowed;
  const Route<Handler>* route =
      find_route(routes(), call->http.method, call->http.path, call->parameters, allowed);
  if (route == nullptr) {
    const bool is_path = !allowed.empty();
    Response response = problem(
        {.status = is_path ? 405 : 404,
         .detail = is_path ? "only " + allowed + " here" : "there is nothing at this path"});
    if (is_path) {
      response.headers["allow"] = allowed;
    }
    answer(call, std::move(response));
    return;
  }
  call->requests = &parts_.metrics.counter(
      "linkspan_coordinator_requests_total", "Requests that were answered",
      {{"method", std::string(route->method)}, {"path", std::string(route->pattern)}});
  auto query = loop::parse_query(call->http.query);
  if (!query.ok()) {
    answer(call, problem_of(query.error().within("query")));
    return;
  }
  call->query = std::move(query).value();
  const bool needs_state = route->access != Access::Public && route->access != Access::Local;
  if (needs_state && parts_.committer.phase() != Committer::Phase::Ready) {
    answer(call, problem({.status = 503,
                          .detail = parts_.committer.trouble().empty()
                                        ? "starting: the event log is being read"
                                        : parts_.committer.trouble()}));
    return;
  }
  if (authorise(*route, call) && check_idempotency_key(call)) {
    (this->*route->handler)(call);
  }
}

bool Api::authorise(const Route<Handler>& route, const CallPointer& call) {
  switch (route.access) {
    case Access::Public:
    case Access::Enrolee:  // the handler's part: the key is in the body
      return true;
    case Access::Local:
      return call->http.remote.address.is_loopback() || authorise_key(KeyRole::Viewer, call);
    case Access::Viewer:
      return authorise_key(KeyRole::Viewer, call);
    case Access::Operator:
      return authorise_key(KeyRole::Operator, call);
    case Access::Admin:
      return authorise_key(KeyRole::Admin, call);
    case Access::Node:
      return authorise_node(call);
  }
  return false;
}

bool Api::authorise_key(KeyRole least, const CallPointer& call) {
  const std::string& header = call->http.header("authorization");
  const auto presented = parse_bearer(header);
  const ApiKey* key =
      presented.has_value() ? parts_.committer.latest().api_keys.find(presented->id) : nullptr;
  if (key == nullptr || !crypto::equal(key->secret_hash, presented->hash)) {
    answer(call, problem({.status = 401,
                          .detail = header.empty() ? "authorization: absent, expected \"Bearer \" "
                                                     "and an API key"
                                                   : "authorization: not an API key that is known "
                                                     "here",
                          .field = "authorization"}));
    return false;
  }
  if (!is_enough(key->role, least)) {
    answer(call, problem({.status = 403,
                          .detail = "the API key \"" + key->name + "\" has the role " +
                                    std::string(name_of(key->role)) + ", this needs " +
                                    std::string(name_of(least)),
                          .field = "authorization"}));
    return false;
  }
  call->api_key = *key;
  return true;
}

base::Result<model::RequestClaim> Api::claim_of(const Call& call, model::FieldFailure& failure) {
  const auto header = [&](std::string_view name) { return call.http.header(std::string(name)); };
  return model::parse_request_headers({.node = header(model::kNodeHeader),
                                       .time = header(model::kTimeHeader),
                                       .host = header(model::kHostHeader),
                                       .signature = header(model::kSignatureHeader)},
                                      &failure);
}

bool Api::authorise_node(const CallPointer& call) {
  const loop::HttpServer::Request& http = call->http;
  model::FieldFailure failure;
  const auto claim = claim_of(*call, failure);
  if (!claim.ok()) {
    answer(call, problem_of(claim.error(), failure));
    return false;
  }
  const std::string& text = claim.value().node;
  const auto id = model::parse_node_id(text);
  if (!id.ok()) {
    answer(call, problem({.status = 400,
                          .detail = id.error().within(model::kNodeHeader).text(),
                          .field = std::string(model::kNodeHeader),
                          .value = text}));
    return false;
  }
  const Node* node = parts_.committer.latest().nodes.find(id.value());
  if (node == nullptr) {
    answer(call, problem({.status = 404,
                          .detail = std::string(model::kNodeHeader) + ": " + text +
                                    " is no node here: it left or was removed",
                          .field = std::string(model::kNodeHeader),
                          .value = text}));
    return false;
  }
  const auto verified = model::verify_request(
      node->identity_key, claim.value(),
      {.method = http.method, .target = http.target, .body = base::as_bytes(http.body)}, call->now,
      &failure);
  if (!verified.ok()) {
    answer(call, problem_of(verified.error(), failure));
    return false;
  }
  const Fleet::Verdict verdict = parts_.fleet.accept(*node, claim.value().host, http.remote.address,
                                                     claim.value().time, call->now);
  if (verdict.is_news) {
    note_copy(*node, call->now);
  }
  if (!verdict.status.ok()) {
    const bool is_copy = verdict.status.error().code() == base::Errc::Conflict;
    failure = {.field = std::string(is_copy ? model::kHostHeader : model::kTimeHeader),
               .value = is_copy ? claim.value().host.text().substr(0, 64) : "",
               .expected = ""};
    answer(call, problem_of(verdict.status.error(), failure));
    return false;
  }
  call->node = id.value();
  return true;
}

// Operators are to find it in the audit log, with both addresses.
void Api::note_copy(const Node& node, base::WallTime now) {
  const auto copies = parts_.fleet.parked(node.id, now);
  const Fleet::Seen* seen = parts_.fleet.find(node.id);
  if (copies.empty() || seen == nullptr || !seen->speaker.has_value()) {
    return;
  }
  const auto text_of = [](const std::optional<base::Address>& remote) {
    return remote.has_value() ? remote->text() : "the machine that enrolled it";
  };
  Request request{.command = NoteCopy{.id = node.id, .alive_at = text_of(seen->speaker->remote)},
                  .actor = "node " + model::text_of(node.id),
                  .remote = text_of(copies.back().remote),
                  .idempotency = {}};
  base::log_warning("node " + node.name + " is alive at " + text_of(seen->speaker->remote) +
                    "; a copy of it at " + request.remote + " is parked");
  const auto status = parts_.committer.submit(
      std::move(request), [](const State&, const Decision&) {}, [](const base::Status&) {});
  if (!status.ok()) {
    base::log_warning("audit log: " + status.error().text());
  }
}

bool Api::check_idempotency_key(const CallPointer& call) {
  const std::string& key = call->http.header("idempotency-key");
  if (key.size() <= kIdempotencyKeyBytesMax) {
    return true;
  }
  answer(call,
         problem({.status = 400,
                  .detail = "Idempotency-Key: " + std::to_string(key.size()) +
                            " bytes, expected at most " + std::to_string(kIdempotencyKeyBytesMax),
                  .field = "Idempotency-Key",
                  .value = key.substr(0, 64)}));
  return false;
}

void Api::answer(const CallPointer& call, Response response) {
  if (call->requests != nullptr) {
    call->requests->add();
  }
  if (call->seconds != nullptr) {
    call->seconds->observe(std::chrono::duration<double>(settings_.now() - call->now).count());
  }
  if (response.status >= 400) {
    parts_.metrics
        .counter("linkspan_coordinator_refusals_total", "Requests that were refused, by status",
                 {{"status", std::to_string(response.status)}})
        .add();
  }
  call->responder.respond(std::move(response));
}

bool Api::take_query(const CallPointer& call, const std::vector<std::string_view>& known) {
  for (const auto& [name, value] : call->query) {
    if (std::find(known.begin(), known.end(), name) == known.end()) {
      std::string expected;
      for (const std::string_view one : known) {
        expected += (expected.empty() ? "" : ", ") + std::string(one);
      }
      answer(call, problem({.status = 400,
                            .detail = "query: " + name + ": unknown, expected " +
                                      (expected.empty() ? "none" : expected),
                            .field = name,
                            .value = value}));
      return false;
    }
  }
  return true;
}

std::string Api::actor_of(const Call& call) const {
  return call.api_key.has_value()
             ? "api key " + call.api_key->name + " (" + model::text_of(call.api_key->id) + ")"
             : "node " + model::text_of(call.node);
}

void Api::submit(const CallPointer& call, Command command, std::string actor, Success success) {
  Request request{.command = std::move(command),
                  .actor = std::move(actor),
                  .remote = call->http.remote.address.text(),
                  .idempotency = idempotency_of(call)};
  // Shared by the two callbacks of this command and nobody else.
  const auto prepared = std::make_shared<Response>();
  const auto status = parts_.committer.submit(
      std::move(request),
      [prepared, success = std::move(success)](const State& state, const Decision& decision) {
        *prepared = decision.ok() ? success(state, decision) : problem_of(decision.refusal);
      },
      [this, call, prepared](const base::Status& durable) {
        answer(call, durable.ok() ? std::move(*prepared) : problem_of(durable.error()));
      });
  if (!status.ok()) {
    answer(call, problem({.status = 503, .detail = status.error().text()}));
  }
}

}  // namespace coordinator
