// Lists and single records, as they durably are.
#include <charconv>
#include <utility>

#include "coordinator/server/api.h"
#include "coordinator/server/resources.h"

namespace coordinator {
namespace {

using nlohmann::json;

template <typename Number>
base::Result<Number> parse_number(const std::string& text) {
  Number value = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || code != std::errc() || end != text.data() + text.size()) {
    return base::Error(base::Errc::Malformed, "\"" + text.substr(0, 32) + "\", expected a number");
  }
  return value;
}

template <typename T>
base::Result<T> parse_small_id(const std::string& text) {
  const auto number = parse_number<std::uint32_t>(text);
  if (!number.ok()) {
    return number.error();
  }
  return T{number.value()};
}

// Whether the record is what ?network=, ?site= and ?name= ask for, by name.
class Filter {
 public:
  Filter(const State& state, const std::map<std::string, std::string>& query)
      : state_(state), query_(query) {}

  bool takes(const Network& network) const { return is("name", network.name); }
  bool takes(const Site& site) const {
    return is("name", site.name) && is("network", network_name(site.network));
  }
  bool takes(const Token& token) const { return takes_place(token.network, token.site); }
  bool takes(const Node& node) const {
    return is("name", node.name) && takes_place(node.network, node.site);
  }
  bool takes(const Replica& replica) const { return takes_place(replica.network, replica.site); }
  bool takes(const ApiKey& key) const { return is("name", key.name); }

 private:
  bool is(const std::string& parameter, const std::string& value) const {
    const auto it = query_.find(parameter);
    return it == query_.end() || it->second == value;
  }
  bool takes_place(model::NetworkId network, model::SiteId site) const {
    return is("network", network_name(network)) && is("site", site_name(site));
  }
  std::string network_name(model::NetworkId id) const {
    const Network* network = state_.networks.find(id);
    return network == nullptr ? "" : network->name;
  }
  std::string site_name(model::SiteId id) const {
    const Site* site = state_.sites.find(id);
    return site == nullptr ? "" : site->name;
  }

  const State& state_;
  const std::map<std::string, std::string>& query_;
};

}  // namespace

template <typename K, typename V>
struct Api::Kind {
  std::string_view name;
  Table<K, V> State::*table;
  std::vector<std::string_view> filters;
  std::function<base::Result<K>(const std::string&)> parse;
  std::function<std::string(K)> text;
  std::function<json(const State&, const V&, base::WallTime)> show;
};

Api::Kind<model::NetworkId, Network> Api::networks() {
  return {"network",
          &State::networks,
          {"name"},
          parse_small_id<model::NetworkId>,
          [](model::NetworkId id) { return std::to_string(id.value); },
          [](const State& state, const Network& network, base::WallTime) {
            return to_json(state, network);
          }};
}

Api::Kind<model::SiteId, Site> Api::sites() {
  return {
      "site",
      &State::sites,
      {"network", "name"},
      parse_small_id<model::SiteId>,
      [](model::SiteId id) { return std::to_string(id.value); },
      [](const State& state, const Site& site, base::WallTime) { return to_json(state, site); }};
}

Api::Kind<model::TokenId, Token> Api::tokens() {
  return {"token",
          &State::tokens,
          {"network", "site"},
          [](const std::string& text) { return model::parse_token_id(text); },
          [](model::TokenId id) { return model::text_of(id); },
          [](const State& state, const Token& token, base::WallTime now) {
            return to_json(state, token, now);
          }};
}

Api::Kind<model::NodeId, Node> Api::nodes() {
  return {"node",
          &State::nodes,
          {"network", "site", "name"},
          [](const std::string& text) { return model::parse_node_id(text); },
          [](model::NodeId id) { return model::text_of(id); },
          [this](const State& state, const Node& node, base::WallTime now) {
            return to_json(state, node, parts_.fleet, now);
          }};
}

Api::Kind<model::ReplicaId, Replica> Api::replicas() {
  return {"replica",
          &State::replicas,
          {"network", "site"},
          parse_small_id<model::ReplicaId>,
          [](model::ReplicaId id) { return std::to_string(id.value); },
          [](const State& state, const Replica& replica, base::WallTime) {
            return to_json(state, replica);
          }};
}

Api::Kind<model::ApiKeyId, ApiKey> Api::api_keys() {
  return {"api key",
          &State::api_keys,
          {"name"},
          [](const std::string& text) { return model::parse_api_key_id(text); },
          [](model::ApiKeyId id) { return model::text_of(id); },
          [](const State&, const ApiKey& key, base::WallTime) { return to_json(key); }};
}

// A page of records by id: those behind ?after=, at most ?limit= of them.
template <typename K, typename V>
void Api::list(const CallPointer& call, const Kind<K, V>& kind) {
  std::vector<std::string_view> known = kind.filters;
  known.insert(known.end(), {"limit", "after"});
  if (!take_query(call, known)) {
    return;
  }
  std::size_t limit = kPageDefault;
  if (const auto given = call->query.find("limit"); given != call->query.end()) {
    const auto number = parse_number<std::size_t>(given->second);
    if (!number.ok() || number.value() < 1 || number.value() > kPageMax) {
      answer(call, problem({.status = 400,
                            .detail = "query: limit: \"" + given->second + "\", expected 1.." +
                                      std::to_string(kPageMax),
                            .field = "limit",
                            .value = given->second}));
      return;
    }
    limit = number.value();
  }
  std::optional<K> after;
  if (const auto given = call->query.find("after"); given != call->query.end()) {
    const auto id = kind.parse(given->second);
    if (!id.ok()) {
      answer(call, problem({.status = 400,
                            .detail = id.error().within("query: after").text(),
                            .field = "after",
                            .value = given->second}));
      return;
    }
    after = id.value();
  }
  parts_.committer.read([this, call, kind, limit, after](const State& state) {
    const Table<K, V>& table = state.*kind.table;
    const Filter filter(state, call->query);
    json items = json::array();
    json next = nullptr;
    std::string last;
    auto it = after.has_value() ? table.lower_bound(*after) : table.begin();
    if (after.has_value() && it != table.end() && it->first == *after) {
      ++it;
    }
    for (; it != table.end(); ++it) {
      if (!filter.takes(it->second)) {
        continue;
      }
      if (items.size() == limit) {
        next = last;
        break;
      }
      items.push_back(kind.show(state, it->second, call->now));
      last = kind.text(it->first);
    }
    answer(call, json_response(200, json{{"items", std::move(items)}, {"next", next}}.dump()));
  });
}

template <typename K, typename V>
void Api::get_one(const CallPointer& call, const Kind<K, V>& kind) {
  if (!take_query(call, {})) {
    return;
  }
  parts_.committer.read([this, call, kind](const State& state) {
    const std::string& text = call->parameters[0];
    const auto id = kind.parse(text);
    const V* found = id.ok() ? (state.*kind.table).find(id.value()) : nullptr;
    if (found == nullptr) {
      answer(call, problem({.status = 404,
                            .detail = std::string(kind.name) + ": " + text.substr(0, 64) +
                                      " does not exist",
                            .field = "id",
                            .value = text.substr(0, 64)}));
      return;
    }
    answer(call, json_response(200, kind.show(state, *found, call->now).dump()));
  });
}

void Api::list_networks(const CallPointer& call) {
  list(call, networks());
}
void Api::list_sites(const CallPointer& call) {
  list(call, sites());
}
void Api::list_tokens(const CallPointer& call) {
  list(call, tokens());
}
void Api::list_nodes(const CallPointer& call) {
  list(call, nodes());
}
void Api::list_replicas(const CallPointer& call) {
  list(call, replicas());
}
void Api::list_api_keys(const CallPointer& call) {
  list(call, api_keys());
}
void Api::get_network(const CallPointer& call) {
  get_one(call, networks());
}
void Api::get_site(const CallPointer& call) {
  get_one(call, sites());
}
void Api::get_token(const CallPointer& call) {
  get_one(call, tokens());
}
void Api::get_node(const CallPointer& call) {
  get_one(call, nodes());
}
void Api::get_replica(const CallPointer& call) {
  get_one(call, replicas());
}
void Api::get_api_key(const CallPointer& call) {
  get_one(call, api_keys());
}

// All in one answer, as Prometheus wants it: its HTTP service discovery knows no pages.
void Api::list_prometheus_targets(const CallPointer& call) {
  if (!take_query(call, {"network", "site", "port"})) {
    return;
  }
  std::uint16_t port = kPrometheusPortDefault;
  if (const auto given = call->query.find("port"); given != call->query.end()) {
    const auto number = parse_number<std::uint16_t>(given->second);
    if (!number.ok() || number.value() == 0) {
      answer(call, problem({.status = 400,
                            .detail = "query: port: \"" + given->second.substr(0, 32) +
                                      "\", expected 1..65535",
                            .field = "port",
                            .value = given->second.substr(0, 64)}));
      return;
    }
    port = number.value();
  }
  parts_.committer.read([this, call, port](const State& state) {
    const Filter filter(state, call->query);
    json targets = json::array();
    for (const auto& [id, node] : state.nodes) {
      if (!filter.takes(node)) {
        continue;
      }
      if (targets.size() == kPrometheusTargetsMax) {
        answer(call, problem({.status = 409,
                              .detail = "more than " + std::to_string(kPrometheusTargetsMax) +
                                        " nodes: ask for one network or site at a time",
                              .field = "site"}));
        return;
      }
      targets.push_back(prometheus_target(state, node, parts_.fleet, call->now, port));
    }
    answer(call, json_response(200, targets.dump()));
  });
}

// Newest first: ?after= goes back in time.
void Api::list_audit(const CallPointer& call) {
  if (!take_query(call, {"limit", "after"})) {
    return;
  }
  std::uint64_t limit = kPageDefault;
  std::uint64_t after = UINT64_MAX;
  for (const auto& [name, value] : call->query) {
    const auto number = parse_number<std::uint64_t>(value);
    const bool is_limit = name == "limit";
    if (!number.ok() || number.value() < 1 || (is_limit && number.value() > kPageMax)) {
      const std::string expected = is_limit ? "1.." + std::to_string(kPageMax) : "an entry's id";
      std::string detail = "query: ";
      detail.append(name).append(": \"").append(value).append("\", expected ").append(expected);
      answer(call,
             problem({.status = 400, .detail = std::move(detail), .field = name, .value = value}));
      return;
    }
    (is_limit ? limit : after) = number.value();
  }
  parts_.committer.read([this, call, limit, after](const State& state) {
    json items = json::array();
    json next = nullptr;
    auto it = state.audit.lower_bound(after);
    while (it != state.audit.begin()) {
      --it;
      if (items.size() == limit) {
        next = std::to_string(std::next(it)->first);
        break;
      }
      items.push_back(to_json(it->second));
    }
    answer(call, json_response(200, json{{"items", std::move(items)}, {"next", next}}.dump()));
  });
}

}  // namespace coordinator
