#include "overlay/model/names.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace model {
namespace {

TEST(NameTest, IsADnsLabelInLowerCase) {
  for (const std::string& text :
       std::vector<std::string>{"a", "gpu-17", "0", "a--b", std::string(63, 'x')}) {
    EXPECT_TRUE(check_name(text).ok()) << text;
  }
  for (const std::string& text : std::vector<std::string>{"", "-a", "a-", "A", "a.b", "a_b", "a b",
                                                          "\xc3\xa4", std::string(64, 'x')}) {
    const auto status = check_name(text);
    ASSERT_FALSE(status.ok()) << text;
    EXPECT_EQ(status.error().text(),
              "\"" + text + "\", expected 1..63 of a-z, 0-9 and inner hyphens");
  }
}

TEST(SourceTest, IsARegistryAsImageReferencesNameIt) {
  for (const std::string& text :
       std::vector<std::string>{"docker.io", "images.lab:5000", "localhost:5000", "10.0.0.1:5000",
                                "[2001:db8::1]:5000", "[::1]", "http://images.lab:5000"}) {
    EXPECT_TRUE(check_source(text).ok()) << text;
  }
  for (const std::string& text : std::vector<std::string>{
           "", "Docker.io", "docker.io/", "https://docker.io", "http://", "http://http://a",
           "docker..io", "docker.io:", "docker.io:0", "docker.io:65536", "docker.io:080",
           "2001:db8::1", "[::1", "[::0001]", "[10.0.0.1]", "a b", "..", "[::1]x", "a]:5"}) {
    const auto status = check_source(text);
    ASSERT_FALSE(status.ok()) << text;
    EXPECT_EQ(status.error().text(), "\"" + text + "\", expected HOST or HOST:PORT in lower case");
  }
}

TEST(ReplicaUrlTest, IsHttpWithAHostAndNothingThatReadsOtherwise) {
  for (const std::string& text : std::vector<std::string>{
           "http://10.192.16.9:5000", "https://harbor.example", "https://harbor.example/v2-proxy/x",
           "http://r/a.b_c__d---e/f", "http://[fd00::9]:5000"}) {
    EXPECT_TRUE(check_replica_url(text).ok()) << text;
  }
  for (const std::string& text : std::vector<std::string>{
           "", "harbor.example", "ftp://harbor.example", "http://", "http://harbor.example/",
           "http://user@harbor.example", "http://harbor.example?x", "http://harbor.example/a?x",
           "http://harbor.example/a#x", "http://harbor.example/a b", "http://harbor.example/\n",
           "http://HARBOR.example", "http:///a", "http://r//a", "http://r/A", "http://r/a..b",
           "http://r/-a", "http://r/a___b", "http://r/a%2f"}) {
    EXPECT_FALSE(check_replica_url(text).ok()) << text;
  }
}

}  // namespace
}  // namespace model
