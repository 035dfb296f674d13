// A coordinator in memory: signs snapshots and deltas of a small site for the agent's tests.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "overlay/crypto/keys.h"
#include "overlay/model/view_follower.h"
#include "overlay/model/view_frame.h"

namespace agent {

inline crypto::IdentityKey test_signer(std::uint8_t seed = 1) {
  return crypto::IdentityKey::from_seed(crypto::Secret<32>(std::vector<std::uint8_t>(32, seed)));
}

inline const model::ViewId kTestView{.network = {1}, .site = {1}, .role = model::Role::Member};
inline const model::NodeId kTestSelf{100};

inline base::Address overlay_address(std::uint64_t number) {
  return base::Address::v4(0x0ac00000U + static_cast<std::uint32_t>(number));
}

inline model::NodeFact test_node(std::uint64_t id, model::Role role = model::Role::Member,
                                 std::uint32_t site = 1) {
  model::NodeFact node;
  node.id = {id};
  node.site = {site};
  node.name = "node-" + std::to_string(id);
  node.role = role;
  node.key.bytes.fill(static_cast<std::uint8_t>(id));
  node.key.bytes[1] = static_cast<std::uint8_t>(id >> 8U);
  node.addresses = {overlay_address(id)};
  node.lan_addresses = {base::Address::v4(0xc0a80000U + static_cast<std::uint32_t>(id))};
  return node;
}

inline std::vector<model::FactChange> test_site(int nodes) {
  model::NetworkFact network;
  network.id = {1};
  network.name = "lab";
  network.prefixes = {base::Prefix::parse("10.192.0.0/12").value()};
  model::SiteFact site;
  site.id = {1};
  site.name = "ams";
  site.prefixes = {base::Prefix::parse("10.192.0.0/20").value()};
  std::vector<model::FactChange> changes = {model::upsert(network), model::upsert(site)};
  for (int i = 0; i < nodes; ++i) {
    changes.push_back(model::upsert(test_node(kTestSelf.value + static_cast<std::uint64_t>(i))));
  }
  return changes;
}

// The coordinator's side of one view: each call is the next sequence.
class TestCoordinator {
 public:
  explicit TestCoordinator(std::uint8_t seed = 1) : key_(test_signer(seed)) {}

  std::vector<std::uint8_t> snapshot(std::vector<model::FactChange> changes,
                                     bool is_meant = false) {
    view_ = model::View();
    apply(changes);
    return frame(true, 0, view_.snapshot(), is_meant);
  }
  std::vector<std::uint8_t> snapshot() const { return frame(true, 0, view_.snapshot(), false); }

  std::vector<std::uint8_t> delta(std::vector<model::FactChange> changes, bool is_meant = false) {
    const std::uint64_t base = sequence_;
    apply(changes);
    model::sort_changes(changes);
    return frame(false, base, std::move(changes), is_meant);
  }

  const model::View& view() const { return view_; }
  model::Cursor cursor() const { return {.epoch = epoch_, .sequence = sequence_}; }
  crypto::IdentityPublicKey public_key() const { return key_.public_key(); }
  void start_epoch() { ++epoch_; }

 private:
  void apply(const std::vector<model::FactChange>& changes) {
    const auto status = view_.apply(changes);
    CHECK(status.ok());
    ++sequence_;
  }
  std::vector<std::uint8_t> frame(bool is_snapshot, std::uint64_t base,
                                  std::vector<model::FactChange> changes, bool is_meant) const {
    return model::encode_signed(key_, kTestView,
                                {.is_snapshot = is_snapshot,
                                 .epoch = epoch_,
                                 .base_sequence = base,
                                 .sequence = sequence_,
                                 .state_hash = view_.hash(),
                                 .is_mass_removal_meant = is_meant,
                                 .changes = std::move(changes)})
        .value();
  }

  crypto::IdentityKey key_;
  model::View view_;
  std::uint64_t epoch_ = 7;
  std::uint64_t sequence_ = 0;
};

inline model::FactChange remove_node(std::uint64_t id) {
  return model::removal({model::FactKind::Node, id});
}

}  // namespace agent
