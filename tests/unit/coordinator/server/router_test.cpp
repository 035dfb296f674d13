#include "coordinator/server/router.h"

#include <gtest/gtest.h>

#include "coordinator/server/packages.h"
#include "coordinator/server/serve_options.h"

namespace coordinator {
namespace {

TEST(RouterTest, BracesStandForOneSegment) {
  EXPECT_TRUE(match_path("/v1/nodes", "/v1/nodes").is_match);
  EXPECT_EQ(match_path("/v1/nodes/{id}", "/v1/nodes/7").parameters, std::vector<std::string>{"7"});
  for (const char* path : {"/v1/nodes/", "/v1/nodes", "/v1/nodes/7/", "/v1/nodes/7/8", "/", "",
                           "v1/nodes/7", "/v1//7"}) {
    EXPECT_FALSE(match_path("/v1/nodes/{id}", path).is_match) << path;
  }
}

TEST(RouterTest, WrongMethodTellsTheRightOnes) {
  const std::vector<Route<int>> routes = {{"GET", "/a", Access::Public, 1},
                                          {"POST", "/a", Access::Public, 2}};
  std::vector<std::string> parameters;
  std::string allowed;

  EXPECT_EQ(find_route(routes, "DELETE", "/a", parameters, allowed), nullptr);
  EXPECT_EQ(allowed, "GET, POST");
  EXPECT_EQ(find_route(routes, "HEAD", "/a", parameters, allowed)->handler, 1);
  allowed.clear();
  EXPECT_EQ(find_route(routes, "GET", "/b", parameters, allowed), nullptr);
  EXPECT_EQ(allowed, "");
}

TEST(PackagesTest, OnlyPlainNamesOfPackagesAreNames) {
  EXPECT_TRUE(is_package_name("linkspan-agent_0.1.0_amd64.deb"));
  EXPECT_TRUE(is_package_name("a+b~1.deb"));
  for (const char* name : {"", ".deb", "../x.deb", "a/b.deb", "x.txt", "-x.deb", ".x.deb",
                           "a b.deb", "a;b.deb", "a$b.deb"}) {
    EXPECT_FALSE(is_package_name(name)) << name;
  }
}

TEST(ServeOptionsTest, AdvertisedUrlHoldsNothingThatAShellWouldRead) {
  EXPECT_TRUE(check_url("").ok());
  EXPECT_TRUE(check_url("https://[2001:db8::1]:443").ok());
  for (const char* text : {"http://a", "https://", "https://a/b", "https://a;b", "https://$(x)"}) {
    EXPECT_FALSE(check_url(text).ok()) << text;
  }
}

TEST(ServeOptionsTest, WelcomeNamesTheAdminKeyOnlyWhereItIs) {
  Welcome welcome{.url = "https://192.0.2.1:7443",
                  .pin = "sha256//abc",
                  .admin_key_path = "/srv/ls/admin.key",
                  .is_admin_key_there = true,
                  .is_new = true};
  const std::string use =
      "export LINKSPAN_API=https://192.0.2.1:7443 LINKSPAN_KEY_FILE=/srv/ls/admin.key\n";
  EXPECT_NE(welcome_text(welcome).find("admin key   /srv/ls/admin.key\n"), std::string::npos);
  EXPECT_NE(welcome_text(welcome).find(use), std::string::npos);

  welcome.is_new = false;
  EXPECT_EQ(welcome_text(welcome).find("Next"), std::string::npos);

  welcome.is_admin_key_there = false;
  EXPECT_EQ(welcome_text(welcome),
            "linkspan-coordinator is ready\n"
            "  API         https://192.0.2.1:7443\n"
            "  pin         sha256//abc\n"
            "  admin key   /srv/ls/admin.key is not there (moved, or made by another coordinator): "
            "use a copy of it, or another API key\n");
}

TEST(WelcomeTest, SaysThatNobodyElseReachesALoopbackAddress) {
  Welcome welcome{.url = "https://192.0.2.1:7443", .pin = "p", .admin_key_path = "k"};
  EXPECT_EQ(welcome_text(welcome).find("--advertise"), std::string::npos);
  for (const char* const url :
       {"https://127.0.0.1:7443", "https://[::1]:7443", "https://localhost"}) {
    welcome.url = url;
    EXPECT_NE(welcome_text(welcome).find("--advertise"), std::string::npos) << url;
  }
}

}  // namespace
}  // namespace coordinator
