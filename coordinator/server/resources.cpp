#include "coordinator/server/resources.h"

#include "overlay/base/hex.h"

namespace coordinator {
namespace {

using nlohmann::json;

template <typename T>
json texts(const std::vector<T>& values) {
  json list = json::array();
  for (const T& value : values) {
    list.push_back(value.text());
  }
  return list;
}

json name_or_null(const Network* network) {
  return network == nullptr ? json(nullptr) : json(network->name);
}

json name_or_null(const Site* site) {
  return site == nullptr ? json(nullptr) : json(site->name);
}

std::string_view state_of(const Token& token, base::WallTime now) {
  if (token.is_revoked) {
    return "revoked";
  }
  if (token.expires_at <= now) {
    return "expired";
  }
  return token.uses_left == 0 ? "used-up" : "active";
}

}  // namespace

json to_json(const State& state, const Network& network) {
  const Use& use = *state.network_use.find(network.id);
  return {{"id", network.id.value},
          {"name", network.name},
          {"topology", model::name_of(network.topology)},
          {"prefixes", texts(network.prefixes)},
          {"mtu", network.mtu},
          {"keepalive_s", network.keepalive_s},
          {"sites", use.sites},
          {"nodes", use.nodes},
          {"created_at_ms", network.created_at.unix_ms}};
}

json to_json(const State& state, const Site& site) {
  const Use& use = *state.site_use.find(site.id);
  return {{"id", site.id.value},
          {"network", name_or_null(state.networks.find(site.network))},
          {"network_id", site.network.value},
          {"name", site.name},
          {"lan_native", site.is_lan_native},
          {"prefixes", texts(site.prefixes)},
          {"nodes", use.nodes},
          {"nodes_max", pool_size(site)},
          {"gateways", use.gateways},
          {"replicas", use.replicas},
          {"created_at_ms", site.created_at.unix_ms}};
}

json to_json(const State& state, const Token& token, base::WallTime now) {
  return {{"id", model::text_of(token.id)},
          {"network", name_or_null(state.networks.find(token.network))},
          {"site", name_or_null(state.sites.find(token.site))},
          {"role", model::name_of(token.role)},
          {"uses", token.uses},
          {"uses_left", token.uses_left},
          {"labels", token.labels},
          {"state", state_of(token, now)},
          {"created_at_ms", token.created_at.unix_ms},
          {"expires_at_ms", token.expires_at.unix_ms}};
}

json to_json(const State& state, const Node& node, const Fleet& fleet, base::WallTime now) {
  const Site& site = *state.sites.find(node.site);
  json body = {{"id", model::text_of(node.id)},
               {"name", node.name},
               {"network", name_or_null(state.networks.find(node.network))},
               {"site", site.name},
               {"role", model::name_of(node.role)},
               {"state", name_of(fleet.state_of(node, now))},
               {"addresses", texts(addresses_of(site, node.offset))},
               {"labels", node.labels},
               {"listen_port", node.listen_port},
               {"lan_addresses", texts(node.lan_addresses)},
               {"public_endpoints", texts(node.public_endpoints)},
               {"identity_key", node.identity_key.text()},
               {"wireguard_key", node.wireguard_key.text()},
               {"machine_id", node.machine_id},
               {"agent_version", node.agent_version},
               {"token", model::text_of(node.token)},
               {"joined_at_ms", node.joined_at.unix_ms},
               {"last_seen_ms", nullptr},
               {"first_ping_ms", nullptr},
               {"applied_sequence", nullptr},
               {"remote", nullptr},
               {"gpus", nullptr},
               {"parked", json::array()},
               {"problems", json::array()}};
  if (const Fleet::Seen* seen = fleet.find(node.id); seen != nullptr) {
    body["last_seen_ms"] = seen->streams > 0 ? now.unix_ms : seen->last_seen.unix_ms;
    if (seen->report.has_value()) {
      const model::NodeReport& report = *seen->report;
      body["applied_sequence"] = report.applied_sequence;
      body["problems"] = report.problems;
      body["agent_version"] = report.agent_version;
      if (report.first_ping_ms.has_value()) {
        body["first_ping_ms"] = *report.first_ping_ms;
      }
      if (report.gpus.has_value()) {
        body["gpus"] = json(model::gpus_json(*report.gpus));
      }
    }
    if (seen->speaker.has_value() && seen->speaker->remote.has_value()) {
      body["remote"] = seen->speaker->remote->text();
    }
    for (const Fleet::Speaker& copy : fleet.parked(node.id, now)) {
      body["parked"].push_back({{"machine_id", copy.host.machine_id},
                                {"boot_id", copy.host.boot_id},
                                {"remote", copy.remote->text()},
                                {"last_seen_ms", copy.last_seen.unix_ms}});
      body["problems"].push_back("parked: another server with this identity asks from " +
                                 copy.remote->text() + "; its disk looks like a copy");
    }
  }
  return body;
}

json prometheus_target(const State& state, const Node& node, const Fleet& fleet, base::WallTime now,
                       std::uint16_t port) {
  const Site& site = *state.sites.find(node.site);
  json labels = {{"__meta_linkspan_node", node.name},
                 {"__meta_linkspan_node_id", model::text_of(node.id)},
                 {"__meta_linkspan_network", state.networks.find(node.network)->name},
                 {"__meta_linkspan_site", site.name},
                 {"__meta_linkspan_role", model::name_of(node.role)},
                 {"__meta_linkspan_state", name_of(fleet.state_of(node, now))}};
  for (const auto& [name, value] : node.labels) {
    std::string meta = "__meta_linkspan_label_";
    for (const char c : name) {
      const bool is_plain =
          (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
      meta += is_plain ? c : '_';
    }
    labels[meta] = value;
  }
  const base::Endpoint endpoint{.address = addresses_of(site, node.offset).front(), .port = port};
  return {{"targets", {endpoint.text()}}, {"labels", std::move(labels)}};
}

json to_json(const State& state, const Replica& replica) {
  return {{"id", replica.id.value},
          {"network", name_or_null(state.networks.find(replica.network))},
          {"site", name_or_null(state.sites.find(replica.site))},
          {"url", replica.url},
          {"sources", replica.sources},
          {"created_at_ms", replica.created_at.unix_ms}};
}

json to_json(const ApiKey& key) {
  return {{"id", model::text_of(key.id)},
          {"name", key.name},
          {"role", name_of(key.role)},
          {"created_at_ms", key.created_at.unix_ms}};
}

json to_json(const AuditEntry& entry) {
  return {{"id", entry.id},         {"at_ms", entry.at.unix_ms}, {"actor", entry.actor},
          {"remote", entry.remote}, {"action", entry.action},    {"target", entry.target}};
}

std::string_view name_of(KeyRole role) {
  switch (role) {
    case KeyRole::Viewer:
      return "viewer";
    case KeyRole::Operator:
      return "operator";
    case KeyRole::Admin:
      return "admin";
  }
  return "";
}

base::Result<KeyRole> parse_key_role(std::string_view text) {
  for (const KeyRole role : {KeyRole::Viewer, KeyRole::Operator, KeyRole::Admin}) {
    if (name_of(role) == text) {
      return role;
    }
  }
  return base::Error(base::Errc::Malformed, "\"" + std::string(text.substr(0, 32)) +
                                                "\", expected viewer, operator or admin");
}

}  // namespace coordinator
