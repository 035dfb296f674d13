// Servers that join and nodes that go.
#include <algorithm>

#include "coordinator/domain/address_pool.h"
#include "coordinator/domain/refusals.h"
#include "overlay/crypto/secret.h"
#include "overlay/model/names.h"

namespace coordinator {
namespace {

constexpr std::size_t kSuffixBytes = 8;  // room for "-9999999"

// The lists of a fact are sets.
template <typename T>
std::vector<T> as_set(std::vector<T> list) {
  std::sort(list.begin(), list.end());
  list.erase(std::unique(list.begin(), list.end()), list.end());
  return list;
}

// What the token in `command` is good for, or why it is good for nothing.
Decision check_token(const Enrol& command, const Token* token, base::WallTime now) {
  const std::string id = model::text_of(command.token);
  if (token == nullptr) {
    return refuse(base::Errc::Unauthenticated, "token", id,
                  id + " is not known to this coordinator");
  }
  if (!crypto::equal(token->secret_hash, command.secret_hash)) {
    return refuse(base::Errc::Unauthenticated, "token", id,
                  id + " has another secret: it is mistyped or was tampered with");
  }
  if (token->is_revoked) {
    return refuse(base::Errc::Unauthenticated, "token", id, id + " was revoked");
  }
  if (token->expires_at <= now) {
    return refuse(base::Errc::Unauthenticated, "token", id,
                  id + " expired at " + time_text(token->expires_at));
  }
  if (token->uses_left == 0) {
    return refuse(base::Errc::Unauthenticated, "token", id,
                  id + " is used up: it was good for " + counted(token->uses, "server"));
  }
  return {};
}

Decision check_expected_network(const Enrol& command, const Network& network,
                                std::string_view what) {
  if (command.joiner.network.has_value() && *command.joiner.network != network.name) {
    return refuse(base::Errc::Conflict, "network", *command.joiner.network,
                  in_quotes(*command.joiner.network) + " was expected, but " + std::string(what) +
                      " network " + in_quotes(network.name));
  }
  return {};
}

// A route of the joiner's own inside the overlay's ranges would be cut off by it, or cut it off.
Decision check_local_routes(const Enrol& command, const Network& network) {
  const std::vector<base::Prefix>& ranges = network.prefixes;
  const auto& routes = command.joiner.local_prefixes;
  for (std::size_t i = 0; i < routes.size(); ++i) {
    const base::Prefix& route = routes[i];
    if (route.length() == 0) {
      continue;  // a default route covers everything and yields to everything
    }
    const auto range = std::find_if(ranges.begin(), ranges.end(),
                                    [&](const base::Prefix& one) { return one.overlaps(route); });
    if (range != ranges.end()) {
      return refuse(base::Errc::Conflict, "local_prefixes[" + std::to_string(i) + "]", route.text(),
                    route.text() + " is a route of this server and overlaps " + range->text() +
                        " of network " + in_quotes(network.name));
    }
  }
  return {};
}

// Where others reach it. A gateway behind NAT is seen with its router's address, and the router is
// expected to forward the WireGuard port; configuration wins.
std::vector<base::Endpoint> endpoints_of(const Enrol& command, model::Role role,
                                         model::Topology topology) {
  if (command.joiner.public_endpoint.has_value()) {
    return {*command.joiner.public_endpoint};
  }
  if (role == model::Role::Gateway || topology == model::Topology::Mesh) {
    return {{.address = command.observed, .port = command.joiner.listen_port}};
  }
  return {};
}

// Where others reach a node that is there already. What is observed then has to be as good as what
// was: it is not taken when the request came over the overlay itself or from this very host, nor
// when it is of another family than what others use. A gateway may ask over either.
std::vector<base::Endpoint> endpoints_of(const UpdateNode& command, const Node& node,
                                         const Network& network) {
  if (command.public_endpoint.has_value()) {
    return {*command.public_endpoint};
  }
  if (node.public_endpoints.empty()) {
    return {};  // of a kind that nobody reaches from outside
  }
  const base::Address& seen = command.observed;
  const bool is_inside =
      seen.is_loopback() || std::ranges::any_of(network.prefixes, [&](const base::Prefix& one) {
        return one.contains(seen);
      });
  const bool is_of_the_family = std::ranges::any_of(
      node.public_endpoints,
      [&](const base::Endpoint& one) { return one.address.family() == seen.family(); });
  if (!is_inside && is_of_the_family) {
    return {{.address = seen, .port = command.listen_port}};
  }
  std::vector<base::Endpoint> kept = node.public_endpoints;
  for (base::Endpoint& endpoint : kept) {
    endpoint.port = command.listen_port == node.listen_port ? endpoint.port : command.listen_port;
  }
  return kept;
}

struct ChosenName {
  std::string name;
  std::uint32_t suffix = 0;
};

// The wanted name, or with the next number behind it: a fleet that is installed from one image must
// not stop because all its servers are called alike. Numbers only grow, so this looks at few names.
ChosenName choose_name(const State& state, model::NetworkId network, const std::string& wanted) {
  if (!state.node_by_name.contains({network, wanted})) {
    return {.name = wanted, .suffix = 0};
  }
  std::string stem = wanted.substr(0, model::kNameBytesMax - kSuffixBytes);
  while (!stem.empty() && stem.back() == '-') {
    stem.pop_back();
  }
  const std::uint32_t* last = state.name_suffixes.find({network, stem});
  for (std::uint32_t suffix = last == nullptr ? 2 : *last + 1;; ++suffix) {
    std::string name = stem + "-" + std::to_string(suffix);
    if (!state.node_by_name.contains({network, name})) {
      return {.name = std::move(name), .suffix = suffix};
    }
  }
}

// No refusal if the facts of a node of this role may grow by so much.
Decision check_facts_room(const State& state, const Network& network, const Site& site,
                          model::Role role, std::size_t bytes) {
  return role == model::Role::Gateway ? check_shared_room(state, network, bytes)
                                      : check_member_room(state, site, bytes);
}

// The event that makes a node what `updated` says, if it is not that already.
Decision update(const State& state, const Node& node, const Node& updated, std::string_view field) {
  const Site& site = *state.sites.find(node.site);
  Decision decision;
  decision.subject = {SubjectKind::Node, node.id.value};
  if (updated == node) {
    return decision;
  }
  if (const auto status = model::check_fact(fact_of(updated, site)); !status.ok()) {
    return refuse(base::Errc::Malformed, field, "", status.error().text());
  }
  const std::size_t bytes_before = fact_bytes_of(node, site);
  if (const std::size_t bytes = fact_bytes_of(updated, site); bytes > bytes_before) {
    if (auto refusal = check_facts_room(state, *state.networks.find(site.network), site, node.role,
                                        bytes - bytes_before);
        !refusal.ok()) {
      return refusal;
    }
  }
  decision.events.emplace_back(NodeUpdated{.id = node.id,
                                           .wireguard_key = updated.wireguard_key,
                                           .listen_port = updated.listen_port,
                                           .lan_addresses = updated.lan_addresses,
                                           .public_endpoints = updated.public_endpoints,
                                           .boot_id = updated.boot_id,
                                           .agent_version = updated.agent_version});
  return decision;
}

// The server is a node already: the same again, with whatever is new about it.
Decision enrol_again(const State& state, const Enrol& command, const Node& node,
                     base::WallTime now) {
  const Network& network = *state.networks.find(node.network);
  const Site& site = *state.sites.find(node.site);
  if (node.machine_id != command.joiner.machine_id) {
    return refuse(base::Errc::Conflict, "identity_key", command.joiner.identity_key.text(),
                  "this server has the identity of node " + in_quotes(node.name) +
                      ", which joined from another machine: its disk looks like a copy; run "
                      "'linkspan leave' here and join again");
  }
  if (auto decision = check_expected_network(command, network, "this server is a node of");
      !decision.ok()) {
    return decision;
  }
  // The identity key is proof enough, so a token that is used up, expired or forgotten meanwhile
  // does not matter; one that says something else does.
  if (const Token* token = state.tokens.find(command.token); token != nullptr) {
    if (!crypto::equal(token->secret_hash, command.secret_hash)) {
      return check_token(command, token, now);
    }
    if (token->site != node.site || token->role != node.role) {
      return refuse(base::Errc::Conflict, "token", model::text_of(token->id),
                    "is for a " + std::string(model::name_of(token->role)) + " of site " +
                        in_quotes(state.sites.find(token->site)->name) + ", but this server is a " +
                        std::string(model::name_of(node.role)) + " of site " +
                        in_quotes(site.name) + ": leave first");
    }
  }
  const auto* holder = state.node_by_wireguard_key.find(command.joiner.wireguard_key);
  if (holder != nullptr && *holder != node.id) {
    return refuse(base::Errc::Conflict, "wireguard_key", command.joiner.wireguard_key.text(),
                  "is the key of node " + in_quotes(state.nodes.find(*holder)->name));
  }
  Node updated = node;
  updated.wireguard_key = command.joiner.wireguard_key;
  updated.listen_port = command.joiner.listen_port;
  updated.lan_addresses = as_set(command.joiner.lan_addresses);
  updated.public_endpoints = endpoints_of(command, node.role, network.topology);
  updated.boot_id = command.joiner.boot_id;
  updated.agent_version = command.joiner.agent_version;
  return update(state, node, updated, "enrol");
}

// No refusal if one more node of the token's kind may come.
Decision check_room(const State& state, const Token& token, const Network& network,
                    const Site& site) {
  if (state.nodes.size() >= kNodesMax) {
    return refuse(base::Errc::LimitExceeded, "token", "",
                  "there are " + std::to_string(kNodesMax) + " nodes, the most there may be");
  }
  if (network.topology == model::Topology::Mesh &&
      state.network_use.find(network.id)->nodes >= kMeshNodesMax) {
    return refuse(base::Errc::LimitExceeded, "token", model::text_of(token.id),
                  "network " + in_quotes(network.name) + " is a mesh and has " +
                      std::to_string(kMeshNodesMax) + " nodes, the most a mesh may have");
  }
  const Use& use = *state.site_use.find(site.id);
  if (token.role != model::Role::Gateway && use.nodes - use.gateways >= kSiteMembersMax) {
    return refuse(base::Errc::LimitExceeded, "site", site.name,
                  in_quotes(site.name) + " has " + std::to_string(kSiteMembersMax) +
                      " members, the most a site may have: make another site");
  }
  if (token.role == model::Role::Gateway && state.site_use.find(site.id)->gateways > 0) {
    return refuse(base::Errc::Conflict, "token", model::text_of(token.id),
                  "site " + in_quotes(site.name) +
                      " has its gateway already; more than one is not served yet");
  }
  return {};
}

Decision refuse_full(const Site& site, const OffsetChoice& choice, base::WallTime now) {
  const std::uint64_t next_s = static_cast<std::uint64_t>(std::max<std::int64_t>(
                                   choice.next_free.unix_ms - now.unix_ms, 0)) /
                                   1000 +
                               1;
  return refuse(base::Errc::LimitExceeded, "site", site.name,
                in_quotes(site.name) + " has no free address: " + counted(pool_size(site), "node") +
                    " fit, all are held or in quarantine" +
                    (choice.next_free == base::WallTime{}
                         ? ""
                         : ", next free in " + std::to_string(next_s) + " s"));
}

Decision enrol_new(const Deciding& deciding, const Enrol& command, const Token& token) {
  const State& state = deciding.state;
  const Joiner& joiner = command.joiner;
  const base::WallTime now = deciding.circumstances.now;
  const Network& network = *state.networks.find(token.network);
  const Site& site = *state.sites.find(token.site);
  if (auto decision = check_room(state, token, network, site); !decision.ok()) {
    return decision;
  }
  if (auto decision = check_local_routes(command, network); !decision.ok()) {
    return decision;
  }
  const auto* holder = state.node_by_wireguard_key.find(joiner.wireguard_key);
  if (holder != nullptr) {
    return refuse(base::Errc::Conflict, "wireguard_key", joiner.wireguard_key.text(),
                  "is the key of node " + in_quotes(state.nodes.find(*holder)->name));
  }
  const OffsetChoice choice =
      choose_offset(state, site, joiner.identity_key, now, deciding.circumstances.quarantine);
  if (choice.offset == 0) {
    return refuse_full(site, choice, now);
  }
  ChosenName chosen = choose_name(state, network.id, joiner.name);
  Node node{.id = {state.counters.get().node},
            .network = network.id,
            .site = site.id,
            .name = std::move(chosen.name),
            .role = token.role,
            .rank = 0,
            .identity_key = joiner.identity_key,
            .wireguard_key = joiner.wireguard_key,
            .offset = choice.offset,
            .offset_free_since = choice.free_since,
            .listen_port = joiner.listen_port,
            .lan_addresses = as_set(joiner.lan_addresses),
            .public_endpoints = endpoints_of(command, token.role, network.topology),
            .machine_id = joiner.machine_id,
            .boot_id = joiner.boot_id,
            .agent_version = joiner.agent_version,
            .labels = token.labels,
            .token = token.id,
            .joined_at = now,
            .changed_at = 0};
  if (const auto status = model::check_fact(fact_of(node, site)); !status.ok()) {
    return refuse(base::Errc::Malformed, "enrol", "", status.error().text());
  }
  if (auto decision = check_facts_room(state, network, site, node.role, fact_bytes_of(node, site));
      !decision.ok()) {
    return decision;
  }
  Decision decision;
  decision.subject = {SubjectKind::Node, node.id.value};
  decision.events.emplace_back(NodeEnrolled{.node = std::move(node), .name_suffix = chosen.suffix});
  return decision;
}

}  // namespace

Decision Deciding::operator()(const Enrol& command) const {
  if (const auto status = model::check_name(command.joiner.name); !status.ok()) {
    return refuse(base::Errc::Malformed, "name", command.joiner.name, status.error().text());
  }
  const auto* known = state.node_by_identity.find(command.joiner.identity_key);
  if (known != nullptr) {
    return enrol_again(state, command, *state.nodes.find(*known), circumstances.now);
  }
  const Token* token = state.tokens.find(command.token);
  if (auto decision = check_token(command, token, circumstances.now); !decision.ok()) {
    return decision;
  }
  if (auto decision =
          check_expected_network(command, *state.networks.find(token->network), "the token is for");
      !decision.ok()) {
    return decision;
  }
  return enrol_new(*this, command, *token);
}

Decision Deciding::operator()(const UpdateNode& command) const {
  const Node* node = state.nodes.find(command.id);
  if (node == nullptr) {
    return refuse_missing("node", model::text_of(command.id));
  }
  Node updated = *node;
  updated.listen_port = command.listen_port;
  updated.lan_addresses = as_set(command.lan_addresses);
  updated.public_endpoints = endpoints_of(command, *node, *state.networks.find(node->network));
  return update(state, *node, updated, "update");
}

Decision Deciding::operator()(const RemoveNode& command) const {
  if (!state.nodes.contains(command.id)) {
    return refuse_missing("node", model::text_of(command.id));
  }
  Decision decision;
  decision.subject = {SubjectKind::Node, command.id.value};
  decision.events.emplace_back(NodeRemoved{.id = command.id, .at = circumstances.now});
  return decision;
}

Decision Deciding::operator()(const NoteCopy& command) const {
  if (!state.nodes.contains(command.id)) {
    return refuse_missing("node", model::text_of(command.id));
  }
  Decision decision;
  decision.subject = {SubjectKind::Node, command.id.value};
  return decision;
}

}  // namespace coordinator
