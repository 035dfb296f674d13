// The HTTP API: what each request means. Checks who asks, reads what is asked, hands commands to
// the committer and answers when they are durable.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "coordinator/server/committer.h"
#include "coordinator/server/fleet.h"
#include "coordinator/server/packages.h"
#include "coordinator/server/problems.h"
#include "coordinator/server/router.h"
#include "coordinator/server/view_hub.h"
#include "overlay/base/metrics.h"
#include "overlay/base/random.h"
#include "overlay/crypto/keys.h"
#include "overlay/loop/http_server.h"
#include "overlay/model/request_signature.h"

namespace coordinator {

class Api {
 public:
  static constexpr std::size_t kPageMax = 1000;
  static constexpr std::size_t kPageDefault = 100;
  static constexpr std::size_t kIdempotencyKeyBytesMax = 255;
  static constexpr std::size_t kPrometheusTargetsMax = 50'000;   // of one answer
  static constexpr std::uint16_t kPrometheusPortDefault = 9100;  // Prometheus's node exporter

  struct Settings {
    std::string url;  // that servers reach us by: "https://192.0.2.1:7443"
    crypto::Digest256 pin{};
    std::function<base::WallTime()> now;
    // Adds what others count, when /metrics is read. May be empty.
    std::function<void(base::Metrics&)> gather;
  };
  struct Parts {
    Committer& committer;
    Fleet& fleet;
    ViewHub& hub;
    Packages& packages;
    base::Metrics& metrics;
    base::RandomSource& random;
    const crypto::IdentityKey& signing_key;
  };

  // One request that is being answered. Owned by whoever will answer it: a queued command, a read.
  struct Call {
    Call(loop::HttpServer::Request given, loop::HttpServer::Responder answer)
        : http(std::move(given)), responder(std::move(answer)) {}

    loop::HttpServer::Request http;
    loop::HttpServer::Responder responder;
    base::WallTime now;
    std::vector<std::string> parameters;       // what stood in the pattern's braces
    std::map<std::string, std::string> query;  // decoded
    std::optional<ApiKey> api_key;             // who asks, if by API key
    model::NodeId node;                        // who asks, if signed by a node
    base::Counter* requests = nullptr;         // of this route; counted when answered
    base::Histogram* seconds = nullptr;        // observed when answered, if set
  };
  using CallPointer = std::shared_ptr<Call>;
  using Handler = void (Api::*)(const CallPointer&);

  // Keeps references to all parts.
  Api(Parts parts, Settings settings);
  ~Api() = default;
  Api(const Api&) = delete;
  Api& operator=(const Api&) = delete;

  void handle(loop::HttpServer::Request request, loop::HttpServer::Responder responder);

  // Every path that there is; the OpenAPI document says the same.
  static const std::vector<Route<Handler>>& routes();

 private:
  using Success = std::function<Response(const State&, const Decision&)>;

  bool authorise(const Route<Handler>& route, const CallPointer& call);
  bool authorise_key(KeyRole least, const CallPointer& call);
  bool authorise_node(const CallPointer& call);
  static base::Result<model::RequestClaim> claim_of(const Call& call, model::FieldFailure& failure);
  void note_copy(const Node& node, base::WallTime now);
  // False if it has answered.
  bool check_idempotency_key(const CallPointer& call);
  void answer(const CallPointer& call, Response response);
  // Refuses query parameters other than these; false if it has answered.
  bool take_query(const CallPointer& call, const std::vector<std::string_view>& known);
  // Answers when the command is durable: with what `success` makes, or with the refusal.
  void submit(const CallPointer& call, Command command, std::string actor, Success success);
  std::optional<Request::IdempotencyKey> idempotency_of(const CallPointer& call) const;
  // The secret of something new: random, or made from the Idempotency-Key, so that the same request
  // again is answered with the same secret though only its hash is kept.
  crypto::Secret<32> new_secret(const CallPointer& call) const;
  std::string actor_of(const Call& call) const;
  std::string join_line(const std::string& token) const;

  // What api_lists.cpp needs to show one kind of record.
  template <typename K, typename V>
  struct Kind;
  template <typename K, typename V>
  void list(const CallPointer& call, const Kind<K, V>& kind);
  template <typename K, typename V>
  void get_one(const CallPointer& call, const Kind<K, V>& kind);
  Kind<model::NetworkId, Network> networks();
  Kind<model::SiteId, Site> sites();
  Kind<model::TokenId, Token> tokens();
  Kind<model::NodeId, Node> nodes();
  Kind<model::ReplicaId, Replica> replicas();
  Kind<model::ApiKeyId, ApiKey> api_keys();

  void get_health(const CallPointer& call);
  void get_metrics(const CallPointer& call);
  void get_openapi(const CallPointer& call);
  void get_join(const CallPointer& call);
  void get_package(const CallPointer& call);
  void post_enrol(const CallPointer& call);
  void get_view(const CallPointer& call);
  void post_report(const CallPointer& call);
  void post_update(const CallPointer& call);
  void post_leave(const CallPointer& call);
  void list_networks(const CallPointer& call);
  void list_sites(const CallPointer& call);
  void list_tokens(const CallPointer& call);
  void list_nodes(const CallPointer& call);
  void list_replicas(const CallPointer& call);
  void list_api_keys(const CallPointer& call);
  void list_audit(const CallPointer& call);
  void list_prometheus_targets(const CallPointer& call);
  void get_network(const CallPointer& call);
  void get_site(const CallPointer& call);
  void get_token(const CallPointer& call);
  void get_node(const CallPointer& call);
  void get_replica(const CallPointer& call);
  void get_api_key(const CallPointer& call);
  void create_network(const CallPointer& call);
  void create_site(const CallPointer& call);
  void create_token(const CallPointer& call);
  void create_replica(const CallPointer& call);
  void create_api_key(const CallPointer& call);
  void confirm_removals(const CallPointer& call);
  void delete_network(const CallPointer& call);
  void delete_site(const CallPointer& call);
  void delete_token(const CallPointer& call);
  void delete_node(const CallPointer& call);
  void delete_replica(const CallPointer& call);
  void delete_api_key(const CallPointer& call);

  Parts parts_;
  Settings settings_;
  base::Histogram& enrol_seconds_;
};

}  // namespace coordinator
