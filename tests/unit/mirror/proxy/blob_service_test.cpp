#include "mirror/proxy/blob_service.h"

#include <cstdlib>
#include <filesystem>

#include <gtest/gtest.h>

#include "overlay/base/random.h"
#include "overlay/loop/timer.h"
#include "tests/unit/mirror/registry/fake_registry.h"

namespace mirror {
namespace {

class BlobServiceTest : public ::testing::Test {
 protected:
  // Outlives the loop, whose end waits for jobs that still write there.
  struct TemporaryDirectory {
    TemporaryDirectory() {
      std::string name = "/tmp/linkspan_blobs_XXXXXX";
      path = mkdtemp(name.data());
    }
    ~TemporaryDirectory() { std::filesystem::remove_all(path); }
    TemporaryDirectory(const TemporaryDirectory&) = delete;
    TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

    std::string path;
  };

  BlobServiceTest() {
    BlobCache::Options options;
    options.directory = directory_.path;
    options.bytes_max = 0;  // nothing fits: every body passes the cache by
    cache_ = BlobCache::open(loop_, std::move(options)).value();
    service_ = std::make_unique<BlobService>(replicas_, *cache_, metrics_);
    SiteMap map;
    map.site = "near";
    map.node = "n";
    map.replicas = {registry_.replica(1, "near")};
    replicas_.set_site_map(std::move(map));
  }

  Answer ask(const Digest& digest, bool is_head = false) {
    std::optional<Answer> answer;
    BlobService::Request request;
    request.target.kind = Target::Kind::Blob;
    request.target.source = "docker.io";
    request.target.repository = "library/a";
    request.target.digest = digest;
    request.is_head = is_head;
    service_->handle(std::move(request), [&](Answer one) { answer = std::move(one); });
    bool is_late = false;
    loop::Timer limit(loop_, [&] { is_late = true; });
    limit.start_after(std::chrono::seconds(60));
    while (!answer && !is_late) {
      loop_.run_once();
    }
    EXPECT_TRUE(answer.has_value());
    return answer ? std::move(*answer) : Answer();
  }

  TemporaryDirectory directory_;
  loop::Loop loop_;
  base::SeededRandom random_{1};
  base::Metrics metrics_;
  FakeRegistry registry_{loop_};
  ReplicaSet replicas_{loop_, random_, metrics_};
  std::unique_ptr<BlobCache> cache_;
  std::unique_ptr<BlobService> service_;
};

TEST_F(BlobServiceTest, BodiesPastTheCacheCountUntilTheyAreDestroyed) {
  const Digest digest = registry_.put_blob(some_bytes(1000, 1));
  std::vector<Answer> answers;
  for (std::size_t i = 0; i < BlobService::kDirectsMax; ++i) {
    answers.push_back(ask(digest));
    ASSERT_EQ(answers.back().status, 200) << i;
  }

  EXPECT_EQ(ask(digest).status, 404);
  answers.pop_back();
  EXPECT_EQ(ask(digest).status, 200);
}

TEST_F(BlobServiceTest, AskingForSizesTakesNoneOfTheirPlaces) {
  const Digest digest = registry_.put_blob(some_bytes(1000, 1));
  for (std::size_t i = 0; i <= BlobService::kDirectsMax; ++i) {
    ASSERT_EQ(ask(digest, /*is_head=*/true).status, 200) << i;
  }
}

TEST_F(BlobServiceTest, ABodyMayOutliveTheService) {
  const Answer answer = ask(registry_.put_blob(some_bytes(1000, 1)));
  service_.reset();

  EXPECT_EQ(answer.body->size_bytes(), 1000u);
}

}  // namespace
}  // namespace mirror
