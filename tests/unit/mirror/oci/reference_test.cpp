#include "mirror/oci/reference.h"

#include <gtest/gtest.h>

namespace mirror {
namespace {

TEST(RepositoryTest, AcceptsWhatTheSpecificationAllows) {
  for (const char* name :
       {"alpine", "library/alpine", "a.b/c_d/e__f/g--h", "a/blobs/manifests", "0"}) {
    EXPECT_TRUE(check_repository(name).ok()) << name;
  }
}

TEST(RepositoryTest, RefusesWhatCouldLeaveItsDirectoryOrHaveTwoNames) {
  for (const char* name : {"", "/a", "a/", "a//b", "..", "a/../b", ".a", "a.", "a..b", "a___b", "A",
                           "a b", "a_/b", "a/-b", "a%2fb", "a:b", "a._b"}) {
    EXPECT_FALSE(check_repository(name).ok()) << name;
  }
  EXPECT_TRUE(check_repository(std::string(255, 'a')).ok());
  EXPECT_FALSE(check_repository(std::string(256, 'a')).ok());
}

TEST(RepositoryTest, ErrorNamesValueAndExpectation) {
  EXPECT_EQ(
      check_repository("a//b").error().text(),
      "repository: \"a//b\", expected components of a-z, 0-9 and single separators, joined by /");
}

TEST(TagTest, AcceptsAndRefusesByTheGrammar) {
  for (const char* tag : {"latest", "v1.2.3", "_x", "A-b.C_d", "1"}) {
    EXPECT_TRUE(check_tag(tag).ok()) << tag;
  }
  for (const std::string& tag : {std::string(), std::string(".a"), std::string("-a"),
                                 std::string("a/b"), std::string("a:b"), std::string(129, 'a')}) {
    EXPECT_FALSE(check_tag(tag).ok()) << tag;
  }
  EXPECT_EQ(
      check_tag("-a").error().text(),
      "tag: \"-a\", expected 1 to 128 of a-z, A-Z, 0-9, _, . and -, not starting with . or -");
}

struct GoodSource {
  std::string text;
  std::string name;
  std::string upstream;
};
class ParsesSource : public ::testing::TestWithParam<GoodSource> {};

TEST_P(ParsesSource, IntoNameAndUpstream) {
  const auto source = parse_source(GetParam().text);
  ASSERT_TRUE(source.ok()) << source.error().text();
  EXPECT_EQ(source.value().name, GetParam().name);
  EXPECT_EQ(source.value().upstream_url(), GetParam().upstream);
}

INSTANTIATE_TEST_SUITE_P(
    Source, ParsesSource,
    ::testing::Values(GoodSource{"docker.io", "docker.io", "https://registry-1.docker.io"},
                      GoodSource{"quay.io", "quay.io", "https://quay.io"},
                      GoodSource{"Images.Lab:5000", "images.lab:5000", "https://images.lab:5000"},
                      GoodSource{"http://images.lab:5000", "images.lab:5000",
                                 "http://images.lab:5000"},
                      GoodSource{"https://ghcr.io", "ghcr.io", "https://ghcr.io"},
                      GoodSource{"10.0.0.1:5000", "10.0.0.1:5000", "https://10.0.0.1:5000"},
                      GoodSource{"[fd00::1]:5000", "[fd00::1]:5000", "https://[fd00::1]:5000"}));

TEST(SourceTest, RefusesEverythingThatIsMoreThanAHost) {
  for (const char* text :
       {"", "a/b", "user@host", "host:", "host:0", "host:65536", "host:080", "ftp://a", "a..b",
        ".a", "a.", "[fd00::1", "[10.0.0.1]", "a b", "http://", "a?b", "a#b"}) {
    EXPECT_FALSE(parse_source(text).ok()) << text;
  }
  EXPECT_EQ(
      parse_source("a/b").error().text(),
      "source: \"a/b\", expected host or host:port, with http:// in front if it is plain HTTP");
}

}  // namespace
}  // namespace mirror
