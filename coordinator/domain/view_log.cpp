#include "coordinator/domain/view_log.h"

#include <algorithm>
#include <set>
#include <utility>

#include "overlay/base/check.h"
#include "overlay/model/membership.h"

namespace coordinator {
namespace {

// A cached snapshot is sent, with a delta behind it, as long as the view has changed by no more
// than this part of it since: making one costs the whole view.
constexpr std::size_t kStalePart = 8;
constexpr std::size_t kStaleChangesMin = 64;

// Shared by the views that hold the fact.
using SharedFact = std::shared_ptr<const model::Fact>;

bool is_plain_node(const model::Fact& fact) {
  const auto* node = std::get_if<model::NodeFact>(&fact);
  return node != nullptr && node->role != model::Role::Gateway;
}

// Whether the fact that is gone had been in the view: as holds() says of facts that are there.
bool held(const model::ViewId& view, model::Topology topology, const Tombstone& tombstone) {
  switch (tombstone.key.kind) {
    case model::FactKind::Network:
    case model::FactKind::Site:
    case model::FactKind::Replica:
      return true;
    case model::FactKind::Node: {
      model::NodeFact fact;
      fact.site = tombstone.site;
      fact.role = tombstone.role;
      return model::holds(view, topology, fact);
    }
    case model::FactKind::Gateway: {
      model::GatewayFact fact;
      fact.site = tombstone.site;
      return model::holds(view, topology, fact);
    }
  }
  return false;
}

}  // namespace

struct ViewLog::OneView {
  struct Item {
    std::uint64_t version = 0;
    SharedFact fact;  // null: removed
  };
  struct Noted {
    std::uint64_t sequence = 0;
    model::FactKey key;
    SharedFact fact;
    bool is_confirmation = false;
  };

  model::Topology topology = model::Topology::Site;
  std::uint64_t sequence = 0;      // published
  std::uint64_t floor = 0;         // removals before it are forgotten
  std::uint64_t confirmed_at = 0;  // whoever stands before it gets a snapshot that is meant
  model::StateHash hash;
  std::size_t fact_count = 0;
  std::map<model::FactKey, Item> items;
  std::set<std::pair<std::uint64_t, model::FactKey>> by_version;
  std::set<std::pair<std::uint64_t, model::FactKey>> removals;
  std::vector<Noted> noted;  // not published yet

  SharedFrame snapshot;
  std::uint64_t snapshot_sequence = 0;
  std::size_t changes_since_snapshot = 0;
  std::map<std::uint64_t, SharedFrame> deltas;  // by base, all to `sequence`

  void set(std::uint64_t version, const model::FactKey& key, SharedFact fact) {
    Item& item = items[key];
    if (item.version != 0) {
      by_version.erase({item.version, key});
      removals.erase({item.version, key});
    }
    if (item.fact != nullptr) {
      hash.remove(model::encode(*item.fact));
      --fact_count;
    }
    if (fact != nullptr) {
      hash.add(model::encode(*fact));
      ++fact_count;
    } else {
      removals.emplace(version, key);
    }
    by_version.emplace(version, key);
    item = {.version = version, .fact = std::move(fact)};
  }

  void forget_old_removals() {
    while (removals.size() > kRemovalsMax) {
      const auto oldest = *removals.begin();
      floor = oldest.first;
      removals.erase(removals.begin());
      by_version.erase(oldest);
      items.erase(oldest.second);
    }
  }

  void add(const model::ViewId& id, std::uint64_t version, const model::Fact& fact) {
    if (model::holds(id, topology, fact)) {
      set(version, model::key_of(fact), std::make_shared<const model::Fact>(fact));
    }
  }
};

ViewLog::ViewLog(std::uint64_t epoch, const crypto::IdentityKey& signing_key)
    : epoch_(epoch), signing_key_(&signing_key) {
  CHECK(epoch != 0);
}
ViewLog::~ViewLog() = default;

bool ViewLog::has(model::ViewId view) const {
  return views_.find(view) != views_.end();
}

bool ViewLog::open(const State& state, model::ViewId id) {
  if (has(id)) {
    return true;
  }
  const Network* network = state.networks.find(id.network);
  if (network == nullptr) {
    return false;
  }
  const bool is_mesh = network->topology == model::Topology::Mesh;
  const Site* site = state.sites.find(id.site);
  if (!is_mesh && (site == nullptr || site->network != id.network)) {
    return false;
  }
  OneView view;
  view.topology = network->topology;
  view.add(id, network->changed_at, fact_of(*network));
  for (auto it = state.site_by_name.lower_bound({id.network, ""});
       it != state.site_by_name.end() && it->first.first == id.network; ++it) {
    const Site& one = *state.sites.find(it->second);
    view.add(id, one.changed_at, fact_of(one));
  }
  for (const auto& [replica_id, replica] : state.replicas) {
    if (replica.network == id.network) {
      view.add(id, replica.changed_at, fact_of(replica));
    }
  }
  const auto add_node = [&](model::NodeId node_id) {
    const Node& node = *state.nodes.find(node_id);
    view.add(id, node.changed_at, fact_of(node, *state.sites.find(node.site)));
    if (node.role == model::Role::Gateway) {
      view.add(id, node.changed_at, gateway_fact_of(node));
    }
  };
  if (is_mesh) {
    for (auto it = state.node_by_name.lower_bound({id.network, ""});
         it != state.node_by_name.end() && it->first.first == id.network; ++it) {
      add_node(it->second);
    }
  } else {
    for (auto it = state.node_by_offset.lower_bound({id.site, 0});
         it != state.node_by_offset.end() && it->first.first == id.site; ++it) {
      add_node(it->second);
    }
    for (auto it = state.gateways.lower_bound({id.network, {}});
         it != state.gateways.end() && it->first.first == id.network; ++it) {
      if (state.nodes.find(it->first.second)->site != id.site) {
        add_node(it->first.second);
      }
    }
  }
  for (const auto& [number, tombstone] : state.tombstones) {
    if (tombstone.network == id.network && held(id, view.topology, tombstone) &&
        view.items.find(tombstone.key) == view.items.end()) {
      view.set(tombstone.sequence, tombstone.key, nullptr);
    }
  }
  if (const Confirmation* confirmed = state.confirmations.find(id.network);
      confirmed != nullptr && confirmed->epoch == epoch_) {
    view.confirmed_at = confirmed->sequence;
  }
  view.floor = state.counters.get().tombstone_floor;
  view.sequence = std::max(view.floor, view.by_version.rbegin()->first);
  view.forget_old_removals();
  views_.emplace(id, std::move(view));
  return true;
}

std::vector<model::ViewId> ViewLog::note(std::uint64_t sequence,
                                         const std::vector<Touch>& touched) {
  std::set<model::ViewId> affected;
  for (const Touch& touch : touched) {
    const OneView::Noted noted{
        .sequence = sequence,
        .key = model::key_of(touch.fact),
        .fact = touch.is_removal ? nullptr : std::make_shared<const model::Fact>(touch.fact),
        .is_confirmation = touch.confirmed_epoch == epoch_};
    for (const model::ViewId& id : views_of(touch)) {
      views_.find(id)->second.noted.push_back(noted);
      affected.insert(id);
    }
  }
  for (const Touch& touch : touched) {
    if (touch.is_removal) {
      close_views_of(touch, affected);
    }
  }
  return {affected.begin(), affected.end()};
}

// The open views that hold the fact.
std::vector<model::ViewId> ViewLog::views_of(const Touch& touch) const {
  std::vector<model::ViewId> open;
  if (is_plain_node(touch.fact)) {
    // The common case, and the one that must not look at every site's views.
    for (const auto& id : model::views_of(touch.fact, touch.network, touch.topology, {})) {
      if (has(id)) {
        open.push_back(id);
      }
    }
    return open;
  }
  for (auto it = views_.lower_bound({.network = touch.network, .site = {}, .role = {}});
       it != views_.end() && it->first.network == touch.network; ++it) {
    if (model::holds(it->first, touch.topology, touch.fact)) {
      open.push_back(it->first);
    }
  }
  return open;
}

// Of a network or site that is gone.
void ViewLog::close_views_of(const Touch& touch, std::set<model::ViewId>& affected) {
  const auto* site = std::get_if<model::SiteFact>(&touch.fact);
  const bool is_network = std::holds_alternative<model::NetworkFact>(touch.fact);
  auto it = views_.lower_bound({.network = touch.network, .site = {}, .role = {}});
  while (it != views_.end() && it->first.network == touch.network) {
    if (is_network || (site != nullptr && site->id == it->first.site)) {
      affected.erase(it->first);
      it = views_.erase(it);
    } else {
      ++it;
    }
  }
}

void ViewLog::publish(model::ViewId id) {
  const auto it = views_.find(id);
  if (it == views_.end() || it->second.noted.empty()) {
    return;
  }
  OneView& view = it->second;
  for (OneView::Noted& noted : view.noted) {
    view.set(noted.sequence, noted.key, std::move(noted.fact));
    if (noted.is_confirmation) {
      view.confirmed_at = noted.sequence;
    }
  }
  view.sequence = std::max(view.sequence, view.noted.back().sequence);
  view.changes_since_snapshot += view.noted.size();
  view.noted.clear();
  view.deltas.clear();
  view.forget_old_removals();
}

SharedFrame ViewLog::next(model::ViewId id, model::Cursor& cursor) {
  const auto it = views_.find(id);
  if (it == views_.end()) {
    return nullptr;
  }
  OneView& view = it->second;
  const bool is_within = cursor.epoch == epoch_ && cursor.sequence >= view.floor &&
                         cursor.sequence >= view.confirmed_at;
  if (is_within && cursor.sequence >= view.sequence) {
    return nullptr;
  }
  const auto is_small = [&] {
    const auto first = view.by_version.lower_bound({cursor.sequence + 1, {}});
    const auto count = std::distance(first, view.by_version.end());
    return static_cast<std::size_t>(count) <= std::max(kStaleChangesMin, view.fact_count);
  };
  SharedFrame frame;
  if (is_within && cursor.sequence > 0 &&
      (view.deltas.find(cursor.sequence) != view.deltas.end() || is_small())) {
    frame = delta(id, view, cursor.sequence);
    if (frame != nullptr) {
      cursor.sequence = view.sequence;
    }
    return frame;
  }
  frame = snapshot(id, view);
  if (frame != nullptr) {
    cursor = {.epoch = epoch_, .sequence = view.snapshot_sequence};
  }
  return frame;
}

SharedFrame ViewLog::encode(model::ViewId id, const model::ViewUpdate& update) {
  ++encoded_count_;
  auto bytes = model::encode_signed(*signing_key_, id, update);
  if (!bytes.ok()) {
    ++too_large_count_;  // its agents keep what they have; no view that decide() let grow comes
                         // here
    return nullptr;
  }
  return std::make_shared<const std::vector<std::uint8_t>>(std::move(bytes).value());
}

SharedFrame ViewLog::snapshot(model::ViewId id, OneView& view) {
  const std::size_t stale_max = std::max(kStaleChangesMin, view.fact_count / kStalePart);
  if (view.snapshot != nullptr && view.snapshot_sequence >= view.floor &&
      view.snapshot_sequence >= view.confirmed_at && view.changes_since_snapshot <= stale_max) {
    return view.snapshot;
  }
  model::ViewUpdate update{.is_snapshot = true,
                           .epoch = epoch_,
                           .base_sequence = 0,
                           .sequence = view.sequence,
                           .state_hash = view.hash,
                           .is_mass_removal_meant = view.confirmed_at != 0,
                           .changes = {}};
  update.changes.reserve(view.fact_count);
  for (const auto& [key, item] : view.items) {
    if (item.fact != nullptr) {
      update.changes.push_back({key, *item.fact});
    }
  }
  view.snapshot = encode(id, update);
  view.snapshot_sequence = view.sequence;
  view.changes_since_snapshot = 0;
  return view.snapshot;
}

SharedFrame ViewLog::delta(model::ViewId id, OneView& view, std::uint64_t base) {
  if (const auto it = view.deltas.find(base); it != view.deltas.end()) {
    return it->second;
  }
  model::ViewUpdate update{.is_snapshot = false,
                           .epoch = epoch_,
                           .base_sequence = base,
                           .sequence = view.sequence,
                           .state_hash = view.hash,
                           .is_mass_removal_meant = false,
                           .changes = {}};
  for (auto it = view.by_version.lower_bound({base + 1, {}}); it != view.by_version.end(); ++it) {
    const OneView::Item& item = view.items.find(it->second)->second;
    model::FactChange change{.key = it->second, .fact = std::nullopt};
    if (item.fact != nullptr) {
      change.fact = *item.fact;
    }
    update.is_mass_removal_meant = update.is_mass_removal_meant || !change.fact.has_value();
    update.changes.push_back(std::move(change));
  }
  model::sort_changes(update.changes);
  SharedFrame frame = encode(id, update);
  if (view.deltas.size() >= kFramesMax) {
    view.deltas.erase(view.deltas.begin());  // from the cursor that is furthest behind
  }
  view.deltas.emplace(base, frame);
  return frame;
}

std::optional<ViewLog::Summary> ViewLog::summary(model::ViewId id) const {
  const auto it = views_.find(id);
  if (it == views_.end()) {
    return std::nullopt;
  }
  return Summary{
      .sequence = it->second.sequence, .facts = it->second.fact_count, .hash = it->second.hash};
}

}  // namespace coordinator
