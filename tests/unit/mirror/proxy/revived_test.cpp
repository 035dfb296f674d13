// Blobs that a restarted mirror finds on its disk: right, or not there at all.
#include <fstream>

#include "proxy_fixture.h"

namespace mirror {
namespace {

class RevivedTest : public ProxyFixture {
 protected:
  std::string path_of(const Digest& digest) const {
    const std::string hex(digest.encoded());
    return directory_ + "/blobs/sha256/" + hex.substr(0, 2) + "/" + hex;
  }
  // Pulls it into the cache and starts the mirror anew once `damage` is done to its file.
  void pull_and_restart(const Digest& digest, const std::function<void()>& damage) {
    get(blob_target(digest));
    ASSERT_TRUE(run_until([&] { return std::filesystem::exists(path_of(digest)); }));
    node_.reset();
    damage();
    near_.requests.clear();
    start(std::uint64_t{1} << 30);
  }
  void flip_bit(const Digest& digest, std::uint64_t at) const {
    std::fstream file(path_of(digest), std::ios::in | std::ios::out | std::ios::binary);
    file.seekg(static_cast<std::streamoff>(at));
    const int byte = file.get();
    file.seekp(static_cast<std::streamoff>(at));
    file.put(static_cast<char>(byte ^ 1));
    ASSERT_TRUE(file.good());
  }
  bool metrics_have(const std::string& line) {
    return get("/metrics").body.find("\n" + line + "\n") != std::string::npos;
  }
};

struct Damage {
  std::string name;
  std::size_t size = 0;
  std::uint64_t at = 0;
};
class RevivesWrongBlob : public RevivedTest, public ::testing::WithParamInterface<Damage> {};

TEST_P(RevivesWrongBlob, FromAReplicaWithoutTheClientNoticing) {
  const std::string bytes = some_bytes(GetParam().size, 1);
  const Digest digest = near_.put_blob(bytes);
  pull_and_restart(digest, [&] { flip_bit(digest, GetParam().at); });

  EXPECT_TRUE(get(blob_target(digest)).body == bytes);

  EXPECT_EQ(near_.requests.size(), 1u);
  while (!metrics_have("linkspan_mirror_cache_wrong_blobs_total 1")) {
  }
  // And what lies there now is right, for the next restart too.
  pull_and_restart(digest, [] {});
  EXPECT_TRUE(get(blob_target(digest)).body == bytes);
  EXPECT_TRUE(near_.requests.empty());
}

INSTANTIATE_TEST_SUITE_P(Disk, RevivesWrongBlob,
                         ::testing::Values(Damage{"Small", 100'000, 50'000},
                                           Damage{"LargeAtItsBegin", 9U << 20, 0},
                                           Damage{"LargeAtItsEnd", 9U << 20, (9U << 20) - 1}),
                         [](const auto& test) { return test.param.name; });

TEST_F(RevivedTest, ABlobCutWhileTheMirrorWasDownComesWhole) {
  const std::string bytes = some_bytes(100'000, 2);
  const Digest digest = near_.put_blob(bytes);
  pull_and_restart(digest, [&] { std::filesystem::resize_file(path_of(digest), 99'999); });

  EXPECT_TRUE(get(blob_target(digest)).body == bytes);
}

TEST_F(RevivedTest, ARightBlobIsReadOnceAndThenSentFromTheCache) {
  const std::string bytes = some_bytes(9U << 20, 3);
  const Digest digest = near_.put_blob(bytes);
  pull_and_restart(digest, [] {});

  EXPECT_TRUE(get(blob_target(digest)).body == bytes);
  EXPECT_TRUE(get(blob_target(digest)).body == bytes);

  EXPECT_TRUE(near_.requests.empty());
  EXPECT_TRUE(metrics_have("linkspan_mirror_blob_requests_total{from=\"unverified_cache\"} 1"));
  EXPECT_TRUE(metrics_have("linkspan_mirror_blob_requests_total{from=\"cache\"} 1"));
}

TEST_F(RevivedTest, RangesOfAWrongBlobAreExact) {
  const std::string bytes = some_bytes(9U << 20, 4);
  const Digest digest = near_.put_blob(bytes);
  pull_and_restart(digest, [&] { flip_bit(digest, 150); });

  const auto part = get(blob_target(digest), "bytes=100-199");
  EXPECT_EQ(part.status, 206);
  EXPECT_EQ(part.body, bytes.substr(100, 100));
}

TEST_F(RevivedTest, HeadDoesNotVouchForAWrongBlob) {
  const Digest digest = near_.put_blob(some_bytes(1000, 5));
  pull_and_restart(digest, [&] { flip_bit(digest, 10); });
  near_.die();

  EXPECT_EQ(ask("HEAD", blob_target(digest)).value().status, 404);
}

TEST_F(RevivedTest, AWrongBlobThatNoReplicaHasIs404AndGone) {
  const Digest digest = near_.put_blob(some_bytes(1000, 6));
  pull_and_restart(digest, [&] { flip_bit(digest, 10); });
  near_.die();

  EXPECT_EQ(get(blob_target(digest)).status, 404);
  EXPECT_FALSE(std::filesystem::exists(path_of(digest)));
}

TEST_F(RevivedTest, ManyWhoAskForAWrongBlobAtOnceShareOneFetch) {
  const std::string bytes = some_bytes(9U << 20, 7);
  const Digest digest = near_.put_blob(bytes);
  pull_and_restart(digest, [&] { flip_bit(digest, 1000); });
  int whole = 0;
  std::vector<loop::RequestHandle> handles;
  for (int i = 0; i < 4; ++i) {
    loop::HttpRequest request;
    request.url = url(blob_target(digest));
    handles.push_back(client_.send(std::move(request), [&](const auto& answer) {
      whole += answer.ok() && answer.value().body == bytes ? 1 : 0;
    }));
  }

  ASSERT_TRUE(run_until([&] { return whole == 4; }));
  EXPECT_EQ(near_.requests.size(), 1u);
}

}  // namespace
}  // namespace mirror
