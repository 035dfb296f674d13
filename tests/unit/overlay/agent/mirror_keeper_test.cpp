#include "overlay/agent/mirror_keeper.h"

#include <cstdlib>
#include <filesystem>
#include <string>

#include <gtest/gtest.h>
#include <unistd.h>

#include "overlay/loop/files.h"

namespace agent {
namespace {

using namespace std::chrono_literals;

// A mirror that is a shell script: it writes down how it was called, and fails when told to.
class MirrorKeeperTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = std::filesystem::temp_directory_path() / "linkspan-keeper-XXXXXX";
    directory_ = ::mkdtemp(pattern.data());
    std::filesystem::permissions(directory_, std::filesystem::perms::all);
    options_.paths.state = directory_ + "/state";
    options_.paths.run = directory_;
    options_.paths.log = directory_;
    options_.paths.mirror_cache = directory_ + "/cache";
    options_.program = directory_ + "/mirror";
    options_.user = "daemon";
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }

  void install_mirror(const std::string& applying, const std::string& running) {
    ASSERT_TRUE(loop::write_file_atomic(options_.program,
                                        "#!/bin/sh\necho \"$@\" >>" + directory_ +
                                            "/calls\ncase \"$1\" in\nruntime) " + applying +
                                            ";;\n*) " + running + ";;\nesac\n",
                                        0755)
                    .ok());
    ASSERT_TRUE(loop::write_file_atomic(directory_ + "/calls", "", 0666).ok());
  }
  std::string calls() const {
    const auto text = loop::read_file(directory_ + "/calls", 65536);
    return text.ok() ? text.value() : "";
  }
  void open() {
    keeper_.emplace(loop_, random_, options_, [this] { loop_.stop(); });
  }
  // Turns the loop until it holds, or five seconds have passed.
  template <typename Claim>
  bool eventually(Claim holds) {
    const base::TimePoint deadline = loop_.now() + 5s;
    while (!holds()) {
      if (loop_.now() >= deadline) {
        return false;
      }
      loop::Timer timer(loop_, [this] { loop_.stop(); });
      timer.start_after(10ms);
      loop_.run();
    }
    return true;
  }

  static model::SiteMap map(const std::string& source) {
    model::SiteMap map;
    map.network = "lab";
    map.site = "ams";
    map.node = "alpha";
    if (!source.empty()) {
      map.replicas.push_back(
          {.id = {1}, .site = "ams", .url = "http://10.192.0.9:5000", .sources = {source}});
    }
    return map;
  }

  std::string directory_;
  MirrorKeeper::Options options_;
  loop::Loop loop_;
  base::SeededRandom random_{1};
  std::optional<MirrorKeeper> keeper_;
};

TEST_F(MirrorKeeperTest, SiteMapIsWrittenWhetherOrNotThereIsAMirror) {
  open();

  keeper_->update(map(""));

  EXPECT_TRUE(eventually([&] { return loop::path_exists(options_.paths.site_map()); }));
  EXPECT_EQ(loop::read_file(options_.paths.site_map(), 65536).value(), model::encode(map("")));
  EXPECT_EQ(keeper_->status(), "no replicas");
}

TEST_F(MirrorKeeperTest, ReplicasWithoutAMirrorAreSaid) {
  open();

  keeper_->update(map("docker.io"));

  EXPECT_TRUE(eventually([&] { return loop::path_exists(options_.paths.site_map()); }));
  EXPECT_EQ(keeper_->status(), "not installed");
}

TEST_F(MirrorKeeperTest, RuntimeIsPointedAtTheMirrorAndTheMirrorRuns) {
  install_mirror("exit 0", "exec sleep 60");
  open();

  keeper_->update(map("docker.io"));

  EXPECT_TRUE(eventually([&] { return keeper_->status() == "running"; })) << keeper_->problem();
  EXPECT_TRUE(eventually([&] { return calls().find("--role node") != std::string::npos; }));
  EXPECT_NE(calls().find("runtime apply --state-dir " + options_.paths.mirror_runtime()),
            std::string::npos);
  EXPECT_EQ(keeper_->problem(), "");
}

TEST_F(MirrorKeeperTest, OtherSourcesAreAppliedAgainTheSameAreNot) {
  install_mirror("exit 0", "exec sleep 60");
  open();
  keeper_->update(map("docker.io"));
  ASSERT_TRUE(eventually([&] { return keeper_->status() == "running"; }));
  const auto count = [&] {
    std::size_t found = 0;
    const std::string all = calls();
    for (std::size_t at = all.find("apply"); at != std::string::npos;
         at = all.find("apply", at + 1)) {
      ++found;
    }
    return found;
  };
  ASSERT_EQ(count(), 1U);

  model::SiteMap moved = map("docker.io");
  moved.replicas[0].url = "http://10.192.0.10:5000";
  keeper_->update(moved);
  keeper_->update(map("quay.io"));

  EXPECT_TRUE(eventually([&] { return count() == 2; }));
}

TEST_F(MirrorKeeperTest, WhatAnEarlierAgentAppliedIsTakenBackWhenNoReplicaIsLeft) {
  install_mirror("exit 0", "exec sleep 60");
  ASSERT_TRUE(loop::make_directories(options_.paths.mirror_runtime(), 0700).ok());
  ASSERT_TRUE(loop::write_file_atomic(options_.paths.mirror_runtime_journal(), "{}", 0600).ok());
  open();

  keeper_->update(map(""));

  EXPECT_TRUE(eventually([&] { return calls().find("runtime apply") != std::string::npos; }));
  EXPECT_EQ(keeper_->status(), "no replicas");
}

TEST_F(MirrorKeeperTest, FailureIsAProblemWithTheToolsOwnWords) {
  install_mirror("echo 'certs.d: not ours' >&2; exit 3", "exec sleep 60");
  open();

  keeper_->update(map("docker.io"));

  EXPECT_TRUE(eventually([&] {
    return keeper_->problem().find("certs.d: not ours") != std::string::npos;
  })) << keeper_->problem();
  EXPECT_EQ(keeper_->status(), "starting");
}

TEST_F(MirrorKeeperTest, MirrorThatDiesIsStartedAgain) {
  install_mirror("exit 0", "exit 1");
  open();

  keeper_->update(map("docker.io"));

  const auto starts = [&] {
    const std::string all = calls();
    return all.find("--role node") != all.rfind("--role node");
  };
  EXPECT_TRUE(eventually(starts)) << calls();
}

TEST_F(MirrorKeeperTest, SecondMirrorWaitsUntilTheOneOfAnAgentThatDiedHasEnded) {
  install_mirror("exit 0", "exec sleep 60");
  std::optional<loop::FileLock> earlier =
      loop::FileLock::take_for_child(options_.paths.mirror_pid()).value();
  open();
  keeper_->update(map("docker.io"));
  ASSERT_TRUE(eventually([&] {
    return keeper_->problem().find("an earlier mirror has not ended yet") != std::string::npos;
  })) << keeper_->problem();
  EXPECT_EQ(calls().find("--role node"), std::string::npos);

  earlier.reset();

  EXPECT_TRUE(eventually([&] { return calls().find("--role node") != std::string::npos; }));
}

// `linkspan join` waits for it.
TEST_F(MirrorKeeperTest, UnitThatHasStartedIsToldAtOnce) {
  install_mirror("exit 0", "exit 1");
  ASSERT_TRUE(loop::write_file_atomic(directory_ + "/systemctl", "#!/bin/sh\nexit 0\n", 0755).ok());
  const std::string path = std::getenv("PATH");
  ::setenv("PATH", (directory_ + ":" + path).c_str(), /*overwrite=*/1);
  options_.is_systemd = true;
  std::string told;
  keeper_.emplace(loop_, random_, options_, [&] { told = keeper_->status(); });

  keeper_->update(map("docker.io"));

  EXPECT_TRUE(eventually([&] { return told == "running"; })) << told;
  ::setenv("PATH", path.c_str(), /*overwrite=*/1);
}

TEST_F(MirrorKeeperTest, DeclinedMirrorIsLeftAlone) {
  install_mirror("exit 0", "exec sleep 60");
  options_.is_wanted = false;
  open();

  keeper_->update(map("docker.io"));

  EXPECT_TRUE(eventually([&] { return loop::path_exists(options_.paths.site_map()); }));
  EXPECT_EQ(keeper_->status(), "off");
  EXPECT_EQ(calls(), "");
}

}  // namespace
}  // namespace agent
