#include "overlay/agent/view_cache.h"

#include <gtest/gtest.h>

#include "tests/unit/overlay/agent/view_fixture.h"

namespace agent {
namespace {

class ViewCacheTest : public ::testing::Test {
 protected:
  void add(const std::vector<std::uint8_t>& frame) {
    bytes_.insert(bytes_.end(), frame.begin(), frame.end());
  }
  base::Result<CachedView> replay() {
    return replay_view_cache(bytes_, coordinator_.public_key(), kTestView);
  }

  TestCoordinator coordinator_;
  std::vector<std::uint8_t> bytes_;
};

TEST_F(ViewCacheTest, SnapshotAndDeltasReplay) {
  add(coordinator_.snapshot(test_site(2)));
  add(coordinator_.delta({model::upsert(test_node(150))}));

  const auto cached = replay();

  ASSERT_TRUE(cached.ok());
  EXPECT_EQ(cached.value().follower.view().hash(), coordinator_.view().hash());
  EXPECT_EQ(cached.value().snapshot_bytes + cached.value().delta_bytes, bytes_.size());
}

TEST_F(ViewCacheTest, TailCutAnywhereGivesTheLastWholeState) {
  add(coordinator_.snapshot(test_site(2)));
  const auto good_hash = coordinator_.view().hash();
  const std::size_t good_bytes = bytes_.size();
  add(coordinator_.delta({model::upsert(test_node(150))}));
  const auto whole = bytes_;

  for (std::size_t size = good_bytes + 1; size < whole.size(); ++size) {
    bytes_.assign(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
    const auto cached = replay();
    ASSERT_TRUE(cached.ok()) << size;
    ASSERT_EQ(cached.value().follower.view().hash(), good_hash) << size;
    ASSERT_TRUE(cached.value().is_tail_cut) << size;
  }
}

TEST_F(ViewCacheTest, EmptyFileIsNoCache) {
  const auto cached = replay();

  ASSERT_FALSE(cached.ok());
  EXPECT_EQ(cached.error().code(), base::Errc::Truncated);
  EXPECT_EQ(cached.error().text(), "view cache: no whole frame");
}

TEST_F(ViewCacheTest, ChangedByteIsNoticed) {
  add(coordinator_.snapshot(test_site(2)));
  bytes_[bytes_.size() / 2] ^= 1U;

  const auto cached = replay();

  ASSERT_FALSE(cached.ok());
  EXPECT_NE(cached.error().text().find("view cache: frame 1: "), std::string::npos);
}

TEST_F(ViewCacheTest, AnotherCoordinatorsFileIsRefused) {
  TestCoordinator other(9);
  add(other.snapshot(test_site(2)));

  const auto cached = replay();

  ASSERT_FALSE(cached.ok());
  EXPECT_EQ(cached.error().code(), base::Errc::Unauthenticated);
}

TEST_F(ViewCacheTest, DeltaWithoutASnapshotIsRefused) {
  coordinator_.snapshot(test_site(2));
  add(coordinator_.delta({model::upsert(test_node(150))}));

  EXPECT_FALSE(replay().ok());
}

TEST_F(ViewCacheTest, AppendedFrameIsWhatTheStreamCarried) {
  const auto wire = coordinator_.snapshot(test_site(2));
  model::FrameReader reader;
  ASSERT_TRUE(reader.feed(wire).ok());

  append_frame(bytes_, *reader.poll_frame());

  EXPECT_EQ(bytes_, wire);
}

}  // namespace
}  // namespace agent
