#include "mirror/oci/manifest.h"

#include <gtest/gtest.h>

namespace mirror {
namespace {

const std::string kA = "sha256:" + std::string(64, 'a');
const std::string kB = "sha256:" + std::string(64, 'b');

std::string with_layers(const std::string& layers) {
  return R"({"schemaVersion":2,"config":{"digest":")" + kA + R"(","size":7},"layers":)" + layers +
         "}";
}

TEST(ManifestTest, ImageGivesConfigThenLayersInOrder) {
  const auto manifest = parse_manifest(
      with_layers(R"([{"mediaType":"application/vnd.oci.image.layer.v1.tar+zstd","digest":")" + kB +
                  R"(","size":1073741824}])"));

  ASSERT_TRUE(manifest.ok()) << manifest.error().text();
  ASSERT_EQ(manifest.value().blobs.size(), 2u);
  EXPECT_EQ(manifest.value().blobs[0].digest.text(), kA);
  EXPECT_EQ(manifest.value().blobs[1].size_bytes, 1073741824u);
  EXPECT_TRUE(manifest.value().children.empty());
}

TEST(ManifestTest, IndexGivesChildrenAndItsMediaType) {
  const auto manifest = parse_manifest(
      R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[{"digest":")" +
      kA + R"(","size":500,"platform":{"os":"linux"}}]})");

  ASSERT_TRUE(manifest.ok());
  EXPECT_EQ(manifest.value().media_type, "application/vnd.oci.image.index.v1+json");
  ASSERT_EQ(manifest.value().children.size(), 1u);
  EXPECT_EQ(manifest.value().children[0].digest.text(), kA);
}

TEST(ManifestTest, ForeignLayersAreMarked) {
  const auto manifest = parse_manifest(
      with_layers(R"([{"digest":")" + kB + R"(","size":1,"urls":["https://example.com/x"]}])"));

  ASSERT_TRUE(manifest.ok());
  EXPECT_TRUE(manifest.value().blobs[1].has_urls);
}

struct BadManifest {
  std::string name;
  std::string text;
  base::Errc code;
  std::string error;
};
class RefusesManifest : public ::testing::TestWithParam<BadManifest> {};

TEST_P(RefusesManifest, SayingWhereAndWhy) {
  const auto manifest = parse_manifest(GetParam().text);
  ASSERT_FALSE(manifest.ok());
  EXPECT_EQ(manifest.error().code(), GetParam().code);
  EXPECT_EQ(manifest.error().text(), GetParam().error);
}

std::string many_descriptors(std::size_t count) {
  std::string list = "[";
  for (std::size_t i = 0; i < count; ++i) {
    list += i == 0 ? "0" : ",0";
  }
  return list + "]";
}

INSTANTIATE_TEST_SUITE_P(
    Manifest, RefusesManifest,
    ::testing::Values(
        BadManifest{"Html", "<html>", base::Errc::Malformed,
                    "manifest: 6 bytes, expected a JSON object"},
        BadManifest{"NotAnObject", "[1]", base::Errc::Malformed,
                    "manifest: 3 bytes, expected a JSON object"},
        BadManifest{"OldSchema", R"({"schemaVersion":1})", base::Errc::Malformed,
                    "manifest: schemaVersion: 1, expected 2"},
        BadManifest{"NoSchema", "{}", base::Errc::Malformed,
                    "manifest: schemaVersion: missing, expected 2"},
        BadManifest{"LayersNotAList", with_layers("{}"), base::Errc::Malformed,
                    "manifest: layers: object, expected a list"},
        BadManifest{"NotADescriptor", with_layers("[3]"), base::Errc::Malformed,
                    "manifest: layers[0]: 3, expected a descriptor"},
        BadManifest{"NoDigest", with_layers("[{}]"), base::Errc::Malformed,
                    "manifest: layers[0].digest: missing, expected a digest"},
        BadManifest{"BadDigest", with_layers(R"([{"digest":"x","size":1}])"), base::Errc::Malformed,
                    "manifest: layers[0]: digest: \"x\", expected <algorithm>:<value>"},
        BadManifest{"NegativeSize", with_layers(R"([{"digest":")" + kB + R"(","size":-1}])"),
                    base::Errc::Malformed,
                    "manifest: layers[0].size: -1, expected 0..1099511627776"},
        BadManifest{"HugeSize", with_layers(R"([{"digest":")" + kB + R"(","size":1e30}])"),
                    base::Errc::Malformed,
                    "manifest: layers[0].size: 1e+30, expected 0..1099511627776"},
        BadManifest{"Deep", std::string(17, '[') + std::string(17, ']'), base::Errc::LimitExceeded,
                    "manifest: nested 17 deep, expected at most 16"},
        BadManifest{"TooManyLayers", with_layers(many_descriptors(4097)), base::Errc::LimitExceeded,
                    "manifest: layers: 4097 entries, expected at most 4096"},
        BadManifest{"TooLarge", std::string(4393217, ' '), base::Errc::LimitExceeded,
                    "manifest: 4393217 bytes, expected at most 4393216"}),
    [](const auto& test) { return test.param.name; });

}  // namespace
}  // namespace mirror
