// Replicas that misbehave: what reaches the runtime is right or it is nothing.
#include "mirror/oci/manifest.h"
#include "proxy_fixture.h"

namespace mirror {
namespace {

struct FaultCase {
  std::string name;
  Fault fault;
  std::uint64_t at = 0;
};

class FaultTest : public ProxyFixture {
 protected:
  const std::string bytes_ = some_bytes(6U << 20, 1);
};

class SurvivesFault : public FaultTest, public ::testing::WithParamInterface<FaultCase> {};

TEST_P(SurvivesFault, WithTheSameAnswerFromAnotherReplica) {
  const Digest digest = put_both(bytes_);
  near_.fault = GetParam().fault;
  near_.fault_at = GetParam().at;

  const auto answer = get(blob_target(digest));

  EXPECT_EQ(answer.status, 200);
  EXPECT_TRUE(answer.body == bytes_);
}

INSTANTIATE_TEST_SUITE_P(Replica, SurvivesFault,
                         ::testing::Values(FaultCase{"Status500", Fault::Status500},
                                           FaultCase{"TooMany", Fault::TooMany},
                                           FaultCase{"Denied", Fault::Denied},
                                           FaultCase{"Html", Fault::Html},
                                           FaultCase{"Encoded", Fault::Encoded},
                                           FaultCase{"Redirect", Fault::Redirect},
                                           FaultCase{"NeverAnswers", Fault::NeverAnswers},
                                           FaultCase{"ShortBody", Fault::ShortBody, 3U << 20},
                                           FaultCase{"ShortBodyAtOnce", Fault::ShortBody, 0},
                                           FaultCase{"Reset", Fault::Reset, 1U << 20},
                                           FaultCase{"SilentInTheMiddle", Fault::Silent, 2U << 20}),
                         [](const auto& test) { return test.param.name; });

TEST_F(FaultTest, ABrokenOffBlobGoesOnAtTheSameByte) {
  const Digest digest = put_both(bytes_);
  near_.fault = Fault::ShortBody;
  near_.fault_at = 1'000'000;

  EXPECT_TRUE(get(blob_target(digest)).body == bytes_);

  ASSERT_EQ(far_.requests.size(), 1u);
  EXPECT_EQ(far_.requests[0], "GET /v2/library/a/blobs/" + digest.text() + " bytes=1000000-");
}

TEST_F(FaultTest, AReplicaThatIgnoresRangesCanStillTakeOver) {
  const Digest digest = put_both(bytes_);
  near_.fault = Fault::ShortBody;
  near_.fault_at = 1'000'000;
  far_.fault = Fault::NoRange;

  EXPECT_TRUE(get(blob_target(digest)).body == bytes_);
}

TEST_F(FaultTest, ARangeThatBeginsElsewhereIsNotTaken) {
  const Digest digest = put_both(bytes_);
  near_.fault = Fault::ShortBody;
  near_.fault_at = 1'000'000;
  near_.faults_left = 1;
  far_.fault = Fault::WrongRange;

  EXPECT_TRUE(get(blob_target(digest)).body == bytes_);
  EXPECT_EQ(near_.requests.size(), 2u);
}

TEST_F(FaultTest, TheOnlyReplicaIsAskedAgainInTheMiddleOfABlob) {
  const Digest digest = near_.put_blob(bytes_);
  near_.fault = Fault::ShortBody;
  near_.fault_at = 1'000'000;
  near_.faults_left = 1;

  EXPECT_TRUE(get(blob_target(digest)).body == bytes_);
}

TEST_F(FaultTest, AReplicaThatDiesInTheMiddleIsReplaced) {
  const std::string large = some_bytes(12U << 20, 2);
  const Digest digest = put_both(large);
  bool is_dead = false;
  std::string got;
  base::Status end = base::Error(base::Errc::Unavailable, "not ended");
  bool has_ended = false;
  loop::HttpRequest request;
  request.url = url(blob_target(digest));
  loop::HttpStreamCallbacks callbacks;
  callbacks.on_head = [](const loop::HttpHead&) {};
  callbacks.on_data = [&](std::span<const std::uint8_t> piece) {
    got.append(piece.begin(), piece.end());
    if (!is_dead && got.size() > 4U << 20) {
      is_dead = true;
      near_.die();
    }
  };
  callbacks.on_end = [&](base::Status status) {
    end = std::move(status);
    has_ended = true;
  };
  const auto handle = client_.stream(std::move(request), std::move(callbacks));

  ASSERT_TRUE(run_until([&] { return has_ended; }));
  EXPECT_TRUE(end.ok());
  EXPECT_TRUE(got == large);
}

TEST_F(FaultTest, SmallBlobsWithWrongBytesAreNeverSent) {
  const std::string small = some_bytes(100'000, 3);
  const Digest digest = put_both(small);
  near_.fault = Fault::WrongBytes;
  near_.fault_at = 50'000;

  EXPECT_TRUE(get(blob_target(digest)).body == small);
  EXPECT_EQ(far_.requests.size(), 1u);
}

TEST_F(FaultTest, WrongBytesOfTheOnlyReplicaEndInAShortBody) {
  const Digest digest = near_.put_blob(bytes_);
  near_.fault = Fault::WrongBytes;
  near_.fault_at = 100;

  const auto answer = ask("GET", blob_target(digest));

  EXPECT_FALSE(answer.ok());  // less than announced, whatever was sent: nothing to commit
}

TEST_F(FaultTest, AReplicaThatSentWrongBytesIsNotAskedForThemAgain) {
  const std::string small = some_bytes(1000, 4);
  const Digest digest = near_.put_blob(small);
  near_.fault = Fault::WrongBytes;
  EXPECT_FALSE(ask("GET", blob_target(digest)).ok());
  near_.requests.clear();

  EXPECT_EQ(get(blob_target(digest)).status, 404);
  EXPECT_TRUE(near_.requests.empty());
}

TEST_F(FaultTest, ABlobOfAnotherSizeThanTheManifestSaysIsRefused) {
  const std::string small = some_bytes(1000, 5);
  const Digest digest = put_both(small);
  near_.put_manifest("v1", manifest_text(digest, 999));
  get("/v2/library/a/manifests/v1");

  EXPECT_EQ(get(blob_target(digest)).status, 404);
}

TEST_F(FaultTest, ABadImageEjectsNoReplica) {
  std::vector<Digest> layers;
  for (std::uint64_t seed = 10; seed < 13; ++seed) {
    const std::string tag = "v" + std::to_string(seed);
    layers.push_back(put_both(some_bytes(1000, seed)));
    near_.put_manifest(tag, manifest_text(layers.back(), 999));
    get("/v2/library/a/manifests/" + tag);
    near_.put_manifest("page" + tag, "not a manifest");
    far_.put_manifest("page" + tag, std::string(kManifestBytesMax + 1, ' '));
  }
  for (const Digest& layer : layers) {
    EXPECT_EQ(get(blob_target(layer)).status, 404);
  }
  for (const char* const tag : {"pagev10", "pagev11", "pagev12"}) {
    EXPECT_EQ(get("/v2/library/a/manifests/" + std::string(tag)).status, 404);
  }

  const Digest good = put_both(bytes_);
  near_.requests.clear();
  EXPECT_TRUE(get(blob_target(good)).body == bytes_);
  EXPECT_EQ(near_.requests.size(), 1u);
  EXPECT_EQ(get("/explain").body.find("ejected"), std::string::npos);
}

TEST_F(FaultTest, AManifestWithWrongBytesUnderItsDigestIsRefused) {
  const std::string text = manifest_text(near_.put_blob("x"), 1);
  const Digest digest = near_.put_manifest("v1", text);
  far_.put_manifest("v1", text);
  near_.fault = Fault::WrongBytes;

  const auto answer = get("/v2/library/a/manifests/" + digest.text());
  EXPECT_EQ(answer.body, text);
  EXPECT_EQ(far_.requests.size(), 1u);
}

TEST_F(FaultTest, AnHtmlPageIsNoManifest) {
  near_.put_manifest("v1", manifest_text(near_.put_blob("x"), 1));
  near_.fault = Fault::Html;

  EXPECT_EQ(get("/v2/library/a/manifests/v1").status, 404);
}

TEST_F(FaultTest, ChallengesAndRateLimitsNeverReachTheRuntime) {
  const Digest digest = put_both(bytes_);
  for (const Fault fault : {Fault::Denied, Fault::TooMany, Fault::Status500}) {
    near_.fault = fault;
    far_.fault = fault;
    const auto answer = get(blob_target(digest));
    EXPECT_EQ(answer.status, 404);
    EXPECT_EQ(header(answer, "www-authenticate"), "");
  }
}

TEST_F(FaultTest, DeadReplicasAreAnsweredWith404AtOnce) {
  const Digest digest = put_both(bytes_);
  near_.die();
  far_.die();

  EXPECT_EQ(get(blob_target(digest)).status, 404);
}

}  // namespace
}  // namespace mirror
