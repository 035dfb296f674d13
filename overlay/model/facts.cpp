#include "overlay/model/facts.h"

#include <algorithm>

namespace model {
namespace {

template <typename T>
void make_set(std::vector<T>& values) {
  std::ranges::sort(values);
  values.erase(std::unique(values.begin(), values.end()), values.end());
}

struct Canonicaliser {
  void operator()(NetworkFact& fact) const {
    make_set(fact.prefixes);
    make_set(fact.pod_prefixes);
  }
  void operator()(SiteFact& fact) const {
    make_set(fact.prefixes);
    make_set(fact.pod_prefixes);
  }
  void operator()(NodeFact& fact) const {
    make_set(fact.addresses);
    make_set(fact.pods);
    make_set(fact.lan_addresses);
    make_set(fact.public_endpoints);
  }
  void operator()(GatewayFact&) const {}
  void operator()(ReplicaFact& fact) const { make_set(fact.sources); }
};

struct KeyOf {
  FactKey operator()(const NetworkFact& fact) const { return {FactKind::Network, fact.id.value}; }
  FactKey operator()(const SiteFact& fact) const { return {FactKind::Site, fact.id.value}; }
  FactKey operator()(const NodeFact& fact) const { return {FactKind::Node, fact.id.value}; }
  FactKey operator()(const GatewayFact& fact) const { return {FactKind::Gateway, fact.node.value}; }
  FactKey operator()(const ReplicaFact& fact) const { return {FactKind::Replica, fact.id.value}; }
};

std::string_view name_of(FactKind kind) {
  switch (kind) {
    case FactKind::Network:
      return "network";
    case FactKind::Site:
      return "site";
    case FactKind::Node:
      return "node";
    case FactKind::Gateway:
      return "gateway";
    case FactKind::Replica:
      return "replica";
  }
  return "unknown";
}

}  // namespace

std::string FactKey::text() const {
  const bool is_hex = kind == FactKind::Node || kind == FactKind::Gateway;
  return std::string(name_of(kind)) + " " + (is_hex ? text_of(NodeId{id}) : std::to_string(id));
}

FactKey key_of(const Fact& fact) {
  return std::visit(KeyOf(), fact);
}

void canonicalise(Fact& fact) {
  std::visit(Canonicaliser(), fact);
}

}  // namespace model
