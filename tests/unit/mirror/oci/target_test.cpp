#include "mirror/oci/target.h"

#include <gtest/gtest.h>

namespace mirror {
namespace {

const std::string kDigest = "sha256:" + std::string(64, 'a');

TEST(TargetTest, RootComesWithAndWithoutSlash) {
  EXPECT_EQ(parse_target("/v2").value().kind, Target::Kind::Root);
  EXPECT_EQ(parse_target("/v2/").value().kind, Target::Kind::Root);
}

TEST(TargetTest, BlobNamesRepositoryDigestAndSource) {
  const auto target = parse_target("/v2/library/alpine/blobs/" + kDigest + "?ns=quay.io");

  ASSERT_TRUE(target.ok());
  EXPECT_EQ(target.value().kind, Target::Kind::Blob);
  EXPECT_EQ(target.value().repository, "library/alpine");
  EXPECT_EQ(target.value().digest->text(), kDigest);
  EXPECT_EQ(target.value().source, "quay.io");
}

TEST(TargetTest, MissingSourceIsDockerHub) {
  EXPECT_EQ(parse_target("/v2/a/manifests/latest").value().source, "docker.io");
}

TEST(TargetTest, ManifestIsByTagOrByDigest) {
  EXPECT_EQ(parse_target("/v2/a/manifests/v1").value().tag, "v1");
  EXPECT_EQ(parse_target("/v2/a/manifests/" + kDigest).value().digest->text(), kDigest);
  EXPECT_TRUE(parse_target("/v2/a/manifests/" + kDigest).value().tag.empty());
}

TEST(TargetTest, RepositoryMayContainTheKeywords) {
  const auto target = parse_target("/v2/a/blobs/manifests/manifests/v1");

  ASSERT_TRUE(target.ok());
  EXPECT_EQ(target.value().repository, "a/blobs/manifests");
  EXPECT_EQ(target.value().tag, "v1");
}

TEST(TargetTest, EncodedCharactersAreDecodedWithinOneComponent) {
  EXPECT_EQ(parse_target("/v2/a/manifests/sha256%3A" + std::string(64, 'a')).value().digest->text(),
            kDigest);
  EXPECT_EQ(parse_target("/v2/a/manifests/v1?ns=images.lab%3a5000").value().source,
            "images.lab:5000");
  EXPECT_FALSE(parse_target("/v2/a%2fb/manifests/v1").ok());
}

TEST(TargetTest, WhatIsNotAPullIsOther) {
  for (const char* path : {"/v2/_catalog", "/v2/a/tags/list", "/v2/a/blobs/uploads",
                           "/v2/a/blobs/uploads/", "/v2/a/referrers/sha256:00", "/v2/a", "/v2//"}) {
    const auto target = parse_target(path);
    ASSERT_TRUE(target.ok()) << path;
    EXPECT_EQ(target.value().kind, Target::Kind::Other) << path;
  }
}

TEST(TargetTest, FormatIsTheInverseOfParse) {
  for (const std::string& text :
       {"/v2/a/b/blobs/" + kDigest + "?ns=quay.io", std::string("/v2/a/manifests/v1?ns=docker.io"),
        "/v2/a/manifests/" + kDigest + "?ns=images.lab:5000"}) {
    EXPECT_EQ(format_target(parse_target(text).value(), ""), text);
  }
  EXPECT_EQ(format_target(parse_target("/v2/a/manifests/v1").value(), "mirror/hub"),
            "/v2/mirror/hub/a/manifests/v1?ns=docker.io");
}

struct BadTarget {
  std::string name;
  std::string text;
  base::Errc code;
  std::string error;
};
class RefusesTarget : public ::testing::TestWithParam<BadTarget> {};

TEST_P(RefusesTarget, SayingWhereAndWhy) {
  const auto target = parse_target(GetParam().text);
  ASSERT_FALSE(target.ok());
  EXPECT_EQ(target.error().code(), GetParam().code);
  EXPECT_EQ(target.error().text(), GetParam().error);
}

INSTANTIATE_TEST_SUITE_P(
    Target, RefusesTarget,
    ::testing::Values(
        BadTarget{"OtherPath", "/metrics", base::Errc::NotFound,
                  "target: \"/metrics\", expected /v2/..."},
        BadTarget{"LooksLikeV2", "/v2x/a", base::Errc::NotFound,
                  "target: \"/v2x/a\", expected /v2/..."},
        BadTarget{"DotDot", "/v2/a/../b/manifests/v1", base::Errc::Malformed,
                  "repository: \"a/../b\", expected components of a-z, 0-9 and single separators, "
                  "joined by /"},
        BadTarget{
            "EncodedDotDot", "/v2/%2e%2e/manifests/v1", base::Errc::Malformed,
            "repository: \"..\", expected components of a-z, 0-9 and single separators, joined "
            "by /"},
        BadTarget{"BlobByTag", "/v2/a/blobs/latest", base::Errc::Malformed,
                  "digest: \"latest\", expected <algorithm>:<value>"},
        BadTarget{"BrokenEncoding", "/v2/a/manifests/v%2", base::Errc::Malformed,
                  "target: \"v%2\", expected two hex digits after %"},
        BadTarget{"TwoSources", "/v2/?ns=a&ns=b", base::Errc::Malformed,
                  "target: ns is given twice, expected once"},
        BadTarget{"SourceIsAUrl", "/v2/?ns=http://169.254.169.254", base::Errc::Malformed,
                  "target: ns: \"http://169.254.169.254\", expected host or host:port"},
        BadTarget{"EmptySource", "/v2/?ns=", base::Errc::Malformed,
                  "target: ns: \"\", expected host or host:port"},
        BadTarget{"TooLong", "/v2/" + std::string(5000, 'a'), base::Errc::LimitExceeded,
                  "target: 5004 bytes, expected at most 4096"}),
    [](const auto& test) { return test.param.name; });

}  // namespace
}  // namespace mirror
