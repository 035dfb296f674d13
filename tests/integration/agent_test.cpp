// The agent and the command line as installed programs, on two hosts with real WireGuard between
// them and a coordinator in memory. Needs root.
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "overlay/agent/paths.h"
#include "overlay/loop/files.h"
#include "overlay/loop/process.h"
#include "overlay/loop/timer.h"
#include "tests/integration/device_namespace.h"
#include "tests/integration/fake_coordinator.h"

namespace agent {
namespace {

using namespace std::chrono_literals;
using Exit = loop::Process::Exit;

class AgentTest : public ::testing::Test {
 protected:
  // Everything in the host's own /run, so that nothing of it is seen outside.
  static constexpr const char* kState = "/run/test/state";
  static constexpr const char* kRun = "/run/test/run";
  static constexpr const char* kLog = "/run/test/log";
  static constexpr base::Duration kWaitMax = 20s;

  void SetUp() override {
    if (::geteuid() != 0) {
      GTEST_SKIP() << "namespaces need root";
    }
    a_.emplace();
    b_.emplace();
    a_->connect("lan0", *b_, "lan0");
    a_->run_in({"ip", "address", "add", "192.168.7.1/24", "dev", "lan0"});
    b_->run_in({"ip", "address", "add", "192.168.7.2/24", "dev", "lan0"});
    a_->in([&] { coordinator_.emplace(loop_, base::Address::v4(0xc0a80701)); });
  }
  void TearDown() override {
    for (auto* host : {&a_, &b_}) {
      if (*host) {
        linkspan(**host, {"leave"});
      }
    }
  }

  // Runs a program on a host, while the loop turns, and gives how it ended.
  Exit run(const device::Namespace& host, std::vector<std::string> argv) {
    std::optional<Exit> exit;
    loop::Process::Options options;
    options.argv = std::move(argv);
    options.env["PATH"] = AGENT_DIRECTORY ":/usr/sbin:/usr/bin:/sbin:/bin";
    options.timeout = 60s;
    auto process = host.in([&] {
      return loop::Process::start(loop_, options, [&](Exit given) {
        exit = std::move(given);
        loop_.stop();
      });
    });
    CHECK(process.ok());
    while (!exit) {
      loop_.run();
    }
    return std::move(*exit);
  }
  Exit linkspan(const device::Namespace& host, std::vector<std::string> argv) {
    argv.insert(argv.begin(), LINKSPAN_PROGRAM);
    argv.insert(argv.end(), {"--state-dir", kState, "--run-dir", kRun, "--log-dir", kLog,
                             "--mirror-cache-dir", "/run/test/cache"});
    return run(host, std::move(argv));
  }
  Exit join(const device::Namespace& host, const std::string& name) {
    return linkspan(host, {"join", coordinator_->token(), "--coordinator", coordinator_->url(),
                           "--name", name});
  }
  nlohmann::json status(const device::Namespace& host) {
    return nlohmann::json::parse(linkspan(host, {"status", "--json"}).out, nullptr, false);
  }
  static std::string log_of(const device::Namespace& host) {
    return host.in([] {
      return loop::read_file(std::string(kLog) + "/agent.log", std::size_t{1} << 20).ok()
                 ? loop::read_file(std::string(kLog) + "/agent.log", std::size_t{1} << 20).value()
                 : std::string("no log");
    });
  }
  // Turns the loop until it holds.
  template <typename Claim>
  bool eventually(Claim holds, base::Duration wait_max = kWaitMax) {
    const base::TimePoint deadline = loop_.now() + wait_max;
    while (!holds()) {
      if (loop_.now() >= deadline) {
        return false;
      }
      loop::Timer timer(loop_, [&] { loop_.stop(); });
      timer.start_after(50ms);
      loop_.run();
    }
    return true;
  }
  // What leaving has to leave as it was.
  static std::string networking(const device::Namespace& host) {
    std::string all;
    for (const auto& argv :
         std::vector<std::vector<std::string>>{{"ip", "-o", "-br", "link"},
                                               {"ip", "-o", "-br", "address"},
                                               {"ip", "route", "show", "table", "all"},
                                               {"ip", "-6", "route", "show", "table", "all"},
                                               {"ip", "rule"},
                                               {"ip", "-6", "rule"},
                                               {"nft", "list", "ruleset"},
                                               {"sysctl", "net.ipv4", "net.ipv6.conf"}}) {
      all += host.run_in(argv);
    }
    return all;
  }

  loop::Loop loop_;
  std::optional<device::Namespace> a_;
  std::optional<device::Namespace> b_;
  std::optional<FakeCoordinator> coordinator_;
};

TEST_F(AgentTest, TwoHostsJoinWithOneLineEachAndReachEachOther) {
  const Exit first = join(*a_, "alpha");
  ASSERT_TRUE(first.ok()) << first.out << first.err << log_of(*a_);
  EXPECT_NE(first.out.find("alone"), std::string::npos) << first.out;

  const Exit second = join(*b_, "beta");
  ASSERT_TRUE(second.ok()) << second.out << second.err << log_of(*b_);

  const auto shown = status(*b_);
  EXPECT_EQ(shown["up"], true) << shown;
  EXPECT_EQ(shown["ping_peer"], "alpha") << shown;
  EXPECT_EQ(shown["peers"].size(), 1U) << shown;
  EXPECT_TRUE(run(*a_, {"ping", "-c1", "-W2", "10.192.0.2"}).ok());
  EXPECT_TRUE(eventually([&] {
    return coordinator_->reports.size() == 2 &&
           std::all_of(
               coordinator_->reports.begin(), coordinator_->reports.end(), [&](const auto& report) {
                 return report.second.up && report.second.state_hash == coordinator_->view().hash();
               });
  })) << log_of(*a_)
      << log_of(*b_);
}

TEST_F(AgentTest, JoiningAgainIsHarmless) {
  ASSERT_TRUE(join(*a_, "alpha").ok());
  const auto before = status(*a_);
  const std::string networking_before = networking(*a_);

  const Exit again = join(*a_, "other-name");

  EXPECT_TRUE(again.ok()) << again.err;
  EXPECT_NE(again.out.find("already joined network lab"), std::string::npos) << again.out;
  EXPECT_EQ(status(*a_)["node"], before["node"]);
  EXPECT_EQ(networking(*a_), networking_before);
}

TEST_F(AgentTest, NeighboursFollowANewLanAddress) {
  ASSERT_TRUE(join(*a_, "alpha").ok());
  ASSERT_TRUE(join(*b_, "beta").ok());

  // In this order: with the first address of a network the others of it go as well.
  b_->run_in({"ip", "address", "del", "192.168.7.2/24", "dev", "lan0"});
  b_->run_in({"ip", "address", "add", "192.168.7.99/24", "dev", "lan0"});

  // Connections from the old address hang until a request on them ends.
  const auto is_told = [&] {
    const auto* const node = coordinator_->view().node({2});
    return node->lan_addresses == std::vector{base::Address::v4(0xc0a80763)};
  };
  EXPECT_TRUE(eventually(is_told, 3 * kWaitMax)) << log_of(*b_);
  EXPECT_TRUE(eventually([&] {
    return run(*a_, {"ping", "-c1", "-W1", "10.192.0.2"}).ok();
  })) << log_of(*a_);
}

TEST_F(AgentTest, AgentThatIsKilledComesBackByItselfAndWithoutTheCoordinator) {
  ASSERT_TRUE(join(*a_, "alpha").ok());
  ASSERT_TRUE(join(*b_, "beta").ok());
  const std::string links = b_->run_in({"ip", "-o", "link", "show", "ls0"});
  coordinator_->die();

  ::kill(status(*b_)["pid"].get<int>(), SIGKILL);
  EXPECT_TRUE(run(*a_, {"ping", "-c1", "-W2", "10.192.0.2"}).ok()) << "while no agent runs";

  EXPECT_TRUE(eventually([&] {
    const auto shown = status(*b_);
    return shown.is_object() && shown["running"] == true && shown["up"] == true &&
           shown["connected"] == false && shown["applied"] == true;
  })) << log_of(*b_);
  EXPECT_EQ(b_->run_in({"ip", "-o", "link", "show", "ls0"}), links) << "the very same interface";
}

TEST_F(AgentTest, StartingAfterEverythingWasKilledReturnsWhenThePlanIsInEffect) {
  ASSERT_TRUE(join(*a_, "alpha").ok());
  const auto keeper =
      a_->in([] { return loop::FileLock::holder(std::string(kRun) + "/keeper.pid"); });
  ASSERT_TRUE(keeper.has_value());
  ::kill(*keeper, SIGKILL);
  ::kill(status(*a_)["pid"].get<int>(), SIGKILL);

  const Exit started = run(*a_, {"linkspan-agent", "--state-dir", kState, "--run-dir", kRun,
                                 "--log-dir", kLog, "--daemon"});

  EXPECT_TRUE(started.ok()) << started.err << log_of(*a_);
  EXPECT_EQ(status(*a_)["applied"], true);
}

TEST_F(AgentTest, LeavingWithoutStateTakesAwayWhatBearsOurNames) {
  const auto ours = [&] {
    return b_->run_in({"ip", "-o", "-br", "link"}) + b_->run_in({"ip", "rule"}) +
           b_->run_in({"ip", "-6", "rule"}) + b_->run_in({"nft", "list", "ruleset"}) +
           b_->run_in({"ip", "route", "show", "table", "all"});
  };
  const std::string before = ours();
  ASSERT_TRUE(join(*a_, "alpha").ok());
  ASSERT_TRUE(join(*b_, "beta").ok());
  ASSERT_TRUE(run(*b_, {"linkspan-agent", "--state-dir", kState, "--run-dir", kRun, "--log-dir",
                        kLog, "--stop"})
                  .ok());
  b_->run_in({"rm", "-rf", kState, kRun});
  ASSERT_NE(join(*b_, "beta").err.find("run 'linkspan leave'"), std::string::npos);

  const Exit left = linkspan(*b_, {"leave"});

  EXPECT_TRUE(left.ok()) << left.err;
  EXPECT_NE(left.out.find("left over, taken away: ls0"), std::string::npos) << left.out;
  EXPECT_EQ(ours(), before);
  const Exit again = join(*b_, "gamma");
  EXPECT_TRUE(again.ok()) << again.out << again.err << log_of(*b_);
}

TEST_F(AgentTest, LeavingLeavesTheHostAsItWas) {
  const std::string before = networking(*b_);
  ASSERT_TRUE(join(*a_, "alpha").ok());
  ASSERT_TRUE(join(*b_, "beta").ok());

  const Exit left = linkspan(*b_, {"leave"});

  EXPECT_TRUE(left.ok()) << left.err;
  EXPECT_EQ(left.err, "");
  EXPECT_EQ(networking(*b_), before);
  b_->in([] {
    for (const char* const path : {kState, kRun, kLog}) {
      EXPECT_FALSE(loop::path_exists(path)) << path;
    }
  });
  EXPECT_EQ(coordinator_->view().nodes().size(), 1U);
  EXPECT_TRUE(eventually([&] { return status(*a_)["peers"].empty(); })) << log_of(*a_);
  EXPECT_TRUE(linkspan(*b_, {"leave"}).ok());
}

TEST_F(AgentTest, LeavingWithoutTheCoordinatorSaysSo) {
  const std::string before = networking(*b_);
  ASSERT_TRUE(join(*b_, "beta").ok());
  coordinator_->die();

  const Exit left = linkspan(*b_, {"leave"});

  EXPECT_TRUE(left.ok());
  EXPECT_NE(left.err.find("the coordinator could not be told"), std::string::npos) << left.err;
  EXPECT_EQ(networking(*b_), before);
}

TEST_F(AgentTest, DoctorFindsNothingWrongOnAJoinedHost) {
  ASSERT_TRUE(join(*a_, "alpha").ok());

  const Exit found = linkspan(*a_, {"doctor"});

  EXPECT_TRUE(found.ok()) << found.out;
}

}  // namespace
}  // namespace agent
