#include "overlay/agent/view_stream.h"

#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "overlay/agent/view_cache.h"
#include "tests/unit/overlay/agent/view_fixture.h"

namespace agent {
namespace {

using namespace std::chrono_literals;
using State = ViewStream::State;

class ViewStreamTest : public ::testing::Test {
 protected:
  template <typename T>
  std::vector<T> drain() {
    std::vector<T> taken;
    while (auto action = stream_.poll_action()) {
      if (auto* const wanted = std::get_if<T>(&*action)) {
        taken.push_back(std::move(*wanted));
      } else if (auto* const store = std::get_if<ViewStream::Store>(&*action)) {
        keep(*store);
      }
    }
    return taken;
  }
  // What the disk would hold.
  void keep(const ViewStream::Store& store) {
    if (store.is_replacement) {
      disk_.clear();
    }
    disk_.insert(disk_.end(), store.frames.begin(), store.frames.end());
  }
  int adoptions() { return static_cast<int>(drain<ViewStream::Adopt>().size()); }

  void open() {
    stream_.start(now_);
    drain<ViewStream::Connect>();
    stream_.handle_open(now_);
  }
  void feed(const std::vector<std::uint8_t>& bytes) { stream_.handle_data(now_, bytes); }
  // Opens and brings in a site of so many nodes, this one among them.
  void follow(int nodes) {
    open();
    feed(coordinator_.snapshot(test_site(nodes)));
    ASSERT_EQ(adoptions(), 1);
  }
  std::optional<ViewStream::Connect> wake() {
    now_ = *stream_.next_timeout();
    stream_.handle_timeout(now_);
    auto connects = drain<ViewStream::Connect>();
    return connects.empty() ? std::nullopt : std::optional(connects.back());
  }

  base::TimePoint now_{100s};
  base::SeededRandom random_{11};
  TestCoordinator coordinator_;
  ViewStream stream_{{.signer = coordinator_.public_key(), .view = kTestView, .self = kTestSelf},
                     random_};
  std::vector<std::uint8_t> disk_;
};

TEST_F(ViewStreamTest, StartAsksForASnapshot) {
  stream_.start(now_);

  const auto connects = drain<ViewStream::Connect>();
  ASSERT_EQ(connects.size(), 1U);
  EXPECT_EQ(connects[0].cursor, model::Cursor{});
  EXPECT_EQ(stream_.state(), State::Connecting);
  EXPECT_EQ(stream_.view(), nullptr);
}

TEST_F(ViewStreamTest, SnapshotIsAdoptedAndStoredInPlaceOfWhatWasThere) {
  open();
  feed(coordinator_.snapshot(test_site(3)));

  const auto stores = drain<ViewStream::Store>();
  ASSERT_EQ(stores.size(), 1U);
  EXPECT_TRUE(stores[0].is_replacement);
  ASSERT_NE(stream_.view(), nullptr);
  EXPECT_EQ(stream_.view()->hash(), coordinator_.view().hash());
  EXPECT_EQ(stream_.applied(), coordinator_.cursor());
  EXPECT_EQ(stream_.plan()->device.interfaces.begin()->second.peers.size(), 2U);
}

TEST_F(ViewStreamTest, DeltaIsAdoptedAndAppended) {
  follow(3);

  feed(coordinator_.delta({model::upsert(test_node(150))}));

  const auto stores = drain<ViewStream::Store>();
  ASSERT_EQ(stores.size(), 1U);
  EXPECT_FALSE(stores[0].is_replacement);
  EXPECT_NE(stream_.view()->node({150}), nullptr);
}

TEST_F(ViewStreamTest, FramesMayArriveByteByByte) {
  open();
  for (const std::uint8_t byte : coordinator_.snapshot(test_site(3))) {
    stream_.handle_data(now_, {&byte, 1});
  }

  EXPECT_EQ(adoptions(), 1);
}

TEST_F(ViewStreamTest, WhatWasStoredReplaysToTheSameView) {
  follow(3);
  for (std::uint64_t id = 200; id < 210; ++id) {
    feed(coordinator_.delta({model::upsert(test_node(id))}));
  }
  adoptions();

  const auto cached = replay_view_cache(disk_, coordinator_.public_key(), kTestView);

  ASSERT_TRUE(cached.ok()) << cached.error().text();
  EXPECT_EQ(cached.value().follower.view().hash(), stream_.view()->hash());
  EXPECT_EQ(cached.value().follower.cursor(), stream_.applied());
  EXPECT_FALSE(cached.value().is_tail_cut);
}

TEST_F(ViewStreamTest, RestoredViewIsInEffectAndTheStreamGoesOnFromThere) {
  follow(3);
  ViewStream second({.signer = coordinator_.public_key(), .view = kTestView, .self = kTestSelf},
                    random_);

  auto cached = replay_view_cache(disk_, coordinator_.public_key(), kTestView);
  ASSERT_TRUE(second.restore(std::move(cached).value()).ok());
  second.start(now_);

  EXPECT_EQ(second.view()->hash(), coordinator_.view().hash());
  EXPECT_EQ(std::get<ViewStream::Connect>(*second.poll_action()).cursor, coordinator_.cursor());
}

TEST_F(ViewStreamTest, CutTailOnDiskAsksForASnapshot) {
  follow(3);
  disk_.push_back(0);
  ViewStream second({.signer = coordinator_.public_key(), .view = kTestView, .self = kTestSelf},
                    random_);

  auto cached = replay_view_cache(disk_, coordinator_.public_key(), kTestView);
  ASSERT_TRUE(second.restore(std::move(cached).value()).ok());
  second.start(now_);

  EXPECT_EQ(std::get<ViewStream::Connect>(*second.poll_action()).cursor, model::Cursor{});
}

TEST_F(ViewStreamTest, ForgedUpdateEndsTheStreamAndChangesNothing) {
  follow(3);
  const auto hash = stream_.view()->hash();
  TestCoordinator forger(99);
  forger.snapshot(test_site(1));

  feed(forger.snapshot());

  EXPECT_EQ(drain<ViewStream::Disconnect>().size(), 1U);
  EXPECT_EQ(stream_.state(), State::Waiting);
  EXPECT_EQ(stream_.view()->hash(), hash);
  EXPECT_NE(stream_.error(), "");
}

TEST_F(ViewStreamTest, UpdateThatDoesNotContinueIsAnsweredWithAResync) {
  follow(3);
  coordinator_.delta({model::upsert(test_node(150))});  // lost

  feed(coordinator_.delta({model::upsert(test_node(151))}));

  EXPECT_EQ(adoptions(), 0);
  EXPECT_EQ(stream_.state(), State::Waiting);
  EXPECT_EQ(wake()->cursor, model::Cursor{});
}

TEST_F(ViewStreamTest, NewEpochComesWithASnapshot) {
  follow(3);
  coordinator_.start_epoch();

  feed(coordinator_.delta({model::upsert(test_node(150))}));
  EXPECT_EQ(stream_.state(), State::Waiting);
  wake();
  stream_.handle_open(now_);
  feed(coordinator_.snapshot());

  EXPECT_EQ(adoptions(), 1);
  EXPECT_EQ(stream_.applied(), coordinator_.cursor());
  EXPECT_EQ(stream_.error(), "");
}

TEST_F(ViewStreamTest, BrokenConnectionIsResumedFromTheCursor) {
  follow(3);

  stream_.handle_end(now_, "connection reset");

  EXPECT_EQ(stream_.error(), "connection reset");
  EXPECT_EQ(wake()->cursor, coordinator_.cursor());
}

TEST_F(ViewStreamTest, WaitsGrowToAMinuteAndNotBeyond) {
  stream_.start(now_);
  drain<ViewStream::Connect>();
  base::Duration longest{};
  for (int i = 0; i < 200; ++i) {
    stream_.handle_end(now_, "refused");
    longest = std::max(longest, *stream_.next_timeout() - now_);
    wake();
  }

  EXPECT_LE(longest, ViewStream::kRetryMax);
  EXPECT_GT(longest, ViewStream::kRetryMax / 2);
}

TEST_F(ViewStreamTest, AcceptedStreamThatSaysNothingDoesNotResetTheBackoff) {
  stream_.start(now_);
  drain<ViewStream::Connect>();
  base::Duration longest{};
  for (int i = 0; i < 50; ++i) {
    stream_.handle_open(now_);
    stream_.handle_end(now_, "closed");
    longest = std::max(longest, *stream_.next_timeout() - now_);
    wake();
  }

  EXPECT_GT(longest, 10s);
}

TEST_F(ViewStreamTest, SilentStreamIsGivenUp) {
  follow(3);
  const auto quiet_since = now_;

  wake();

  EXPECT_EQ(now_ - quiet_since, ViewStream::kSilenceMax);
  EXPECT_EQ(stream_.state(), State::Waiting);
  EXPECT_EQ(stream_.error(), "view stream: silent for 60 s");
}

TEST_F(ViewStreamTest, PingKeepsTheStreamOpen) {
  follow(3);
  now_ += 50s;

  feed(model::encode_ping());

  EXPECT_EQ(*stream_.next_timeout(), now_ + ViewStream::kSilenceMax);
}

TEST_F(ViewStreamTest, DrainIsHonoured) {
  follow(3);

  feed(model::encode_drain(30s));

  EXPECT_EQ(drain<ViewStream::Disconnect>().size(), 1U);
  EXPECT_GE(*stream_.next_timeout() - now_, 30s);
  EXPECT_LE(*stream_.next_timeout() - now_, 30s + ViewStream::kDrainSpread);
  EXPECT_EQ(wake()->cursor, coordinator_.cursor());
}

TEST_F(ViewStreamTest, MassRemovalIsHeldBackAndTheLastGoodViewKept) {
  follow(11);
  const auto hash = stream_.view()->hash();
  const auto cursor = stream_.applied();

  feed(
      coordinator_.delta({remove_node(101), remove_node(102), remove_node(103), remove_node(104)}));

  EXPECT_EQ(adoptions(), 0);
  EXPECT_EQ(stream_.view()->hash(), hash);
  EXPECT_EQ(stream_.applied(), cursor);
  EXPECT_NE(stream_.held_back(), "");
  EXPECT_EQ(stream_.state(), State::Open);
}

TEST_F(ViewStreamTest, MassRemovalThatIsMeantIsAdopted) {
  follow(11);

  feed(coordinator_.delta({remove_node(101), remove_node(102), remove_node(103), remove_node(104)},
                          true));

  EXPECT_EQ(adoptions(), 1);
  EXPECT_EQ(stream_.held_back(), "");
}

TEST_F(ViewStreamTest, DeltaThatIsMeantDoesNotReleaseWhatWasHeldBackBefore) {
  follow(11);
  feed(coordinator_.snapshot(test_site(5)));
  ASSERT_NE(stream_.held_back(), "");

  feed(coordinator_.delta({model::upsert(test_node(150))}, true));
  EXPECT_EQ(adoptions(), 0);
  feed(coordinator_.delta({remove_node(101)}, true));
  EXPECT_EQ(adoptions(), 0);

  EXPECT_NE(stream_.held_back(), "");
  EXPECT_NE(stream_.view()->node({110}), nullptr);
  EXPECT_EQ(stream_.plan()->device.interfaces.begin()->second.peers.size(), 10U);
}

TEST_F(ViewStreamTest, DeltaThatIsMeantReleasesWhatItRemovesItselfFromWhatIsHeldBack) {
  follow(11);
  feed(coordinator_.snapshot(test_site(5)));
  ASSERT_NE(stream_.held_back(), "");

  // Six are missing; three of them may always go, the other three are named.
  feed(coordinator_.delta({remove_node(108), remove_node(109), remove_node(110)}, true));

  EXPECT_EQ(adoptions(), 1);
  EXPECT_EQ(stream_.held_back(), "");
}

TEST_F(ViewStreamTest, SnapshotThatIsMeantReleasesEverything) {
  follow(11);
  feed(coordinator_.snapshot(test_site(2)));
  ASSERT_NE(stream_.held_back(), "");

  feed(coordinator_.snapshot(test_site(2), true));

  EXPECT_EQ(adoptions(), 1);
  EXPECT_EQ(stream_.held_back(), "");
  EXPECT_EQ(stream_.view()->hash(), coordinator_.view().hash());
}

// Peers can go without any node's going: here by moving to a site that this node does not reach.
TEST_F(ViewStreamTest, MassRemovalByChangesAloneIsHeldBackToo) {
  follow(11);
  const auto hash = stream_.view()->hash();

  std::vector<model::FactChange> changes;
  for (std::uint64_t id = 101; id < 106; ++id) {
    changes.push_back(model::upsert(test_node(id, model::Role::Member, 2)));
  }
  feed(coordinator_.delta(std::move(changes)));

  EXPECT_EQ(adoptions(), 0);
  EXPECT_NE(stream_.held_back(), "");
  EXPECT_EQ(stream_.view()->hash(), hash);
}

TEST_F(ViewStreamTest, HeldBackRemovalIsAdoptedOnceItIsTakenBack) {
  follow(11);
  feed(
      coordinator_.delta({remove_node(101), remove_node(102), remove_node(103), remove_node(104)}));
  ASSERT_NE(stream_.held_back(), "");

  feed(coordinator_.delta({model::upsert(test_node(101)), model::upsert(test_node(102))}));

  EXPECT_EQ(adoptions(), 1);
  EXPECT_EQ(stream_.held_back(), "");
  EXPECT_EQ(stream_.view()->hash(), coordinator_.view().hash());
  const auto cached = replay_view_cache(disk_, coordinator_.public_key(), kTestView);
  EXPECT_EQ(cached.value().follower.view().hash(), coordinator_.view().hash());
}

TEST_F(ViewStreamTest, HeldBackSnapshotDoesNotReachTheDisk) {
  follow(11);
  const auto before = disk_;

  feed(coordinator_.snapshot(test_site(2)));
  adoptions();

  EXPECT_NE(stream_.held_back(), "");
  EXPECT_EQ(disk_, before);
}

TEST_F(ViewStreamTest, FewRemovalsAlwaysPass) {
  follow(4);

  feed(coordinator_.delta({remove_node(101), remove_node(102), remove_node(103)}));

  EXPECT_EQ(adoptions(), 1);
}

TEST_F(ViewStreamTest, ViewWithoutThisNodeIsNotPutIntoEffect) {
  follow(3);

  feed(coordinator_.delta({remove_node(kTestSelf.value)}));

  EXPECT_EQ(adoptions(), 0);
  EXPECT_NE(stream_.held_back(), "");
  EXPECT_NE(stream_.view()->node(kTestSelf), nullptr);
}

TEST_F(ViewStreamTest, ManyDeltasOnDiskAreTradedForASnapshot) {
  follow(3);
  std::optional<ViewStream::Connect> connect;
  std::size_t fed_bytes = 0;
  for (std::uint64_t round = 0; !connect && fed_bytes < 4 * ViewStream::kDeltaBytesMin; ++round) {
    std::vector<model::FactChange> changes;
    for (std::uint64_t id = 300; id < 500; ++id) {
      model::NodeFact node = test_node(id);
      node.listen_port = static_cast<std::uint16_t>(1 + (round * 7919 + id * 31) % 60000);
      crypto::SystemRandom().fill(node.key.bytes);
      changes.push_back(model::upsert(node));
    }
    const auto frame = coordinator_.delta(std::move(changes));
    fed_bytes += frame.size();
    feed(frame);
    const auto connects = drain<ViewStream::Connect>();
    if (!connects.empty()) {
      connect = connects.front();
    }
  }

  ASSERT_TRUE(connect.has_value());
  EXPECT_EQ(connect->cursor, model::Cursor{});
  EXPECT_GT(fed_bytes, ViewStream::kDeltaBytesMin);
}

TEST_F(ViewStreamTest, StoreThatFailedIsMadeGoodByASnapshot) {
  follow(3);
  feed(coordinator_.delta({model::upsert(test_node(150))}));
  adoptions();

  stream_.handle_stored(now_, false);
  const auto failed_at = now_;
  const auto connect = wake();

  ASSERT_TRUE(connect.has_value());
  EXPECT_EQ(connect->cursor, model::Cursor{});
  EXPECT_GE(now_ - failed_at, ViewStream::kStoreRetryFirst);
  stream_.handle_open(now_);
  feed(coordinator_.snapshot());
  const auto stores = drain<ViewStream::Store>();
  ASSERT_EQ(stores.size(), 1U);
  EXPECT_TRUE(stores[0].is_replacement);
  stream_.handle_stored(now_, true);
  EXPECT_EQ(*stream_.next_timeout(), now_ + ViewStream::kSilenceMax);
}

TEST_F(ViewStreamTest, FullDiskIsTriedMoreAndMoreSeldom) {
  follow(3);
  base::Duration longest{};
  for (int i = 0; i < 60; ++i) {
    stream_.handle_stored(now_, false);
    const auto failed_at = now_;
    std::vector<ViewStream::Connect> connects;
    while (connects.empty()) {
      now_ = std::min(*stream_.next_timeout(), now_ + 20s);
      feed(model::encode_ping());  // not silent
      stream_.handle_timeout(now_);
      connects = drain<ViewStream::Connect>();
    }
    longest = std::max(longest, now_ - failed_at);
    stream_.handle_open(now_);
    feed(coordinator_.snapshot());
    adoptions();
  }

  EXPECT_GT(longest, ViewStream::kStoreRetryMax / 2);
  EXPECT_LE(longest, ViewStream::kStoreRetryFirst + ViewStream::kStoreRetryMax);
}

TEST_F(ViewStreamTest, StreamOpenedWhileTheDiskHasAGapAsksForASnapshot) {
  follow(3);
  stream_.handle_stored(now_, false);

  stream_.handle_end(now_, "gone");

  EXPECT_EQ(wake()->cursor, model::Cursor{});
}

// Events that a state does not expect change nothing.
TEST_F(ViewStreamTest, StoppedIgnoresWhatComes) {
  stream_.handle_open(now_);
  stream_.handle_data(now_, coordinator_.snapshot(test_site(2)));
  stream_.handle_end(now_, "gone");
  stream_.handle_timeout(now_ + 1h);

  EXPECT_EQ(stream_.state(), State::Stopped);
  EXPECT_FALSE(stream_.poll_action().has_value());
}

TEST_F(ViewStreamTest, ConnectingIgnoresDataAndTimeouts) {
  stream_.start(now_);
  drain<ViewStream::Connect>();
  stream_.handle_data(now_, coordinator_.snapshot(test_site(2)));
  stream_.handle_timeout(now_ + 1h);

  EXPECT_EQ(stream_.state(), State::Connecting);
  EXPECT_FALSE(stream_.poll_action().has_value());
}

TEST_F(ViewStreamTest, OpenIgnoresASecondOpen) {
  follow(2);
  stream_.handle_open(now_ + 5s);

  EXPECT_EQ(*stream_.next_timeout(), now_ + ViewStream::kSilenceMax);
}

TEST_F(ViewStreamTest, WaitingIgnoresEverythingButTime) {
  follow(2);
  stream_.handle_end(now_, "gone");
  const auto wake_at = stream_.next_timeout();

  stream_.handle_open(now_);
  stream_.handle_data(now_, coordinator_.delta({model::upsert(test_node(150))}));
  stream_.handle_end(now_, "gone again");

  EXPECT_EQ(stream_.state(), State::Waiting);
  EXPECT_EQ(stream_.error(), "gone");
  EXPECT_EQ(stream_.next_timeout(), wake_at);
  EXPECT_EQ(adoptions(), 0);
}

}  // namespace
}  // namespace agent
