#include "mirror/runtime/containerd_check.h"

#include <gtest/gtest.h>

namespace mirror {
namespace {

constexpr const char* kCerts = "/etc/containerd/certs.d";

std::string cri(const std::string& registry) {
  return "version = 2\n[plugins.\"io.containerd.grpc.v1.cri\".registry]\n" + registry;
}

TEST(ContainerdCheckTest, TheRightPathHasNoComplaint) {
  EXPECT_TRUE(
      complaints_about_containerd(cri("config_path = \"/etc/containerd/certs.d\"\n"), kCerts)
          .empty());
  EXPECT_TRUE(complaints_about_containerd(
                  "[plugins.\"io.containerd.cri.v1.images\".registry]\nconfig_path = "
                  "\"/etc/containerd/certs.d\"\n",
                  kCerts)
                  .empty());
}

TEST(ContainerdCheckTest, WhatMakesMirrorsIgnoredIsNamed) {
  const auto one = [](const std::string& dump) {
    return complaints_about_containerd(dump, kCerts).at(0);
  };

  EXPECT_EQ(one(cri("config_path = \"\"\n")),
            "containerd: registry config_path is empty, so that mirrors are ignored; set it to "
            "/etc/containerd/certs.d and restart containerd");
  EXPECT_EQ(
      one(cri("config_path = \"/etc/containerd/certs.d:/etc/docker/certs.d\"\n")),
      "containerd: registry config_path is a list, /etc/containerd/certs.d:/etc/docker/certs.d, "
      "which several versions ignore; set it to /etc/containerd/certs.d");
  EXPECT_EQ(one(cri("config_path = \"/x\"\n")),
            "containerd: registry config_path is /x, expected /etc/containerd/certs.d");
  EXPECT_EQ(one("version = 2\n"),
            "containerd: has no CRI registry configuration; pulls by ctr need --hosts-dir "
            "/etc/containerd/certs.d");
  EXPECT_EQ(one("]"), "containerd: its configuration cannot be read");
}

TEST(ContainerdCheckTest, OldMirrorsBesideThePathAreNamed) {
  const auto complaints = complaints_about_containerd(
      cri("config_path = "
          "\"/etc/containerd/certs.d\"\n[plugins.\"io.containerd.grpc.v1.cri\".registry."
          "mirrors.\"docker.io\"]\nendpoint = [\"https://m\"]\n"),
      kCerts);

  ASSERT_EQ(complaints.size(), 1u);
  EXPECT_EQ(complaints[0],
            "containerd: registry.mirrors is set; containerd refuses it beside config_path");
}

}  // namespace
}  // namespace mirror
