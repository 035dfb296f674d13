#include "overlay/agent/agent_keeper.h"

#include <chrono>
#include <csignal>
#include <filesystem>
#include <optional>
#include <string>

#include <gtest/gtest.h>
#include <unistd.h>

#include "overlay/agent/daemon.h"
#include "overlay/loop/files.h"

namespace agent {
namespace {

using namespace std::chrono_literals;

// An agent that is a shell script, which writes its process id down.
class AgentKeeperTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = std::filesystem::temp_directory_path() / "linkspan-keeper-XXXXXX";
    directory_ = ::mkdtemp(pattern.data());
    paths_.state = paths_.run = paths_.log = directory_;
    ASSERT_TRUE(loop::write_file_atomic(paths_.identity(), "{}", 0600).ok());
  }
  void TearDown() override {
    keeper_.reset();
    std::filesystem::remove_all(directory_);
  }

  void keep(const std::string& script) {
    keeper_.emplace(
        loop_, random_, paths_,
        std::vector<std::string>{"sh", "-c", "echo $$ >>" + starts_path() + "; " + script},
        [this] { is_ended_ = true; });
    keeper_->start();
  }
  std::string starts_path() const { return directory_ + "/starts"; }
  // Process ids, in the order of their starts.
  std::vector<pid_t> starts() const {
    std::vector<pid_t> pids;
    const auto text = loop::read_file(starts_path(), 65536);
    std::string left = text.ok() ? text.value() : "";
    for (auto end = left.find('\n'); end != std::string::npos; end = left.find('\n')) {
      pids.push_back(std::stoi(left.substr(0, end)));
      left.erase(0, end + 1);
    }
    return pids;
  }
  // Turns the loop until it holds, or ten seconds have passed.
  template <typename Claim>
  bool eventually(Claim holds) {
    const base::TimePoint deadline = loop_.now() + 10s;
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

  std::string directory_;
  Paths paths_;
  loop::Loop loop_;
  base::SeededRandom random_{1};
  std::optional<AgentKeeper> keeper_;
  bool is_ended_ = false;
};

TEST_F(AgentKeeperTest, AgentThatIsKilledIsStartedAgain) {
  keep("exec sleep 60");
  ASSERT_TRUE(eventually([&] { return starts().size() == 1; }));

  ::kill(starts()[0], SIGKILL);

  EXPECT_TRUE(eventually([&] { return starts().size() == 2; }));
  EXPECT_FALSE(is_ended_);
}

TEST_F(AgentKeeperTest, AgentThatEndsByItselfIsStartedAgain) {
  keep("exit 0");

  EXPECT_TRUE(eventually([&] { return starts().size() >= 3; }));
}

TEST_F(AgentKeeperTest, StoppingEndsTheAgentAndThenTheKeeper) {
  keep("exec sleep 60");
  ASSERT_TRUE(eventually([&] { return starts().size() == 1; }));

  keeper_->stop();
  keeper_->stop();

  EXPECT_TRUE(eventually([&] { return is_ended_; }));
  EXPECT_EQ(::kill(starts()[0], 0), -1) << "the agent is gone";
  EXPECT_EQ(starts().size(), 1U);
}

TEST_F(AgentKeeperTest, KeeperOfAServerThatHasLeftEnds) {
  ASSERT_TRUE(loop::remove_file(paths_.identity()).ok());

  keep("exec sleep 60");

  EXPECT_TRUE(eventually([&] { return is_ended_; }));
  EXPECT_TRUE(starts().empty());
}

TEST_F(AgentKeeperTest, AgentThatLostItsKeeperIsFollowedUp) {
  std::optional<loop::FileLock> other = loop::FileLock::take(paths_.pid(), 0644).value();
  keep("exec sleep 60");
  EXPECT_FALSE(is_ended_);
  EXPECT_TRUE(starts().empty());

  other.reset();

  EXPECT_TRUE(eventually([&] { return starts().size() == 1; }));
}

}  // namespace
}  // namespace agent
