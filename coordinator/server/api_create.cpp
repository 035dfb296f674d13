// Creates and deletes: what operators change.
#include <utility>

#include "coordinator/server/api.h"
#include "coordinator/server/bodies.h"
#include "coordinator/server/resources.h"
#include "overlay/base/bytes.h"
#include "overlay/crypto/certificate.h"
#include "overlay/crypto/digest.h"
#include "overlay/model/token.h"

namespace coordinator {
namespace {

constexpr std::string_view kIdempotencyHeader = "idempotency-key";

Response no_content() {
  return {.status = 204, .headers = {}, .body = ""};
}

Response created(const std::string& path, const nlohmann::json& body) {
  Response response = json_response(201, body.dump());
  response.headers["location"] = path;
  return response;
}

// An Idempotency-Key names something that was removed since.
Response gone(const Decision& decision) {
  return problem({.status = 404,
                  .detail = "what this Idempotency-Key made (" +
                            std::to_string(decision.subject.id) + ") was removed since",
                  .field = "Idempotency-Key"});
}

// The number in a path, or nothing.
std::optional<std::uint32_t> small_id(const std::string& text) {
  if (text.empty() || text.size() > 10 ||
      text.find_first_not_of("0123456789") != std::string::npos) {
    return std::nullopt;
  }
  std::uint64_t value = 0;
  for (const char digit : text) {
    value = value * 10 + static_cast<std::uint64_t>(digit - '0');
  }
  return value > UINT32_MAX ? std::nullopt
                            : std::optional<std::uint32_t>(static_cast<std::uint32_t>(value));
}

Response bad_id(std::string_view kind, const std::string& text) {
  return problem({.status = 404,
                  .detail = std::string(kind) + ": " + text.substr(0, 64) + " does not exist",
                  .field = std::string(kind),
                  .value = text.substr(0, 64)});
}

}  // namespace

std::optional<Request::IdempotencyKey> Api::idempotency_of(const CallPointer& call) const {
  const std::string& header = call->http.header(std::string(kIdempotencyHeader));
  if (header.empty() || call->http.method != "POST" || !call->api_key.has_value()) {
    return std::nullopt;
  }
  const std::string key = model::text_of(call->api_key->id) + "\n" + header;
  const std::string request = call->http.method + "\n" + call->http.target + "\n" + call->http.body;
  return Request::IdempotencyKey{.key = crypto::blake2b(base::as_bytes(key)),
                                 .request = crypto::blake2b(base::as_bytes(request))};
}

crypto::Secret<32> Api::new_secret(const CallPointer& call) const {
  const auto idempotency = idempotency_of(call);
  if (!idempotency.has_value()) {
    crypto::Secret<32> secret;
    parts_.random.fill(secret.writable());
    return secret;
  }
  constexpr std::string_view kPurpose = "linkspan-idempotent-secret-v1";
  std::vector<std::uint8_t> message(kPurpose.begin(), kPurpose.end());
  message.insert(message.end(), idempotency->key.begin(), idempotency->key.end());
  message.insert(message.end(), idempotency->request.begin(), idempotency->request.end());
  auto digest = crypto::keyed_blake2b(parts_.signing_key.seed(), message);
  crypto::Secret<32> secret{std::span<const std::uint8_t>(digest)};
  crypto::wipe(digest);
  return secret;
}

std::string Api::join_line(const std::string& token) const {
  return "curl -fsSk --pinnedpubkey '" + crypto::curl_pin(settings_.pin) + "' " + settings_.url +
         "/join | sh -s -- " + token;
}

void Api::create_network(const CallPointer& call) {
  model::FieldFailure failure;
  auto body = decode_network_body(call->http.body, failure);
  if (!body.ok()) {
    answer(call, problem_of(body.error(), failure));
    return;
  }
  submit(call, std::move(body).value().command, actor_of(*call),
         [](const State& state, const Decision& decision) {
           const Network* network =
               state.networks.find({static_cast<std::uint32_t>(decision.subject.id)});
           return network == nullptr ? gone(decision)
                                     : created("/v1/networks/" + std::to_string(network->id.value),
                                               to_json(state, *network));
         });
}

void Api::create_site(const CallPointer& call) {
  model::FieldFailure failure;
  auto body = decode_site_body(call->http.body, failure);
  if (!body.ok()) {
    answer(call, problem_of(body.error(), failure));
    return;
  }
  CreateSite command = body.value().command;
  const auto network = resolve_network(parts_.committer.latest(), body.value().network, failure);
  if (!network.ok()) {
    answer(call, problem_of(network.error(), failure));
    return;
  }
  command.network = network.value();
  submit(
      call, std::move(command), actor_of(*call), [](const State& state, const Decision& decision) {
        const Site* site = state.sites.find({static_cast<std::uint32_t>(decision.subject.id)});
        return site == nullptr
                   ? gone(decision)
                   : created("/v1/sites/" + std::to_string(site->id.value), to_json(state, *site));
      });
}

void Api::create_token(const CallPointer& call) {
  model::FieldFailure failure;
  auto body = decode_token_body(call->http.body, failure);
  if (!body.ok()) {
    answer(call, problem_of(body.error(), failure));
    return;
  }
  const State& latest = parts_.committer.latest();
  CreateToken command = body.value().command;
  const auto network = resolve_network(latest, body.value().network, failure);
  if (!network.ok()) {
    answer(call, problem_of(network.error(), failure));
    return;
  }
  const auto site = resolve_site(latest, network.value(), body.value().site, failure);
  if (!site.ok()) {
    answer(call, problem_of(site.error(), failure));
    return;
  }
  command.network = network.value();
  command.site = site.value();
  // The command's answer owns it: the only place that ever shows it.
  const auto secret = std::make_shared<const crypto::Secret<32>>(new_secret(call));
  command.secret_hash = model::token_hash(*secret);
  submit(call, std::move(command), actor_of(*call),
         [this, secret, now = call->now](const State& state, const Decision& decision) {
           const Token* token = state.tokens.find({decision.subject.id});
           if (token == nullptr) {
             return gone(decision);
           }
           const std::string text =
               model::JoinToken{.id = token->id, .secret = secret->copy(), .pin = settings_.pin}
                   .text();
           nlohmann::json shown = to_json(state, *token, now);
           shown["token"] = text;
           shown["join_line"] = join_line(text);
           return created("/v1/tokens/" + model::text_of(token->id), shown);
         });
}

void Api::create_replica(const CallPointer& call) {
  model::FieldFailure failure;
  auto body = decode_replica_body(call->http.body, failure);
  if (!body.ok()) {
    answer(call, problem_of(body.error(), failure));
    return;
  }
  const State& latest = parts_.committer.latest();
  CreateReplica command = body.value().command;
  const auto network = resolve_network(latest, body.value().network, failure);
  if (!network.ok()) {
    answer(call, problem_of(network.error(), failure));
    return;
  }
  const auto site = resolve_site(latest, network.value(), body.value().site, failure);
  if (!site.ok()) {
    answer(call, problem_of(site.error(), failure));
    return;
  }
  command.network = network.value();
  command.site = site.value();
  submit(call, std::move(command), actor_of(*call),
         [](const State& state, const Decision& decision) {
           const Replica* replica =
               state.replicas.find({static_cast<std::uint32_t>(decision.subject.id)});
           return replica == nullptr ? gone(decision)
                                     : created("/v1/replicas/" + std::to_string(replica->id.value),
                                               to_json(state, *replica));
         });
}

void Api::create_api_key(const CallPointer& call) {
  model::FieldFailure failure;
  auto body = decode_api_key_body(call->http.body, failure);
  if (!body.ok()) {
    answer(call, problem_of(body.error(), failure));
    return;
  }
  CreateApiKey command = body.value().command;
  // The command's answer owns it: the only place that ever shows it.
  const auto secret = std::make_shared<const crypto::Secret<32>>(new_secret(call));
  command.secret_hash = model::api_key_hash(*secret);
  submit(call, std::move(command), actor_of(*call),
         [this, secret](const State& state, const Decision& decision) {
           const ApiKey* key = state.api_keys.find({decision.subject.id});
           if (key == nullptr) {
             return gone(decision);
           }
           nlohmann::json shown = to_json(*key);
           shown["key"] =
               model::ApiKey{.id = key->id, .secret = secret->copy(), .pin = settings_.pin}.text();
           return created("/v1/api-keys/" + model::text_of(key->id), shown);
         });
}

void Api::confirm_removals(const CallPointer& call) {
  const auto id = small_id(call->parameters[0]);
  if (!id.has_value()) {
    answer(call, bad_id("network", call->parameters[0]));
    return;
  }
  const ViewLog* views = parts_.committer.views();
  submit(call, ConfirmRemovals{.id = {*id}, .epoch = views == nullptr ? 0 : views->epoch()},
         actor_of(*call), [](const State&, const Decision&) { return no_content(); });
}

void Api::delete_network(const CallPointer& call) {
  const auto id = small_id(call->parameters[0]);
  if (!id.has_value()) {
    answer(call, bad_id("network", call->parameters[0]));
    return;
  }
  submit(call, RemoveNetwork{{*id}}, actor_of(*call),
         [](const State&, const Decision&) { return no_content(); });
}

void Api::delete_site(const CallPointer& call) {
  const auto id = small_id(call->parameters[0]);
  if (!id.has_value()) {
    answer(call, bad_id("site", call->parameters[0]));
    return;
  }
  submit(call, RemoveSite{{*id}}, actor_of(*call),
         [](const State&, const Decision&) { return no_content(); });
}

void Api::delete_replica(const CallPointer& call) {
  const auto id = small_id(call->parameters[0]);
  if (!id.has_value()) {
    answer(call, bad_id("replica", call->parameters[0]));
    return;
  }
  submit(call, RemoveReplica{{*id}}, actor_of(*call),
         [](const State&, const Decision&) { return no_content(); });
}

void Api::delete_token(const CallPointer& call) {
  const auto id = model::parse_token_id(call->parameters[0]);
  if (!id.ok()) {
    answer(call, bad_id("token", call->parameters[0]));
    return;
  }
  submit(call, RevokeToken{id.value()}, actor_of(*call),
         [](const State&, const Decision&) { return no_content(); });
}

void Api::delete_node(const CallPointer& call) {
  const auto id = model::parse_node_id(call->parameters[0]);
  if (!id.ok()) {
    answer(call, bad_id("node", call->parameters[0]));
    return;
  }
  submit(call, RemoveNode{id.value()}, actor_of(*call),
         [](const State&, const Decision&) { return no_content(); });
}

void Api::delete_api_key(const CallPointer& call) {
  const auto id = model::parse_api_key_id(call->parameters[0]);
  if (!id.ok()) {
    answer(call, bad_id("api key", call->parameters[0]));
    return;
  }
  submit(call, RevokeApiKey{id.value()}, actor_of(*call),
         [](const State&, const Decision&) { return no_content(); });
}

}  // namespace coordinator
