#include "mirror/select/content_index.h"

#include <gtest/gtest.h>

#include "mirror/select/parameters.h"

namespace mirror {
namespace {

using namespace std::chrono_literals;

using Knowledge = ContentIndex::Knowledge;
constexpr base::TimePoint kStart{1h};
constexpr ReplicaId kOne{1};

TEST(ContentIndexTest, MissingIsKnownForItsTimeAndPerReplica) {
  ContentIndex index;
  index.set_missing(kOne, "a", kMissingDigestFor, kStart);

  EXPECT_EQ(index.find(kOne, "a", kStart + 29s), Knowledge::Missing);
  EXPECT_EQ(index.find(kOne, "a", kStart + 30s), Knowledge::Unknown);
  EXPECT_EQ(index.find(ReplicaId{2}, "a", kStart), Knowledge::Unknown);
  EXPECT_EQ(index.find(kOne, "b", kStart), Knowledge::Unknown);
}

TEST(ContentIndexTest, ABanOutlivesLaterSuccess) {
  ContentIndex index;
  index.set_banned(kOne, "a", kStart);
  index.set_present(kOne, "a", kStart + 1s);

  EXPECT_EQ(index.find(kOne, "a", kStart + 2s), Knowledge::Banned);
  EXPECT_EQ(index.find(kOne, "a", kStart + kBannedFor), Knowledge::Unknown);
}

TEST(ContentIndexTest, SizeIsBoundedAndTheOldestGoesFirst) {
  ContentIndex index;
  for (std::size_t i = 0; i <= kContentEntriesMax; ++i) {
    index.set_present(kOne, std::to_string(i), kStart);
  }

  EXPECT_EQ(index.size(), kContentEntriesMax);
  EXPECT_EQ(index.find(kOne, "0", kStart), Knowledge::Unknown);
  EXPECT_EQ(index.find(kOne, "1", kStart), Knowledge::Present);
}

}  // namespace
}  // namespace mirror
