#include "mirror/proxy/blob_cache.h"

#include <cstdlib>
#include <filesystem>

#include <gtest/gtest.h>
#include <unistd.h>

#include "overlay/base/bytes.h"
#include "overlay/crypto/digest.h"

namespace mirror {
namespace {

class BlobCacheTest : public ::testing::Test {
 protected:
  // Outlives the loop, whose end waits for jobs that still write there.
  struct TemporaryDirectory {
    TemporaryDirectory() {
      std::string name = "/tmp/linkspan_cache_XXXXXX";
      path = mkdtemp(name.data());
    }
    ~TemporaryDirectory() { std::filesystem::remove_all(path); }
    TemporaryDirectory(const TemporaryDirectory&) = delete;
    TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

    std::string path;
  };

  std::unique_ptr<BlobCache> open() {
    return BlobCache::open(loop_, {temporary_.path, std::uint64_t{1} << 30, 0}).value();
  }
  base::Status commit(BlobCache& cache, const PartialBlob& partial) {
    std::optional<base::Status> ended;
    cache.commit(digest_, partial, [&](base::Status status) { ended = std::move(status); });
    while (!ended) {
      loop_.run_once();
    }
    return *ended;
  }

  TemporaryDirectory temporary_;
  loop::Loop loop_;
  const Digest digest_ = Digest::sha256(crypto::sha256(base::as_bytes(std::string_view("blob"))));
};

TEST_F(BlobCacheTest, OneThatEndsTakesNothingFromItsSuccessor) {
  auto ending = open();
  const auto old_partial = ending->begin(digest_, 4).value();
  const auto successor = open();
  const auto partial = successor->begin(digest_, 4).value();
  ASSERT_EQ(write(partial.file->fd(), "blob", 4), 4);
  ending->abandon(old_partial);
  while (loop_.run_once(), std::filesystem::exists(old_partial.path)) {
  }
  ending.reset();

  EXPECT_TRUE(commit(*successor, partial).ok());
  EXPECT_TRUE(successor->find(digest_).has_value());
}

TEST_F(BlobCacheTest, ABlobOfSeveralSyncPiecesBecomesDurable) {
  const auto cache = open();
  const std::uint64_t size = BlobCache::kSyncBytes * 2 + 1;
  const auto partial = cache->begin(digest_, size).value();
  ASSERT_EQ(ftruncate(partial.file->fd(), static_cast<off_t>(size)), 0);

  EXPECT_TRUE(commit(*cache, partial).ok());
  EXPECT_EQ(cache->find(digest_)->size_bytes, size);
}

TEST_F(BlobCacheTest, OnlyWhatAnEarlierOneLeftIsUnverified) {
  auto cache = open();
  const auto partial = cache->begin(digest_, 4).value();
  ASSERT_EQ(write(partial.file->fd(), "blob", 4), 4);
  ASSERT_TRUE(commit(*cache, partial).ok());
  EXPECT_TRUE(cache->find(digest_)->is_verified);
  cache.reset();

  cache = open();
  EXPECT_FALSE(cache->find(digest_)->is_verified);
  cache->confirm(digest_);
  EXPECT_TRUE(cache->find(digest_)->is_verified);
  cache->reject(digest_);
  EXPECT_FALSE(cache->find(digest_).has_value());
  EXPECT_EQ(cache->size_bytes(), 0u);
}

}  // namespace
}  // namespace mirror
