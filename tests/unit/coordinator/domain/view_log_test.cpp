#include "coordinator/domain/view_log.h"

#include <gtest/gtest.h>

#include "overlay/crypto/random.h"
#include "overlay/model/membership.h"
#include "overlay/model/view_follower.h"
#include "tests/unit/coordinator/domain/world.h"

namespace coordinator {
namespace {

class ViewLogTest : public ::testing::Test {
 protected:
  static constexpr std::uint64_t kEpoch = 77;

  ViewLogTest() {
    crypto::init();
    key_.emplace(
        crypto::IdentityKey::from_seed(crypto::Secret<32>(std::vector<std::uint8_t>(32, 6))));
    log_.emplace(kEpoch, *key_);
  }

  model::ViewId view_of(model::SiteId site, model::Role role = model::Role::Member) {
    return model::view_of(network_, model::Topology::Site, site, role);
  }

  // Runs a command, tells the log and publishes.
  std::vector<model::ViewId> run(Command command) {
    EXPECT_TRUE(world_.run(std::move(command)).ok());
    auto affected = log_->note(world_.state.sequence.get(), world_.touched);
    for (const model::ViewId& view : affected) {
      log_->publish(view);
    }
    return affected;
  }
  model::NodeId join(model::TokenId token, std::uint32_t n) {
    run(World::enrol(token, n));
    return std::prev(world_.state.nodes.end())->first;
  }

  model::ViewUpdate opened(const SharedFrame& frame, model::ViewId view) {
    const auto update = model::open_update(std::span<const std::uint8_t>(*frame).subspan(4),
                                           key_->public_key(), view);
    EXPECT_TRUE(update.ok()) << update.error().text();
    return update.value();
  }
  // Reads until there is nothing more; returns how many updates there were.
  int read(model::ViewId view, model::ViewFollower& follower, model::Cursor& cursor) {
    int updates = 0;
    while (const SharedFrame frame = log_->next(view, cursor)) {
      const auto status = follower.handle_update(opened(frame, view));
      EXPECT_TRUE(status.ok()) << status.error().text();
      EXPECT_EQ(follower.cursor(), cursor);
      ++updates;
    }
    return updates;
  }

  World world_;
  std::optional<crypto::IdentityKey> key_;
  std::optional<ViewLog> log_;
  model::NetworkId network_ = world_.make_network();
  model::SiteId a_ = world_.make_site(network_, "a");
  model::SiteId b_ = world_.make_site(network_, "b");
  model::TokenId token_a_ = world_.make_token(a_);
  model::TokenId token_b_ = world_.make_token(b_);
  model::TokenId gateway_a_ = world_.make_token(a_, 9, model::Role::Gateway);
};

TEST_F(ViewLogTest, NewFollowerGetsASnapshotThenDeltas) {
  ASSERT_TRUE(log_->open(world_.state, view_of(a_)));
  model::ViewFollower follower;
  model::Cursor cursor;

  EXPECT_EQ(read(view_of(a_), follower, cursor), 1);
  EXPECT_EQ(follower.view().sites().size(), 2U);
  EXPECT_EQ(cursor.epoch, kEpoch);
  EXPECT_EQ(log_->next(view_of(a_), cursor), nullptr);

  const model::NodeId id = join(token_a_, 1);
  const SharedFrame frame = log_->next(view_of(a_), cursor);
  ASSERT_NE(frame, nullptr);
  const model::ViewUpdate update = opened(frame, view_of(a_));
  EXPECT_FALSE(update.is_snapshot);
  EXPECT_EQ(update.changes.size(), 1U);
  ASSERT_TRUE(follower.handle_update(update).ok());
  EXPECT_NE(follower.view().node(id), nullptr);
}

TEST_F(ViewLogTest, MemberIsInvisibleToEveryOtherSite) {
  for (const model::SiteId site : {a_, b_}) {
    for (const model::Role role : {model::Role::Member, model::Role::Gateway}) {
      ASSERT_TRUE(log_->open(world_.state, view_of(site, role)));
    }
  }

  EXPECT_EQ(run(World::enrol(token_a_, 1)),
            (std::vector<model::ViewId>{view_of(a_), view_of(a_, model::Role::Gateway)}));
}

TEST_F(ViewLogTest, GatewayIsSeenByItsSiteAndByAllGateways) {
  for (const model::SiteId site : {a_, b_}) {
    for (const model::Role role : {model::Role::Member, model::Role::Gateway}) {
      ASSERT_TRUE(log_->open(world_.state, view_of(site, role)));
    }
  }

  EXPECT_EQ(run(World::enrol(gateway_a_, 1)),
            (std::vector<model::ViewId>{view_of(a_), view_of(a_, model::Role::Gateway),
                                        view_of(b_, model::Role::Gateway)}));
}

TEST_F(ViewLogTest, OneChangeIsEncodedOnceForAllFollowers) {
  ASSERT_TRUE(log_->open(world_.state, view_of(a_)));
  std::vector<model::Cursor> cursors(100);
  for (model::Cursor& cursor : cursors) {
    log_->next(view_of(a_), cursor);
  }
  EXPECT_EQ(log_->encoded_count(), 1U);

  join(token_a_, 1);
  const SharedFrame first = log_->next(view_of(a_), cursors.front());
  for (std::size_t i = 1; i < cursors.size(); ++i) {
    EXPECT_EQ(log_->next(view_of(a_), cursors[i]), first);
  }
  EXPECT_EQ(log_->encoded_count(), 2U);
}

TEST_F(ViewLogTest, ResumingReplaysOnlyTheLastOfEachFact) {
  ASSERT_TRUE(log_->open(world_.state, view_of(a_)));
  model::ViewFollower follower;
  model::Cursor cursor;
  read(view_of(a_), follower, cursor);
  const model::NodeId gone = join(token_a_, 1);
  const model::NodeId stays = join(token_a_, 2);
  Enrol again = World::enrol(token_a_, 2);
  again.joiner.listen_port = 40'000;
  run(again);
  run(RemoveNode{gone});

  const model::ViewUpdate update = opened(log_->next(view_of(a_), cursor), view_of(a_));

  EXPECT_FALSE(update.is_snapshot);
  ASSERT_EQ(update.changes.size(), 2U);
  EXPECT_FALSE(update.changes[0].fact.has_value());
  ASSERT_TRUE(follower.handle_update(update).ok());
  EXPECT_EQ(follower.view().node(stays)->listen_port, 40'000);
}

TEST_F(ViewLogTest, OnlyADeltaThatRemovesSaysThatItIsMeant) {
  ASSERT_TRUE(log_->open(world_.state, view_of(a_)));
  model::Cursor cursor;
  EXPECT_FALSE(opened(log_->next(view_of(a_), cursor), view_of(a_)).is_mass_removal_meant);

  const model::NodeId node = join(token_a_, 1);
  EXPECT_FALSE(opened(log_->next(view_of(a_), cursor), view_of(a_)).is_mass_removal_meant);

  run(RemoveNode{node});
  EXPECT_TRUE(opened(log_->next(view_of(a_), cursor), view_of(a_)).is_mass_removal_meant);
}

TEST_F(ViewLogTest, ConfirmedViewGoesToEverybodyAsASnapshotThatIsMeant) {
  for (const model::SiteId site : {a_, b_}) {
    ASSERT_TRUE(log_->open(world_.state, view_of(site)));
  }
  model::ViewFollower follower;
  model::Cursor cursor;
  read(view_of(a_), follower, cursor);

  EXPECT_EQ(run(ConfirmRemovals{network_, kEpoch}),
            (std::vector<model::ViewId>{view_of(a_), view_of(b_)}));
  const model::ViewUpdate update = opened(log_->next(view_of(a_), cursor), view_of(a_));
  EXPECT_TRUE(update.is_snapshot);
  EXPECT_TRUE(update.is_mass_removal_meant);
  EXPECT_TRUE(follower.handle_update(update).ok());
  EXPECT_EQ(log_->next(view_of(a_), cursor), nullptr);

  // Whoever comes later, from another epoch say, is told so too; also by another coordinator.
  log_.emplace(kEpoch, *key_);
  ASSERT_TRUE(log_->open(world_.state, view_of(a_)));
  model::Cursor late{.epoch = kEpoch - 1, .sequence = 3};
  EXPECT_TRUE(opened(log_->next(view_of(a_), late), view_of(a_)).is_mass_removal_meant);
}

TEST_F(ViewLogTest, ConfirmationOfAnotherEpochDoesNotCount) {
  run(ConfirmRemovals{network_, kEpoch - 1});
  ASSERT_TRUE(log_->open(world_.state, view_of(a_)));
  model::Cursor cursor;
  EXPECT_FALSE(opened(log_->next(view_of(a_), cursor), view_of(a_)).is_mass_removal_meant);

  run(ConfirmRemovals{network_, kEpoch - 1});
  EXPECT_FALSE(opened(log_->next(view_of(a_), cursor), view_of(a_)).is_snapshot);
}

TEST_F(ViewLogTest, WhatIsNotPublishedIsNotSeen) {
  ASSERT_TRUE(log_->open(world_.state, view_of(a_)));
  model::Cursor cursor;
  log_->next(view_of(a_), cursor);
  world_.run(World::enrol(token_a_, 1));
  log_->note(world_.state.sequence.get(), world_.touched);

  EXPECT_EQ(log_->next(view_of(a_), cursor), nullptr);
  log_->publish(view_of(a_));
  EXPECT_NE(log_->next(view_of(a_), cursor), nullptr);
}

TEST_F(ViewLogTest, OtherEpochGetsASnapshot) {
  ASSERT_TRUE(log_->open(world_.state, view_of(a_)));
  model::Cursor cursor{.epoch = kEpoch - 1, .sequence = 10'000};

  EXPECT_TRUE(opened(log_->next(view_of(a_), cursor), view_of(a_)).is_snapshot);
}

TEST_F(ViewLogTest, CursorAheadOfUsWaits) {
  ASSERT_TRUE(log_->open(world_.state, view_of(a_)));
  model::Cursor cursor{.epoch = kEpoch, .sequence = world_.state.sequence.get() + 10};

  EXPECT_EQ(log_->next(view_of(a_), cursor), nullptr);
}

TEST_F(ViewLogTest, RestartedCoordinatorResumesWithoutSnapshots) {
  ASSERT_TRUE(log_->open(world_.state, view_of(a_)));
  model::ViewFollower follower;
  model::Cursor cursor;
  const model::NodeId gone = join(token_a_, 1);
  read(view_of(a_), follower, cursor);
  join(token_a_, 2);
  run(RemoveNode{gone});

  log_.emplace(kEpoch, *key_);
  ASSERT_TRUE(log_->open(world_.state, view_of(a_)));
  const model::ViewUpdate update = opened(log_->next(view_of(a_), cursor), view_of(a_));

  EXPECT_FALSE(update.is_snapshot);
  EXPECT_EQ(update.changes.size(), 2U);
  EXPECT_TRUE(follower.handle_update(update).ok());
}

TEST_F(ViewLogTest, CursorFromBeforeTheWindowGetsASnapshot) {
  ASSERT_TRUE(log_->open(world_.state, view_of(a_)));
  model::Cursor cursor;
  log_->next(view_of(a_), cursor);
  for (std::uint32_t n = 0; n < ViewLog::kRemovalsMax + 1; ++n) {
    run(RemoveNode{join(token_a_, n % 7)});
  }

  EXPECT_TRUE(opened(log_->next(view_of(a_), cursor), view_of(a_)).is_snapshot);
}

TEST_F(ViewLogTest, RemovedSiteClosesItsViews) {
  ASSERT_TRUE(log_->open(world_.state, view_of(a_)));
  ASSERT_TRUE(log_->open(world_.state, view_of(b_)));

  EXPECT_EQ(run(RemoveSite{b_}), std::vector<model::ViewId>{view_of(a_)});
  EXPECT_FALSE(log_->has(view_of(b_)));
  EXPECT_FALSE(log_->open(world_.state, view_of(b_)));
}

TEST_F(ViewLogTest, MeshHasOneViewWithEverything) {
  const model::NetworkId mesh = world_.make_network("mesh", model::Topology::Mesh);
  const model::SiteId x = world_.make_site(mesh, "x");
  const model::SiteId y = world_.make_site(mesh, "y");
  world_.join(world_.make_token(x), 1);
  const model::ViewId view = model::view_of(mesh, model::Topology::Mesh, x, model::Role::Member);
  EXPECT_EQ(view, model::view_of(mesh, model::Topology::Mesh, y, model::Role::Member));
  ASSERT_TRUE(log_->open(world_.state, view));
  model::ViewFollower follower;
  model::Cursor cursor;
  read(view, follower, cursor);
  join(world_.make_token(y), 2);
  read(view, follower, cursor);

  EXPECT_EQ(follower.view().nodes().size(), 2U);
}

// So that the limits on what facts weigh keep a view within a frame, however badly it compresses.
TEST_F(ViewLogTest, FrameWeighsNoMoreThanItsFactsAndItsHead) {
  constexpr std::size_t kHeadBytes = 4 + 72 + 64;  // PROTOCOL.md, 5.3, with the length before it
  base::SeededRandom random(3);
  model::ViewUpdate update{.is_snapshot = true, .epoch = kEpoch, .sequence = 1};
  std::size_t bytes = 0;
  for (std::uint64_t id = 1; id <= 100; ++id) {
    model::NodeFact node;
    node.id = {id};
    node.site = {1};
    node.name = "n" + std::to_string(random.below(UINT64_MAX));
    random.fill(node.key.bytes);
    for (int i = 0; i < 32; ++i) {
      std::array<std::uint8_t, 16> address{};
      random.fill(address);
      node.lan_addresses.push_back(base::Address::v6(address));
    }
    update.changes.push_back(model::upsert(node));
    model::canonicalise(*update.changes.back().fact);
    bytes += fact_bytes_of(*update.changes.back().fact);
  }

  const auto frame = model::encode_signed(*key_, view_of({1}), update);

  ASSERT_TRUE(frame.ok()) << frame.error().text();
  EXPECT_LE(frame.value().size(), bytes + kHeadBytes);
  EXPECT_GT(frame.value().size(), bytes * 9 / 10) << "these do not compress";
}

}  // namespace
}  // namespace coordinator
