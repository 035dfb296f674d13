#include "mirror/proxy/manifest_store.h"

#include <cstdlib>
#include <filesystem>

#include <gtest/gtest.h>

#include "overlay/base/bytes.h"
#include "overlay/crypto/digest.h"
#include "overlay/loop/files.h"

namespace mirror {
namespace {

constexpr std::uint64_t kBlock = ManifestStore::kBlockBytes;

StoredManifest manifest_of(const std::string& bytes) {
  return {Digest::sha256(crypto::sha256(base::as_bytes(bytes))), "application/x", bytes};
}

class ManifestStoreTest : public ::testing::Test {
 protected:
  // Outlives the loop, whose end waits for jobs that still write there.
  struct TemporaryDirectory {
    TemporaryDirectory() {
      std::string name = "/tmp/linkspan_manifests_XXXXXX";
      path = mkdtemp(name.data());
    }
    ~TemporaryDirectory() { std::filesystem::remove_all(path); }
    TemporaryDirectory(const TemporaryDirectory&) = delete;
    TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

    std::string path;
  };

  ManifestStoreTest() { open({directory_.path, 3 * kBlock, 0}); }

  void open(ManifestStore::Options options) {
    store_.reset();
    auto store = ManifestStore::open(loop_, std::move(options));
    ASSERT_TRUE(store.ok()) << store.error().text();
    store_ = std::move(store).value();
  }
  // Puts it and waits until the disk has it.
  void put(const StoredManifest& manifest) {
    store_->put(manifest);
    loop_.run();
  }
  std::optional<std::string> find(const StoredManifest& manifest) {
    std::optional<std::string> bytes;
    store_->find(manifest.digest, [&](const std::optional<StoredManifest>& found) {
      bytes = found ? std::optional<std::string>(found->bytes) : std::nullopt;
    });
    loop_.run();
    return bytes;
  }
  // As after a restart: nothing is in memory.
  void reopen() { open({directory_.path, 3 * kBlock, 0}); }
  std::string path_of(const StoredManifest& manifest) const {
    return directory_.path + "/manifests/" + std::string(manifest.digest.encoded());
  }

  TemporaryDirectory directory_;
  loop::Loop loop_;
  std::unique_ptr<ManifestStore> store_;
  const StoredManifest a_ = manifest_of("a");
  const StoredManifest b_ = manifest_of("b");
  const StoredManifest c_ = manifest_of("c");
  const StoredManifest d_ = manifest_of("d");
};

TEST_F(ManifestStoreTest, TheLeastRecentlyUsedMakesRoomWhenTheQuotaIsFull) {
  put(a_);
  put(b_);
  put(c_);
  EXPECT_EQ(find(a_), "a");
  put(d_);

  EXPECT_EQ(store_->size_bytes(), 3 * kBlock);
  reopen();
  EXPECT_EQ(find(a_), "a");
  EXPECT_EQ(find(b_), std::nullopt);
  EXPECT_FALSE(loop::path_exists(path_of(b_)));
}

TEST_F(ManifestStoreTest, TheOrderOfUseOutlivesARestart) {
  put(a_);
  put(b_);
  put(c_);
  // As if a was used long after the others: times of files made in one moment are equal.
  namespace fs = std::filesystem;
  fs::last_write_time(path_of(b_), fs::last_write_time(path_of(a_)) - std::chrono::hours(2));
  fs::last_write_time(path_of(c_), fs::last_write_time(path_of(a_)) - std::chrono::hours(1));
  reopen();
  put(d_);

  EXPECT_TRUE(loop::path_exists(path_of(a_)));
  EXPECT_FALSE(loop::path_exists(path_of(b_)));
}

TEST_F(ManifestStoreTest, ASmallerQuotaIsKeptFromTheStart) {
  put(a_);
  put(b_);
  open({directory_.path, kBlock, 0});

  EXPECT_EQ(store_->files(), 1u);
  EXPECT_EQ(store_->size_bytes(), kBlock);
}

TEST_F(ManifestStoreTest, NothingIsWrittenIntoTheRoomThatStaysFree) {
  open({directory_.path, 3 * kBlock, std::uint64_t{1} << 62});
  put(a_);

  EXPECT_EQ(store_->files(), 0u);
  EXPECT_EQ(find(a_), "a");
  EXPECT_TRUE(std::filesystem::is_empty(directory_.path + "/manifests"));
}

TEST_F(ManifestStoreTest, WhatIsLargerThanTheQuotaStaysInMemory) {
  put(a_);
  const StoredManifest large = manifest_of(std::string(4 * kBlock, 'x'));
  put(large);

  EXPECT_EQ(find(large), large.bytes);
  EXPECT_EQ(store_->files(), 1u);
}

TEST_F(ManifestStoreTest, AManifestThatWasChangedOnDiskIsRemovedAndCountedOnceWhenWrittenAnew) {
  put(a_);
  reopen();
  ASSERT_TRUE(loop::write_file_atomic(path_of(a_), "application/x\nb", 0640).ok());

  EXPECT_EQ(find(a_), std::nullopt);
  EXPECT_FALSE(loop::path_exists(path_of(a_)));
  put(a_);

  EXPECT_EQ(store_->files(), 1u);
  EXPECT_EQ(store_->size_bytes(), kBlock);
  reopen();
  EXPECT_EQ(find(a_), "a");
}

TEST_F(ManifestStoreTest, WhatACrashLeftHalfWrittenIsRemovedAtStart) {
  const std::string left = path_of(a_) + ".Qx3fZ1";
  ASSERT_TRUE(loop::write_file_atomic(left, "application/x", 0640).ok());
  reopen();

  EXPECT_FALSE(loop::path_exists(left));
  EXPECT_EQ(store_->files(), 0u);
}

TEST_F(ManifestStoreTest, OneThatMakesRoomBeforeItIsWrittenLeavesNoFile) {
  open({directory_.path, kBlock, 0});
  store_->put(a_);
  store_->put(b_);
  loop_.run();

  EXPECT_TRUE(loop::path_exists(path_of(b_)));
  EXPECT_FALSE(loop::path_exists(path_of(a_)));
  EXPECT_EQ(store_->files(), 1u);
  EXPECT_EQ(store_->size_bytes(), kBlock);
}

}  // namespace
}  // namespace mirror
