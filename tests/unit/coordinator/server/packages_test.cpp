#include "coordinator/server/packages.h"

#include <gtest/gtest.h>

namespace coordinator {
namespace {

TEST(PackagesTest, VersionsCompareAsDpkgHasIt) {
  const std::vector<std::string> ascending = {"0~",     "0.9.0",    "0.10a", "0.10.0~rc1",
                                              "0.10.0", "0.10.0-1", "1.0~~", "1.0~",
                                              "1.0",    "1.0+b1",   "1.0.1", "10"};
  for (std::size_t i = 0; i < ascending.size(); ++i) {
    for (std::size_t j = 0; j < ascending.size(); ++j) {
      const int order = compare_versions(ascending[i], ascending[j]);
      EXPECT_EQ(order, i < j ? -1 : i > j ? 1 : 0) << ascending[i] << " and " << ascending[j];
    }
  }
  EXPECT_EQ(compare_versions("1.01", "1.1"), 0);
}

TEST(PackagesTest, NewestIsByNumberAndNotByText) {
  EXPECT_EQ(newest_package({"linkspan-agent_0.10.0_amd64.deb", "linkspan-agent_0.9.0_amd64.deb",
                            "linkspan-agent_0.10.0~rc1_amd64.deb", "linkspan-mirror_2_amd64.deb"},
                           "linkspan-agent", "amd64"),
            "linkspan-agent_0.10.0_amd64.deb");
  EXPECT_EQ(newest_package({"linkspan-mirror_2_amd64.deb", "linkspan-agent_1_amd64.deb.sig"},
                           "linkspan-agent", "amd64"),
            "");
}

TEST(PackagesTest, OwnArchitectureComesBeforeANewerVersionForAnother) {
  const std::vector<std::string> files = {"x_1.0_amd64.deb", "x_1.1_all.deb", "x_1.2_arm64.deb"};
  EXPECT_EQ(newest_package(files, "x", "amd64"), "x_1.1_all.deb");
  EXPECT_EQ(newest_package(files, "x", "arm64"), "x_1.2_arm64.deb");
  EXPECT_EQ(newest_package({"x_1.0_arm64.deb"}, "x", "amd64"), "x_1.0_arm64.deb");
}

TEST(PackagesTest, MirrorAloneIsNotInstalled) {
  EXPECT_EQ(packages_to_install({"linkspan-mirror_1_all.deb"}), std::vector<std::string>{});
  EXPECT_EQ(packages_to_install({"linkspan-mirror_1_all.deb", "linkspan-agent_1_all.deb"}),
            (std::vector<std::string>{"linkspan-agent_1_all.deb", "linkspan-mirror_1_all.deb"}));
}

}  // namespace
}  // namespace coordinator
