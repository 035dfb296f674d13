// Everything the coordinator knows, as tables with indexes. Pure: changed only by apply(), which is
// given events, and by commit() and roll_back().
//
//   roll_back()          apply() ...            commit()
//   <---------- committed ---------> speculative ---------> committed
//
// Invariants (held by apply(), checked by tests/sim after every step):
//   - no two nodes of a site have one offset, no two sites of a network overlap
//   - every index names exactly the records that there are
//   - `released` holds exactly the offsets below a site's next_offset that no node has
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "coordinator/domain/event.h"
#include "coordinator/domain/records.h"
#include "coordinator/domain/table.h"
#include "overlay/base/result.h"

namespace coordinator {

// How much stands on a record, so that nobody has to count. Derived, never encoded.
struct Use {
  std::uint32_t sites = 0;
  std::uint32_t nodes = 0;
  std::uint32_t gateways = 0;
  std::uint32_t replicas = 0;
  std::uint32_t tokens = 0;
  // Of a site: its members' facts. Of a network: the facts that all its views hold.
  std::uint64_t fact_bytes = 0;

  bool is_zero() const { return *this == Use{}; }
  friend bool operator==(const Use&, const Use&) = default;
};

struct State {
  using Name = std::pair<model::NetworkId, std::string>;

  // The log record that is applied last; 0 before the first.
  Cell<std::uint64_t> sequence;
  Cell<Counters> counters;

  Table<model::NetworkId, Network> networks;
  Table<model::SiteId, Site> sites;
  Table<model::NodeId, Node> nodes;
  Table<model::TokenId, Token> tokens;
  Table<model::ReplicaId, Replica> replicas;
  Table<model::ApiKeyId, ApiKey> api_keys;
  Table<std::uint64_t, AuditEntry> audit;  // by id
  Table<std::uint64_t, Tombstone> tombstones;
  Table<crypto::Digest256, Idempotency> idempotency;

  // Offsets that are free again, the one that has been free for longest first, and who had each:
  // zero when its last holder has given back another one since.
  Table<ReleasedKey, crypto::IdentityPublicKey> released;
  // Blocks of removed sites, and when the last address in each was given back.
  Table<std::pair<model::NetworkId, base::Prefix>, base::WallTime> retired_blocks;
  // The suffix last tried for a name that several servers came with.
  Table<Name, std::uint32_t> name_suffixes;
  Table<model::NetworkId, Confirmation> confirmations;  // the latest of each network

  // Indexes and counts: derived, never encoded.
  Table<std::string, model::NetworkId> network_by_name;
  Table<Name, model::SiteId> site_by_name;
  Table<Name, model::NodeId> node_by_name;
  Table<crypto::IdentityPublicKey, model::NodeId> node_by_identity;
  Table<crypto::WireguardPublicKey, model::NodeId> node_by_wireguard_key;
  Table<std::pair<model::SiteId, std::uint32_t>, model::NodeId> node_by_offset;
  Table<std::pair<model::NetworkId, model::NodeId>, bool> gateways;  // of each network
  Table<crypto::IdentityPublicKey, ReleasedKey> released_by_identity;
  Table<std::uint64_t, bool> node_audit;      // the ids of `audit` by who acted: a node, or with
  Table<std::uint64_t, bool> operator_audit;  // a token, or anybody else
  Table<std::pair<base::WallTime, model::TokenId>, bool> token_by_expiry;
  Table<std::pair<base::WallTime, crypto::Digest256>, bool> idempotency_by_expiry;
  Table<model::NetworkId, Use> network_use;
  Table<model::SiteId, Use> site_use;

  // O(changes since the last commit).
  void commit();
  void roll_back();

  friend bool operator==(const State&, const State&) = default;
};

// What an apply() changed among the facts. The owner hands it to the view log once the record is
// durable. For a removal `fact` is what the fact was.
struct Touch {
  model::NetworkId network;
  model::Topology topology = model::Topology::Site;
  model::Fact fact;
  bool is_removal = false;
  std::uint64_t confirmed_epoch = 0;  // not 0: all views that hold the fact were confirmed in it
};

// Applies one record, which becomes sequence `state.sequence + 1`, and appends what it touched to
// `touched` (which may be null). Does not commit.
//
// Errors: Malformed when an event contradicts the state, which no record from decide() does: the
// log is damaged or was written by something else. Then part of the record may have been applied:
// call roll_back().
base::Status apply(State& state, const Record& record, std::vector<Touch>* touched);

// The parts of apply() for a batch that is decided event by event: what apply() does is begin,
// apply_event for each, in this order.
void begin_record(State& state);
base::Status apply_event(State& state, const Event& event, std::vector<Touch>* touched);

// The facts that records are distributed as.
model::Fact fact_of(const Network& network);
model::Fact fact_of(const Site& site);
model::Fact fact_of(const Replica& replica);
model::Fact fact_of(const Node& node, const Site& site);
model::Fact gateway_fact_of(const Node& node);

// What the node adds to Use::fact_bytes, of its network if it is a gateway, else of its site.
std::size_t fact_bytes_of(const Node& node, const Site& site);
// What any other fact adds to its network's.
std::size_t fact_bytes_of(const model::Fact& fact);

// The addresses of offset `offset` in `site`, one per prefix.
std::vector<base::Address> addresses_of(const Site& site, std::uint32_t offset);

// How many nodes fit: the least over the site's prefixes of its addresses without the first, and
// for IPv4 without the last.
std::uint32_t pool_size(const Site& site);

}  // namespace coordinator
