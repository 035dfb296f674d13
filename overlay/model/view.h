// A view: the facts that one class of nodes needs. All its nodes get the same bytes.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "overlay/base/result.h"
#include "overlay/model/facts.h"
#include "overlay/model/state_hash.h"

namespace model {

inline constexpr std::size_t kViewFactsMax = 200'000;

// Names a class of nodes. In a `mesh` network there is one view: site 0, role member (view_of() in
// membership.h gives the id for a node).
struct ViewId {
  NetworkId network{};
  SiteId site{};
  Role role = Role::Member;

  std::string text() const;  // "1/2/member"
  // Errors: Malformed.
  static base::Result<ViewId> parse(std::string_view text);
  friend auto operator<=>(const ViewId&, const ViewId&) = default;
};

// The fact with this key is now `fact`, or is gone. With a fact, key == key_of(*fact).
struct FactChange {
  FactKey key{};
  std::optional<Fact> fact{};

  friend bool operator==(const FactChange&, const FactChange&) = default;
};

FactChange upsert(Fact fact);
FactChange removal(FactKey key);

class View {
 public:
  // Applies the changes in order; lists in facts are made canonical. Removing what is not there is
  // no error: a compacted delta may name a fact that came and went.
  //
  // Errors: Malformed when a fact does not pass check_fact() or its key is another's; LimitExceeded
  // above kViewFactsMax. On error nothing has changed. O(changes * log facts).
  base::Status apply(std::span<const FactChange> changes);
  // The same, and Conflict if the result's hash would not be `expected`.
  base::Status apply(std::span<const FactChange> changes, const StateHash& expected);

  const StateHash& hash() const { return hash_; }
  const std::map<FactKey, Fact>& facts() const { return facts_; }
  bool empty() const { return facts_.empty(); }

  // What makes a view like this from an empty one, in key order.
  std::vector<FactChange> snapshot() const;

  // Lookups: null when there is none. Pointers hold until the next apply(). O(log facts).
  const Fact* find(FactKey key) const;
  const NetworkFact* network() const;
  const SiteFact* site(SiteId id) const;
  const NodeFact* node(NodeId id) const;
  const GatewayFact* gateway(NodeId id) const;
  const ReplicaFact* replica(ReplicaId id) const;

  // All of a kind in id order. O(what is returned).
  std::vector<const SiteFact*> sites() const;
  std::vector<const NodeFact*> nodes() const;
  std::vector<const GatewayFact*> gateways() const;
  std::vector<const ReplicaFact*> replicas() const;

 private:
  struct Undo {
    FactKey key{};
    std::optional<Fact> before{};
  };
  base::Status apply_all(std::span<const FactChange> changes, const StateHash* expected);
  base::Status apply_one(const FactChange& change, std::vector<Undo>& undo);
  void set(FactKey key, std::optional<Fact> fact);

  std::map<FactKey, Fact> facts_;
  StateHash hash_;
};

}  // namespace model
