// The coordinator's views and an agent that follows them, joined: what is signed as meant on one
// side is what the other drops.
#include <optional>
#include <vector>

#include <gtest/gtest.h>

#include "coordinator/domain/view_log.h"
#include "overlay/agent/view_stream.h"
#include "overlay/crypto/random.h"
#include "overlay/model/membership.h"
#include "tests/unit/coordinator/domain/world.h"

namespace coordinator {
namespace {

constexpr std::uint32_t kNodes = 20;

class MassRemovalTest : public ::testing::Test {
 protected:
  MassRemovalTest() {
    crypto::init();
    key_.emplace(
        crypto::IdentityKey::from_seed(crypto::Secret<32>(std::vector<std::uint8_t>(32, 6))));
    for (std::uint32_t n = 1; n <= kNodes; ++n) {
      nodes_.push_back(world_.join(token_, n)->id);
    }
    start_epoch();
    stream_.emplace(
        agent::ViewStream::Options{
            .signer = key_->public_key(), .view = view_, .self = nodes_.front()},
        random_);
    stream_->start(now_);
    sync();
  }

  // What is durable is as it is, but nobody knows how it came about.
  void start_epoch() {
    log_.emplace(++epoch_, *key_);
    ASSERT_TRUE(log_->open(world_.state, view_));
  }
  // A restore from a time at which so many nodes had not joined yet.
  void lose_nodes(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      world_.run(RemoveNode{nodes_.back()});
      nodes_.pop_back();
    }
    start_epoch();
    stream_->handle_end(now_, "restored");
  }
  void run(Command command) {
    ASSERT_TRUE(world_.run(std::move(command)).ok());
    for (const auto& view : log_->note(world_.state.sequence.get(), world_.touched)) {
      log_->publish(view);
    }
  }

  // Reconnects the agent if it wants that and gives it all that there is for it.
  void sync() {
    if (stream_->state() == agent::ViewStream::State::Waiting) {
      now_ = *stream_->next_timeout();
      stream_->handle_timeout(now_);
    }
    for (bool is_more = true; is_more;) {
      is_more = false;
      while (const auto action = stream_->poll_action()) {
        if (const auto* connect = std::get_if<agent::ViewStream::Connect>(&*action)) {
          cursor_ = connect->cursor;
          stream_->handle_open(now_);
        }
      }
      if (const SharedFrame frame = log_->next(view_, cursor_)) {
        stream_->handle_data(now_, *frame);
        is_more = true;
      }
    }
    ASSERT_EQ(stream_->error(), "");
  }
  std::size_t peers() const {
    return stream_->plan()->device.interfaces.begin()->second.peers.size();
  }

  World world_;
  std::uint64_t epoch_ = 70;
  std::optional<crypto::IdentityKey> key_;
  std::optional<ViewLog> log_;
  model::NetworkId network_ = world_.make_network();
  model::SiteId site_ = world_.make_site(network_, "a");
  model::TokenId token_ = world_.make_token(site_);
  model::ViewId view_ = model::view_of(network_, model::Topology::Site, site_, model::Role::Member);
  std::vector<model::NodeId> nodes_;
  base::SeededRandom random_{3};
  base::TimePoint now_{std::chrono::seconds(100)};
  std::optional<agent::ViewStream> stream_;
  model::Cursor cursor_;
};

TEST_F(MassRemovalTest, WhatARestoreLostStaysThroughEveryLaterChange) {
  ASSERT_EQ(peers(), kNodes - 1);
  lose_nodes(12);
  sync();
  ASSERT_NE(stream_->held_back(), "");

  run(World::enrol(token_, 100));
  sync();
  run(RemoveNode{nodes_.back()});
  sync();

  EXPECT_NE(stream_->held_back(), "");
  EXPECT_EQ(peers(), kNodes - 1);
}

TEST_F(MassRemovalTest, OperatorsWordReleasesWhatWasHeldBack) {
  lose_nodes(12);
  sync();
  ASSERT_NE(stream_->held_back(), "");

  run(ConfirmRemovals{network_, epoch_});
  sync();

  EXPECT_EQ(stream_->held_back(), "");
  EXPECT_EQ(peers(), kNodes - 12 - 1);
}

TEST_F(MassRemovalTest, OperatorsWordHoldsForAnAgentThatComesLater) {
  lose_nodes(12);
  run(ConfirmRemovals{network_, epoch_});
  run(World::enrol(token_, 100));

  sync();

  EXPECT_EQ(stream_->held_back(), "");
  EXPECT_EQ(peers(), kNodes - 12);
}

TEST_F(MassRemovalTest, OperatorsWordDoesNotCoverALaterRestore) {
  run(ConfirmRemovals{network_, epoch_});
  sync();
  lose_nodes(12);
  sync();

  EXPECT_NE(stream_->held_back(), "");
  EXPECT_EQ(peers(), kNodes - 1);
}

TEST_F(MassRemovalTest, NodesThatOperatorsTakeOutGoHoweverMany) {
  for (std::size_t i = 0; i < 15; ++i) {
    run(RemoveNode{nodes_.back()});
    nodes_.pop_back();
  }
  sync();

  EXPECT_EQ(stream_->held_back(), "");
  EXPECT_EQ(peers(), kNodes - 15 - 1);
}

}  // namespace
}  // namespace coordinator
