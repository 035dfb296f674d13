#include "overlay/model/view_follower.h"

#include <gtest/gtest.h>

#include "tests/unit/overlay/model/random_facts.h"

namespace model {
namespace {

class ViewFollowerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(source_.apply(small_network()).ok());
    ASSERT_TRUE(follower_.handle_update(snapshot(/*sequence=*/10)).ok());
  }
  ViewUpdate snapshot(std::uint64_t sequence) const {
    return {.is_snapshot = true,
            .epoch = 5,
            .sequence = sequence,
            .state_hash = source_.hash(),
            .changes = source_.snapshot()};
  }
  // Removes node `id` at the source; the delta that says so.
  ViewUpdate remove_node(std::uint64_t id, std::uint64_t base, std::uint64_t sequence) {
    const std::vector<FactChange> changes{removal({FactKind::Node, id})};
    EXPECT_TRUE(source_.apply(changes).ok());
    return {.epoch = 5,
            .base_sequence = base,
            .sequence = sequence,
            .state_hash = source_.hash(),
            .changes = changes};
  }
  // `update` is refused with `text` and the follower is as it was.
  void expect_refused(const ViewUpdate& update, const std::string& text) {
    const View before = follower_.view();
    const Cursor cursor = follower_.cursor();
    const auto status = follower_.handle_update(update);
    ASSERT_FALSE(status.ok());
    EXPECT_EQ(status.error().code(), base::Errc::Conflict);
    EXPECT_EQ(status.error().text(), text);
    EXPECT_EQ(follower_.view().facts(), before.facts());
    EXPECT_EQ(follower_.cursor(), cursor);
  }

  View source_;
  ViewFollower follower_;
};

TEST_F(ViewFollowerTest, HoldsNothingAtFirst) {
  const ViewFollower fresh;

  EXPECT_EQ(fresh.cursor(), Cursor());
  EXPECT_TRUE(fresh.view().empty());
}

TEST_F(ViewFollowerTest, ADeltaThatContinuesIsAppliedAndMovesTheCursor) {
  ASSERT_TRUE(follower_.handle_update(remove_node(5, 10, 12)).ok());

  EXPECT_EQ(follower_.cursor(), (Cursor{5, 12}));
  EXPECT_EQ(follower_.view().facts(), source_.facts());
}

TEST_F(ViewFollowerTest, ADeltaMayBeginBeforeTheCursor) {
  ASSERT_TRUE(follower_.handle_update(remove_node(5, 8, 12)).ok());

  EXPECT_EQ(follower_.view().hash(), source_.hash());
}

TEST_F(ViewFollowerTest, TheSameDeltaTwiceIsHarmless) {
  const ViewUpdate update = remove_node(5, 10, 12);
  ASSERT_TRUE(follower_.handle_update(update).ok());

  EXPECT_TRUE(follower_.handle_update(update).ok());

  EXPECT_EQ(follower_.cursor(), (Cursor{5, 12}));
}

TEST_F(ViewFollowerTest, AGapIsRefused) {
  expect_refused(remove_node(5, 11, 12), "delta: sequences 11..12, expected to include 10");
}

TEST_F(ViewFollowerTest, AnOldDeltaIsRefused) {
  expect_refused(remove_node(5, 3, 9), "delta: sequences 3..9, expected to include 10");
}

TEST_F(ViewFollowerTest, ADeltaOfAnotherEpochIsRefused) {
  ViewUpdate update = remove_node(5, 10, 12);
  update.epoch = 6;

  expect_refused(update, "delta: epoch 6, expected 5");
}

TEST_F(ViewFollowerTest, AnOlderSnapshotOfTheSameEpochIsRefused) {
  expect_refused(snapshot(9), "snapshot: sequence 9, expected at least 10");
}

TEST_F(ViewFollowerTest, ASnapshotOfAnotherEpochReplacesEverything) {
  (void)remove_node(5, 10, 12);
  ViewUpdate update = snapshot(1);
  update.epoch = 4;

  ASSERT_TRUE(follower_.handle_update(update).ok());

  EXPECT_EQ(follower_.cursor(), (Cursor{4, 1}));
  EXPECT_EQ(follower_.view().facts(), source_.facts());
}

TEST_F(ViewFollowerTest, AWrongStateHashIsRefusedInBoth) {
  ViewUpdate delta = remove_node(5, 10, 12);
  delta.state_hash = StateHash();
  const std::string after = source_.hash().text();

  expect_refused(delta, "view: state hash " + after + ", expected " + std::string(64, '0'));
  ViewUpdate whole = snapshot(12);
  whole.state_hash = StateHash();
  expect_refused(whole, "view: state hash " + after + ", expected " + std::string(64, '0'));
}

TEST_F(ViewFollowerTest, CountsTheNodesThatAnUpdateWouldRemove) {
  EXPECT_EQ(follower_.nodes_removed_by(snapshot(11)), 0U);
  EXPECT_EQ(follower_.nodes_removed_by(remove_node(5, 10, 11)), 1U);
  EXPECT_EQ(follower_.nodes_removed_by(remove_node(99, 11, 12)), 0U);
  EXPECT_EQ(follower_.nodes_removed_by(remove_node(4, 12, 13)), 1U);
  EXPECT_EQ(follower_.nodes_removed_by(snapshot(14)), 2U);
  EXPECT_EQ(follower_.nodes_removed_by(ViewUpdate{.is_snapshot = true, .epoch = 5}), 5U);
}

TEST_F(ViewFollowerTest, PreviewShowsTheResultAndChangesNothing) {
  const ViewUpdate update = remove_node(5, 10, 12);

  const auto preview = follower_.preview(update);

  ASSERT_TRUE(preview.ok());
  EXPECT_EQ(preview.value().facts(), source_.facts());
  EXPECT_EQ(follower_.cursor(), (Cursor{5, 10}));
  EXPECT_NE(follower_.view().node(NodeId{5}), nullptr);
}

}  // namespace
}  // namespace model
