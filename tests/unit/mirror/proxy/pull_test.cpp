// What a runtime gets from the proxy while all is well, and what it never gets.
#include "overlay/loop/files.h"
#include "proxy_fixture.h"

namespace mirror {
namespace {

class PullTest : public ProxyFixture {
 protected:
  // A blob is findable in the cache a moment after its last byte was sent: fsync comes between.
  void wait_for_cached_blobs(int count) {
    const std::string line = "\nlinkspan_mirror_cache_blobs " + std::to_string(count) + "\n";
    const std::string idle = "\nlinkspan_mirror_fills 0\n";
    std::string text;
    while (text.find(line) == std::string::npos || text.find(idle) == std::string::npos) {
      text = get("/metrics").body;
    }
  }
};

TEST_F(PullTest, TheRootSaysThatThisIsARegistryAndAsksForNothing) {
  const auto answer = get("/v2/");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(header(answer, "www-authenticate"), "");
}

TEST_F(PullTest, ABlobComesWholeAndIsAskedOfTheReplicaOnce) {
  const std::string bytes = some_bytes(300'000, 1);
  const Digest digest = near_.put_blob(bytes);

  EXPECT_TRUE(get(blob_target(digest)).body == bytes);
  EXPECT_TRUE(get(blob_target(digest)).body == bytes);

  EXPECT_EQ(near_.requests.size(), 1u);
  EXPECT_TRUE(far_.requests.empty());
}

TEST_F(PullTest, ManyWhoAskAtOnceShareOneFetch) {
  const std::string bytes = some_bytes(6U << 20, 2);
  const Digest digest = near_.put_blob(bytes);
  int whole = 0;
  std::vector<loop::RequestHandle> handles;
  for (int i = 0; i < 8; ++i) {
    loop::HttpRequest request;
    request.url = url(blob_target(digest));
    handles.push_back(client_.send(std::move(request), [&](const auto& answer) {
      whole += answer.ok() && answer.value().body == bytes ? 1 : 0;
    }));
  }

  ASSERT_TRUE(run_until([&] { return whole == 8; }));
  EXPECT_EQ(near_.requests.size(), 1u);
}

TEST_F(PullTest, AClientThatGoesAwayDoesNotEndTheFetch) {
  const std::string bytes = some_bytes(6U << 20, 3);
  const Digest digest = near_.put_blob(bytes);
  bool has_head = false;
  loop::HttpRequest request;
  request.url = url(blob_target(digest));
  loop::HttpStreamCallbacks callbacks;
  callbacks.on_head = [&](const loop::HttpHead&) { has_head = true; };
  callbacks.on_data = [](std::span<const std::uint8_t>) {};
  callbacks.on_end = [](const base::Status&) {};
  auto handle = client_.stream(std::move(request), std::move(callbacks));
  ASSERT_TRUE(run_until([&] { return has_head; }));
  handle.cancel();

  EXPECT_TRUE(get(blob_target(digest)).body == bytes);
  EXPECT_EQ(near_.requests.size(), 1u);
}

TEST_F(PullTest, AClientThatDoesNotReadHoldsUpNeitherTheFetchNorTheOthers) {
  const std::string bytes = some_bytes(64U << 20, 13);
  const Digest digest = near_.put_blob(bytes);
  loop::HttpRequest request;
  request.url = url(blob_target(digest));
  loop::HttpStreamCallbacks callbacks;
  loop::RequestHandle handle;
  bool has_head = false;
  callbacks.on_head = [&](const loop::HttpHead&) {
    has_head = true;
    handle.pause();
  };
  handle = client_.stream(std::move(request), std::move(callbacks));
  ASSERT_TRUE(run_until([&] { return has_head; }));
  wait_for_cached_blobs(1);

  EXPECT_TRUE(get(blob_target(digest)).body == bytes);
  EXPECT_EQ(near_.requests.size(), 1u);
}

TEST_F(PullTest, WhoJoinsLateGetsFromTheFileWhatHasLeftMemory) {
  const std::string bytes = some_bytes(32U << 20, 14);
  constexpr std::size_t kThere = 24U << 20;  // the fill stops here: more than it keeps in memory
  const Digest digest = near_.put_blob(bytes);
  near_.fault = Fault::Silent;
  near_.fault_at = kThere;
  std::array<std::string, 2> got;
  std::vector<loop::RequestHandle> handles;
  for (std::string& one : got) {
    loop::HttpRequest request;
    request.url = url(blob_target(digest));
    loop::HttpStreamCallbacks callbacks;
    callbacks.on_data = [&one](std::span<const std::uint8_t> piece) {
      one.append(piece.begin(), piece.end());
    };
    handles.push_back(client_.stream(std::move(request), std::move(callbacks)));
    ASSERT_TRUE(run_until([&] { return one.size() >= kThere; }));
  }

  EXPECT_TRUE(bytes.starts_with(got[0]));
  EXPECT_TRUE(bytes.starts_with(got[1]));
}

TEST_F(PullTest, RangesAreExactFromAFillAndFromTheCache) {
  const std::string bytes = some_bytes(100'000, 4);
  const Digest digest = near_.put_blob(bytes);
  for (int i = 0; i < 2; ++i) {
    const auto part = get(blob_target(digest), "bytes=100-199");
    EXPECT_EQ(part.status, 206);
    EXPECT_EQ(part.body, bytes.substr(100, 100));
    EXPECT_EQ(header(part, "content-range"), "bytes 100-199/100000");

    const auto rest = get(blob_target(digest), "bytes=99990-");
    EXPECT_EQ(rest.body, bytes.substr(99990));

    const auto outside = get(blob_target(digest), "bytes=100000-");
    EXPECT_EQ(outside.status, 416);
    EXPECT_EQ(header(outside, "content-range"), "bytes */100000");
  }
}

TEST_F(PullTest, HeadGivesLengthAndDigestWithoutFetchingTheBlob) {
  const std::string bytes = some_bytes(6U << 20, 5);
  const Digest digest = near_.put_blob(bytes);

  const auto head = ask("HEAD", blob_target(digest));

  ASSERT_TRUE(head.ok());
  EXPECT_EQ(header(head.value(), "content-length"), std::to_string(bytes.size()));
  EXPECT_EQ(header(head.value(), "docker-content-digest"), digest.text());
  EXPECT_EQ(header(head.value(), "accept-ranges"), "bytes");
}

TEST_F(PullTest, AnEmptyBlobIsABlob) {
  const auto empty =
      Digest::parse("sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  // The fake answers 404 for an empty body; the cache knows better.
  std::filesystem::create_directories(directory_ + "/blobs/sha256/e3");
  ASSERT_TRUE(loop::write_file_atomic(
                  directory_ + "/blobs/sha256/e3/" + std::string(empty.value().encoded()), "", 0640)
                  .ok());
  start(1 << 20);

  const auto answer = get(blob_target(empty.value()));
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(header(answer, "content-length"), "0");
}

TEST_F(PullTest, WhatNoReplicaHasIsNotFound) {
  const auto answer = get(blob_target(Digest::parse("sha256:" + std::string(64, 'a')).value()));
  EXPECT_EQ(answer.status, 404);
  EXPECT_EQ(near_.requests.size(), 1u);
  EXPECT_EQ(far_.requests.size(), 1u);
}

TEST_F(PullTest, A404IsRememberedAndNotAskedAgain) {
  const std::string target = blob_target(Digest::parse("sha256:" + std::string(64, 'a')).value());
  get(target);
  get(target);

  EXPECT_EQ(near_.requests.size(), 1u);
}

TEST_F(PullTest, TheReplicaThatHasItIsFoundBehindTheNearest) {
  const std::string bytes = some_bytes(1000, 6);
  const Digest digest = far_.put_blob(bytes);

  EXPECT_TRUE(get(blob_target(digest)).body == bytes);
}

TEST_F(PullTest, UnknownSourcesAreNotFoundWithoutAskingAnybody) {
  EXPECT_EQ(get("/v2/a/manifests/v1?ns=evil.example").status, 404);
  EXPECT_TRUE(near_.requests.empty());
}

TEST_F(PullTest, OtherMethodsAndNamesThatResolveToUsAreRefused) {
  EXPECT_EQ(ask("DELETE", "/v2/a/manifests/v1").value().status, 405);
  EXPECT_EQ(ask("POST", "/v2/a/blobs/uploads/").value().status, 405);
  loop::HttpRequest request;
  request.url = url("/v2/");
  request.headers = {{"Host", "rebound.example"}};
  int status = 0;
  const auto handle =
      client_.send(std::move(request), [&](const auto& answer) { status = answer.value().status; });
  ASSERT_TRUE(run_until([&] { return status != 0; }));
  EXPECT_EQ(status, 403);
}

TEST_F(PullTest, AManifestKeepsItsBytesTypeAndDigest) {
  const Digest layer = near_.put_blob("layer");
  const std::string text = manifest_text(layer, 5);
  const Digest digest = near_.put_manifest("v1", text);

  for (const std::string& reference : {std::string("v1"), digest.text()}) {
    const auto answer = get("/v2/library/a/manifests/" + reference);
    EXPECT_EQ(answer.body, text);
    EXPECT_EQ(header(answer, "content-type"), "application/vnd.oci.image.manifest.v1+json");
    EXPECT_EQ(header(answer, "docker-content-digest"), digest.text());
  }
  EXPECT_EQ(near_.requests.size(), 1u);
}

TEST_F(PullTest, CacheOutlivesTheProcessAndTheReplicas) {
  const std::string bytes = some_bytes(50'000, 7);
  const Digest digest = near_.put_blob(bytes);
  const Digest manifest = near_.put_manifest("v1", manifest_text(digest, bytes.size()));
  get("/v2/library/a/manifests/v1");
  get(blob_target(digest));
  ASSERT_TRUE(run_until([&] {
    return std::filesystem::exists(directory_ + "/blobs/sha256/" +
                                   std::string(digest.encoded().substr(0, 2)) + "/" +
                                   std::string(digest.encoded())) &&
           std::filesystem::exists(directory_ + "/manifests/" + std::string(manifest.encoded()));
  }));
  near_.die();
  far_.die();
  start(std::uint64_t{1} << 30);

  EXPECT_TRUE(get(blob_target(digest)).body == bytes);
  EXPECT_EQ(get("/v2/library/a/manifests/" + manifest.text()).status, 200);
}

TEST_F(PullTest, ATagIsAnsweredStaleWhileNoReplicaCanBeAsked) {
  near_.put_manifest("v1", manifest_text(near_.put_blob("x"), 1));
  get("/v2/library/a/manifests/v1");
  near_.die();
  far_.die();

  EXPECT_EQ(get("/v2/library/a/manifests/v1").status, 200);
  EXPECT_EQ(get("/v2/library/a/manifests/other").status, 404);
}

TEST_F(PullTest, ABlobThatDoesNotFitTheCacheStillComes) {
  start(1 << 20);
  const std::string bytes = some_bytes(6U << 20, 8);
  const Digest digest = near_.put_blob(bytes);

  EXPECT_TRUE(get(blob_target(digest)).body == bytes);
  EXPECT_EQ(get(blob_target(digest), "bytes=1000-1999").body, bytes.substr(1000, 1000));
}

TEST_F(PullTest, TheLeastRecentlyUsedBlobMakesRoom) {
  start(250'000);
  const Digest first = near_.put_blob(some_bytes(100'000, 9));
  const Digest second = near_.put_blob(some_bytes(100'000, 10));
  const Digest third = near_.put_blob(some_bytes(100'000, 11));
  get(blob_target(first));
  wait_for_cached_blobs(1);
  get(blob_target(second));
  wait_for_cached_blobs(2);
  get(blob_target(first));
  get(blob_target(third));
  wait_for_cached_blobs(2);
  near_.requests.clear();

  get(blob_target(third));
  EXPECT_TRUE(near_.requests.empty());
  get(blob_target(second));
  EXPECT_EQ(near_.requests.size(), 1u);
}

TEST_F(PullTest, ACacheThatIsEmptiedUnderUsIsFilledAnew) {
  const std::string bytes = some_bytes(50'000, 12);
  const Digest digest = near_.put_blob(bytes);
  get(blob_target(digest));
  wait_for_cached_blobs(1);
  for (const char* name : {"blobs", "partial", "manifests"}) {
    std::filesystem::remove_all(directory_ + "/" + name);
  }

  EXPECT_TRUE(get(blob_target(digest)).body == bytes);
  wait_for_cached_blobs(1);
  EXPECT_TRUE(get(blob_target(digest)).body == bytes);
  EXPECT_EQ(near_.requests.size(), 2u);
}

TEST_F(PullTest, MetricsAndReasonsAreBesideTheRegistry) {
  get(blob_target(near_.put_blob("x")));

  EXPECT_NE(get("/metrics").body.find("linkspan_mirror_blob_requests_total{from=\"fill\"} 1"),
            std::string::npos);
  EXPECT_NE(get("/explain").body.find("\"preferred\": 1"), std::string::npos);
  EXPECT_EQ(get("/elsewhere").status, 404);
}

}  // namespace
}  // namespace mirror
