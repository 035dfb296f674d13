#include "overlay/model/view.h"

#include <charconv>

namespace model {
namespace {

base::Result<std::uint32_t> parse_number(std::string_view text) {
  std::uint32_t value = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (code != std::errc() || end != text.data() + text.size() ||
      (text.size() > 1 && text.front() == '0')) {
    return base::Error(base::Errc::Malformed,
                       "\"" + std::string(text.substr(0, 64)) + "\", expected a number");
  }
  return value;
}

// All facts of one alternative, which lie together because keys sort by kind first.
template <typename T>
std::vector<const T*> all_of(const std::map<FactKey, Fact>& facts, FactKind kind) {
  std::vector<const T*> found;
  for (auto at = facts.lower_bound(FactKey{kind, 0}); at != facts.end() && at->first.kind == kind;
       ++at) {
    found.push_back(&std::get<T>(at->second));
  }
  return found;
}

template <typename T>
const T* as(const Fact* fact) {
  return fact == nullptr ? nullptr : std::get_if<T>(fact);
}

}  // namespace

std::string ViewId::text() const {
  return std::to_string(network.value) + "/" + std::to_string(site.value) + "/" +
         std::string(name_of(role));
}

base::Result<ViewId> ViewId::parse(std::string_view text) {
  const std::size_t first = text.find('/');
  const std::size_t second = first == std::string_view::npos ? first : text.find('/', first + 1);
  if (second == std::string_view::npos) {
    return base::Error(base::Errc::Malformed,
                       "\"" + std::string(text.substr(0, 64)) + "\", expected NETWORK/SITE/ROLE");
  }
  const auto network = parse_number(text.substr(0, first));
  const auto site = parse_number(text.substr(first + 1, second - first - 1));
  const auto role = parse_role(text.substr(second + 1));
  if (!network.ok()) {
    return network.error().within("network");
  }
  if (!site.ok()) {
    return site.error().within("site");
  }
  if (!role.ok()) {
    return role.error().within("role");
  }
  return ViewId{NetworkId{network.value()}, SiteId{site.value()}, role.value()};
}

FactChange upsert(Fact fact) {
  const FactKey key = key_of(fact);
  return FactChange{key, std::move(fact)};
}

FactChange removal(FactKey key) {
  return FactChange{key, std::nullopt};
}

void View::set(FactKey key, std::optional<Fact> fact) {
  const auto at = facts_.find(key);
  if (at != facts_.end()) {
    hash_.remove(encode(at->second));
  }
  if (fact.has_value()) {
    hash_.add(encode(*fact));
    facts_.insert_or_assign(key, *std::move(fact));
  } else if (at != facts_.end()) {
    facts_.erase(at);
  }
}

base::Status View::apply_one(const FactChange& change, std::vector<Undo>& undo) {
  std::optional<Fact> after = change.fact;
  if (after.has_value()) {
    if (key_of(*after) != change.key) {
      return base::Error(base::Errc::Malformed,
                         change.key.text() + ": the fact is of " + key_of(*after).text());
    }
    canonicalise(*after);
    if (auto status = check_fact(*after); !status.ok()) {
      return status;
    }
  }
  const Fact* before = find(change.key);
  if (before == nullptr && after.has_value() && facts_.size() >= kViewFactsMax) {
    return base::Error(base::Errc::LimitExceeded,
                       "view: more than " + std::to_string(kViewFactsMax) + " facts");
  }
  undo.push_back(Undo{change.key, before == nullptr ? std::nullopt : std::optional(*before)});
  set(change.key, std::move(after));
  return {};
}

base::Status View::apply_all(std::span<const FactChange> changes, const StateHash* expected) {
  std::vector<Undo> undo;
  undo.reserve(changes.size());
  base::Status status;
  for (auto change = changes.begin(); change != changes.end() && status.ok(); ++change) {
    status = apply_one(*change, undo);
  }
  if (status.ok() && expected != nullptr && hash_ != *expected) {
    status = base::Error(base::Errc::Conflict,
                         "view: state hash " + hash_.text() + ", expected " + expected->text());
  }
  if (!status.ok()) {
    for (; !undo.empty(); undo.pop_back()) {
      set(undo.back().key, std::move(undo.back().before));
    }
  }
  return status;
}

base::Status View::apply(std::span<const FactChange> changes) {
  return apply_all(changes, nullptr);
}

base::Status View::apply(std::span<const FactChange> changes, const StateHash& expected) {
  return apply_all(changes, &expected);
}

std::vector<FactChange> View::snapshot() const {
  std::vector<FactChange> changes;
  changes.reserve(facts_.size());
  for (const auto& [key, fact] : facts_) {
    changes.push_back(FactChange{key, fact});
  }
  return changes;
}

const Fact* View::find(FactKey key) const {
  const auto at = facts_.find(key);
  return at == facts_.end() ? nullptr : &at->second;
}

const NetworkFact* View::network() const {
  const auto at = facts_.begin();  // networks sort first, and a view holds one
  return at == facts_.end() ? nullptr : std::get_if<NetworkFact>(&at->second);
}

const SiteFact* View::site(SiteId id) const {
  return as<SiteFact>(find({FactKind::Site, id.value}));
}
const NodeFact* View::node(NodeId id) const {
  return as<NodeFact>(find({FactKind::Node, id.value}));
}
const GatewayFact* View::gateway(NodeId id) const {
  return as<GatewayFact>(find({FactKind::Gateway, id.value}));
}
const ReplicaFact* View::replica(ReplicaId id) const {
  return as<ReplicaFact>(find({FactKind::Replica, id.value}));
}

std::vector<const SiteFact*> View::sites() const {
  return all_of<SiteFact>(facts_, FactKind::Site);
}
std::vector<const NodeFact*> View::nodes() const {
  return all_of<NodeFact>(facts_, FactKind::Node);
}
std::vector<const GatewayFact*> View::gateways() const {
  return all_of<GatewayFact>(facts_, FactKind::Gateway);
}
std::vector<const ReplicaFact*> View::replicas() const {
  return all_of<ReplicaFact>(facts_, FactKind::Replica);
}

}  // namespace model
