// What servers ask: to join, to follow their view, to report, to be reached elsewhere, to leave.
#include <charconv>
#include <utility>

#include "coordinator/server/api.h"
#include "overlay/base/bytes.h"
#include "overlay/model/enrol.h"
#include "overlay/model/membership.h"
#include "overlay/model/node_update.h"
#include "overlay/model/report.h"
#include "overlay/model/request_signature.h"
#include "overlay/model/token.h"

namespace coordinator {
namespace {

// A query parameter that is a number; 0 if it is absent.
base::Result<std::uint64_t> number_in(const std::map<std::string, std::string>& query,
                                      const std::string& name) {
  const auto it = query.find(name);
  if (it == query.end()) {
    return std::uint64_t{0};
  }
  const std::string& text = it->second;
  std::uint64_t value = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || code != std::errc() || end != text.data() + text.size() ||
      value > model::kSequenceMax) {
    return base::Error(base::Errc::Malformed, "query: " + name + ": \"" + text.substr(0, 32) +
                                                  "\", expected a number in 0..2^53-1");
  }
  return value;
}

// What the request says, without the secret.
Enrol command_of(model::EnrolRequest request, const base::Address& observed) {
  return {.token = request.token.id,
          .secret_hash = model::token_hash(request.token.secret),
          .joiner = {.identity_key = request.identity_key,
                     .wireguard_key = request.wireguard_key,
                     .name = std::move(request.name),
                     .machine_id = std::move(request.machine_id),
                     .boot_id = std::move(request.boot_id),
                     .listen_port = request.listen_port,
                     .lan_addresses = std::move(request.lan_addresses),
                     .public_endpoint = request.public_endpoint,
                     .local_prefixes = std::move(request.local_prefixes),
                     .network = std::move(request.network),
                     .agent_version = std::move(request.agent_version)},
          .observed = observed};
}

}  // namespace

void Api::post_enrol(const CallPointer& call) {
  model::FieldFailure failure;
  auto request = model::decode_enrol_request(call->http.body, &failure);
  if (!request.ok()) {
    answer(call, problem_of(request.error(), failure));
    return;
  }
  const loop::HttpServer::Request& http = call->http;
  const auto claim = claim_of(*call, failure);
  if (!claim.ok()) {
    answer(call, problem_of(claim.error(), failure));
    return;
  }
  const crypto::IdentityPublicKey key = request.value().identity_key;
  if (claim.value().node != key.text()) {
    answer(call, problem({.status = 401,
                          .detail = std::string(model::kNodeHeader) +
                                    ": not the identity_key of the body, which has to sign it",
                          .field = std::string(model::kNodeHeader)}));
    return;
  }
  const auto verified = model::verify_request(
      key, claim.value(),
      {.method = http.method, .target = http.target, .body = base::as_bytes(http.body)}, call->now,
      &failure);
  if (!verified.ok()) {
    answer(call, problem_of(verified.error(), failure));
    return;
  }
  // No replay guard: while the node exists the same request again is answered with it and changes
  // nothing; after that it is an enrolment that the token has to allow.
  const std::string actor = "token " + model::text_of(request.value().token.id);
  call->seconds = &enrol_seconds_;
  submit(call, command_of(std::move(request).value(), http.remote.address), actor,
         [this](const State& state, const Decision& decision) {
           const Node& node = *state.nodes.find({decision.subject.id});
           const Network& network = *state.networks.find(node.network);
           const Site& site = *state.sites.find(node.site);
           return json_response(
               200, encode(model::EnrolResponse{
                        .node_id = node.id,
                        .network = network.name,
                        .network_id = network.id,
                        .site = site.name,
                        .site_id = site.id,
                        .role = node.role,
                        .addresses = addresses_of(site, node.offset),
                        .view = model::view_of(network.id, network.topology, site.id, node.role),
                        .signing_key = parts_.signing_key.public_key(),
                        .epoch = parts_.committer.views()->epoch()}));
         });
}

void Api::get_view(const CallPointer& call) {
  if (!take_query(call, {"epoch", "sequence"})) {
    return;
  }
  const auto epoch = number_in(call->query, "epoch");
  const auto sequence = number_in(call->query, "sequence");
  if (!epoch.ok() || !sequence.ok()) {
    answer(call, problem({.status = 400,
                          .detail = (epoch.ok() ? sequence : epoch).error().text(),
                          .field = epoch.ok() ? "sequence" : "epoch"}));
    return;
  }
  const model::Cursor cursor{.epoch = epoch.value(), .sequence = sequence.value()};
  // The view may have to be made first, and only from what is durable.
  parts_.committer.read([this, call, cursor](const State& state) {
    const Node* node = state.nodes.find(call->node);
    ViewLog* views = parts_.committer.views();
    if (node == nullptr || views == nullptr) {
      answer(call, problem({.status = node == nullptr ? 404 : 503,
                            .detail = node == nullptr ? "the node was removed" : "starting"}));
      return;
    }
    const Network& network = *state.networks.find(node->network);
    const model::ViewId view = model::view_of(network.id, network.topology, node->site, node->role);
    if (!views->open(state, view)) {
      answer(call, problem({.status = 404, .detail = "the site was removed"}));
      return;
    }
    if (call->requests != nullptr) {
      call->requests->add();
    }
    parts_.fleet.stream_opened(call->node);
    parts_.hub.follow(call->node, view, cursor, std::move(call->responder));
  });
}

void Api::post_report(const CallPointer& call) {
  model::FieldFailure failure;
  auto report = model::decode_node_report(call->http.body, &failure);
  if (!report.ok()) {
    answer(call, problem_of(report.error(), failure));
    return;
  }
  parts_.fleet.report(call->node, std::move(report).value());
  answer(call, {.status = 204, .headers = {}, .body = ""});
}

void Api::post_update(const CallPointer& call) {
  model::FieldFailure failure;
  auto update = model::decode_node_update(call->http.body, &failure);
  if (!update.ok()) {
    answer(call, problem_of(update.error(), failure));
    return;
  }
  model::NodeUpdate given = std::move(update).value();
  submit(call,
         UpdateNode{.id = call->node,
                    .listen_port = given.listen_port,
                    .lan_addresses = std::move(given.lan_addresses),
                    .public_endpoint = given.public_endpoint,
                    .observed = call->http.remote.address},
         actor_of(*call), [](const State&, const Decision&) {
           return Response{.status = 204, .headers = {}, .body = ""};
         });
}

void Api::post_leave(const CallPointer& call) {
  const auto body = model::parse_json("leave", call->http.body, model::kReportBytesMax);
  if (!body.ok() || !body.value().empty()) {
    answer(call, problem({.status = 400,
                          .detail = body.ok() ? "leave: expected an empty object"
                                              : body.error().text()}));
    return;
  }
  submit(call, RemoveNode{call->node}, actor_of(*call), [](const State&, const Decision&) {
    return Response{.status = 204, .headers = {}, .body = ""};
  });
}

}  // namespace coordinator
