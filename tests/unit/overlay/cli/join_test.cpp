// `linkspan join` as a process against a coordinator in memory: every refusal is one sentence on
// standard error and leaves no file behind. Joins that succeed need interfaces, hence a namespace:
// tests/integration has them.
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>

#include <gtest/gtest.h>
#include <unistd.h>

#include "overlay/agent/identity.h"
#include "overlay/crypto/certificate.h"
#include "overlay/loop/files.h"
#include "overlay/loop/http_server.h"
#include "overlay/loop/process.h"
#include "overlay/model/problem.h"
#include "overlay/model/token.h"

namespace cli {
namespace {

using namespace std::chrono_literals;

class JoinTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) {
      GTEST_SKIP() << "joining needs root";
    }
    std::string pattern = std::filesystem::temp_directory_path() / "linkspan-join-XXXXXX";
    directory_ = ::mkdtemp(pattern.data());
    certificate_ = crypto::make_certificate({.dns_names = {},
                                             .addresses = {base::Address::v4(0x7f000001)},
                                             .now = loop_.wall_now(),
                                             .validity = 24h})
                       .value();
    server_ = loop::HttpServer::open(loop_,
                                     {.listen = {base::Address::v4(0x7f000001), 0},
                                      .cert_pem = certificate_.cert_pem,
                                      .key_pem = certificate_.key_pem},
                                     [this](const auto& request, auto responder) {
                                       answer(request, std::move(responder));
                                     })
                  .value();
    token_.id = {.value = 7};
    token_.secret = crypto::Secret<32>::random();
    token_.pin = crypto::spki_pin(certificate_.cert_pem).value();
  }
  void TearDown() override {
    if (!directory_.empty()) {
      std::filesystem::remove_all(directory_);
    }
  }

  void answer(const loop::HttpServer::Request& request, loop::HttpServer::Responder responder) {
    ++requests_;
    if (request.path == "/healthz") {
      responder.respond({.status = 200, .headers = {}, .body = "{}"});
      return;
    }
    ++enrolments_;
    was_pending_ = loop::path_exists(state() + "/identity.pending.json");
    responder.respond({.status = status_, .headers = {}, .body = body_});
  }

  // Of a server that has joined the network of token_.
  agent::Identity joined() const {
    agent::Identity identity = agent::make_identity();
    identity.coordinator = url();
    identity.pin = token_.pin;
    identity.token = token_.id;
    identity.name = "alpha";
    identity.enrolment = model::EnrolResponse{.node_id = {.value = 1},
                                              .network = "lab",
                                              .network_id = {.value = 1},
                                              .site = "ams",
                                              .site_id = {.value = 1},
                                              .role = model::Role::Member,
                                              .addresses = {base::Address::v4(0x0ac00001)},
                                              .view = {{1}, {1}, model::Role::Member},
                                              .signing_key = identity.identity_key.public_key(),
                                              .epoch = 1};
    return identity;
  }

  std::string state() const { return directory_ + "/state"; }
  std::string url() const { return "https://" + server_->local().text(); }

  loop::Process::Exit join(const std::string& token, std::vector<std::string> more = {}) {
    std::vector<std::string> argv = {LINKSPAN_PROGRAM, "join",      token,
                                     "--coordinator",  url(),       "--state-dir",
                                     state(),          "--run-dir", directory_ + "/run",
                                     "--listen-port",  "47219"};
    argv.insert(argv.end(), more.begin(), more.end());
    return run(std::move(argv));
  }

  loop::Process::Exit leave() {
    return run({LINKSPAN_PROGRAM, "leave", "--state-dir", state(), "--run-dir", directory_ + "/run",
                "--log-dir", directory_ + "/log", "--mirror-cache-dir", directory_ + "/cache"});
  }

  loop::Process::Exit run(std::vector<std::string> argv) {
    std::optional<loop::Process::Exit> exit;
    loop::Process::Options options;
    options.argv = std::move(argv);
    auto process = loop::Process::start(loop_, options, [&](loop::Process::Exit given) {
      exit = std::move(given);
      loop_.stop();
    });
    EXPECT_TRUE(process.ok());
    while (!exit) {
      loop_.run();
    }
    return std::move(*exit);
  }

  static std::string problem(int status, const std::string& detail) {
    return model::encode(model::Problem{.status = status,
                                        .type = "about:blank",
                                        .title = "No",
                                        .detail = detail,
                                        .field = std::nullopt,
                                        .value = std::nullopt});
  }

  std::string directory_;
  loop::Loop loop_;
  crypto::Certificate certificate_;
  std::unique_ptr<loop::HttpServer> server_;
  model::JoinToken token_;
  int status_ = 200;
  std::string body_;
  int requests_ = 0;
  int enrolments_ = 0;
  bool was_pending_ = false;
};

TEST_F(JoinTest, RefusedTokenIsOneSentenceAndLeavesNothing) {
  status_ = 401;
  body_ = problem(401, "the token is expired since 3 h");

  const auto exit = join(token_.text());

  EXPECT_EQ(exit.status, 1);
  EXPECT_EQ(exit.err,
            "linkspan: the coordinator at " + url() + " refused: the token is expired since 3 h\n");
  EXPECT_TRUE(was_pending_) << "the keys were on disk before the coordinator heard of them";
  EXPECT_FALSE(loop::path_exists(state()));
}

TEST_F(JoinTest, WrongPinIsOneSentenceAndAsksForNothing) {
  token_.pin[0] ^= 1U;

  const auto exit = join(token_.text());

  EXPECT_EQ(exit.status, 1);
  EXPECT_EQ(exit.err,
            "linkspan: the coordinator at " + url() +
                " is not the one that this token is for: its key does not match the pin\n");
  EXPECT_EQ(enrolments_, 0);
  EXPECT_FALSE(loop::path_exists(state()));
}

TEST_F(JoinTest, TextThatIsNoTokenIsRefusedWithoutAsking) {
  const auto exit = join("hello");

  EXPECT_EQ(exit.status, 1);
  EXPECT_EQ(exit.err.find("linkspan: this is not a whole token: "), 0U) << exit.err;
  EXPECT_EQ(enrolments_, 0);
  EXPECT_FALSE(loop::path_exists(state()));
}

TEST_F(JoinTest, CoordinatorThatIsNotThereLeavesNothing) {
  const std::string token = token_.text();
  const std::string gone = url();
  server_.reset();

  loop::Process::Options options;
  options.argv = {LINKSPAN_PROGRAM, "join",  token,       "--coordinator",     gone,
                  "--state-dir",    state(), "--run-dir", directory_ + "/run", "--listen-port",
                  "47219"};
  std::optional<loop::Process::Exit> exit;
  const auto process = loop::Process::start(loop_, options, [&](loop::Process::Exit given) {
    exit = std::move(given);
    loop_.stop();
  });
  while (!exit) {
    loop_.run();
  }

  EXPECT_EQ(exit->status, 1);
  EXPECT_EQ(exit->err.find("linkspan: the coordinator at " + gone + " did not answer: "), 0U);
  EXPECT_FALSE(loop::path_exists(state()));
}

TEST_F(JoinTest, UnansweredEnrolmentKeepsItsKeysForTheNextTry) {
  status_ = 503;
  body_ = problem(503, "the log cannot be written now");

  const auto exit = join(token_.text());

  EXPECT_EQ(exit.status, 1);
  EXPECT_GT(enrolments_, 1);
  const auto pending = agent::load_identity(state() + "/identity.pending.json");
  ASSERT_TRUE(pending.ok());
  EXPECT_FALSE(loop::path_exists(state() + "/identity.json"));

  status_ = 401;
  body_ = problem(401, "no");
  const auto again = join(token_.text());

  EXPECT_NE(again.out.find("going on with a join"), std::string::npos) << again.out;
  EXPECT_FALSE(loop::path_exists(state()));
}

TEST_F(JoinTest, AnotherNetworksServerIsToldToLeaveFirst) {
  agent::Identity identity = joined();
  identity.pin[0] ^= 1U;
  ASSERT_TRUE(agent::save_identity(state() + "/identity.json", identity).ok());

  const auto exit = join(token_.text());

  EXPECT_EQ(exit.status, 1);
  EXPECT_EQ(exit.err, "linkspan: this server is in network lab of " + url() +
                          " already; run 'linkspan leave' first to join another\n");
}

TEST_F(JoinTest, OneJoinOrLeaveAtATime) {
  ASSERT_TRUE(loop::make_directories(directory_ + "/run", 0755).ok());
  const auto lock = loop::FileLock::take(directory_ + "/run/membership.lock", 0644);
  ASSERT_TRUE(lock.ok());
  const std::string expected =
      "linkspan: another 'linkspan join' or 'linkspan leave' runs on this server, process " +
      std::to_string(::getpid()) + "; run this again when it has ended\n";

  const auto joining = join(token_.text());
  const auto leaving = leave();

  EXPECT_EQ(joining.status, 1);
  EXPECT_EQ(joining.err, expected);
  EXPECT_EQ(leaving.status, 1);
  EXPECT_EQ(leaving.err, expected);
  EXPECT_EQ(requests_, 0);
  EXPECT_FALSE(loop::path_exists(state()));
}

TEST_F(JoinTest, RefusedJoinLeavesNoLock) {
  status_ = 401;
  body_ = problem(401, "no");

  join(token_.text());

  EXPECT_FALSE(loop::path_exists(directory_ + "/run"));
}

TEST_F(JoinTest, CopiedDiskIsToldToLeave) {
  agent::Identity identity = joined();
  identity.machine_id = "another machine's";
  ASSERT_TRUE(agent::save_identity(state() + "/identity.json", identity).ok());

  const auto exit = join(token_.text());

  EXPECT_EQ(exit.status, 1);
  EXPECT_EQ(exit.err,
            "linkspan: this server has the identity of node alpha, which joined from another "
            "machine: its disk looks like a copy; run 'linkspan leave' here, which leaves that "
            "node alone, and join again\n");
}

TEST_F(JoinTest, CopiedDiskLeavesWithoutTakingTheOriginalAlong) {
  agent::Identity identity = joined();
  identity.machine_id = "another machine's";
  ASSERT_TRUE(agent::save_identity(state() + "/identity.json", identity).ok());

  const auto exit = leave();

  EXPECT_EQ(exit.status, 0) << exit.err;
  EXPECT_NE(exit.out.find("it stays in its network"), std::string::npos) << exit.out;
  EXPECT_EQ(requests_, 0);
  EXPECT_FALSE(loop::path_exists(state()));
}

TEST_F(JoinTest, UnansweredJoinOfACopiedDiskIsNotGoneOnWith) {
  status_ = 401;
  body_ = problem(401, "no");
  agent::Identity pending = joined();
  pending.enrolment.reset();
  pending.machine_id = "another machine's";
  ASSERT_TRUE(agent::save_identity(state() + "/identity.pending.json", pending).ok());

  const auto exit = join(token_.text());

  EXPECT_EQ(exit.out.find("going on with a join"), std::string::npos) << exit.out;
}

TEST_F(JoinTest, UnansweredJoinSurvivesARunWhileTheCoordinatorIsDown) {
  status_ = 503;
  body_ = problem(503, "the log cannot be written now");
  ASSERT_EQ(join(token_.text()).status, 1);
  const std::string path = state() + "/identity.pending.json";
  const auto before = loop::read_file(path, agent::kIdentityBytesMax);
  ASSERT_TRUE(before.ok());
  const std::string gone = url();
  server_.reset();

  for (const std::uint64_t id : {7U, 8U}) {  // the same token, and another one
    model::JoinToken token;
    token.id = {.value = id};
    token.secret = crypto::Secret<32>::random();
    token.pin = token_.pin;
    const auto exit =
        run({LINKSPAN_PROGRAM, "join", token.text(), "--coordinator", gone, "--state-dir", state(),
             "--run-dir", directory_ + "/run", "--listen-port", "47219"});

    EXPECT_EQ(exit.status, 1);
    EXPECT_EQ(loop::read_file(path, agent::kIdentityBytesMax).value(), before.value());
  }
}

TEST_F(JoinTest, LeavingAfterAnUnansweredJoinNamesTheNodeThatMayBeLeft) {
  status_ = 503;
  body_ = problem(503, "the log cannot be written now");
  ASSERT_EQ(join(token_.text(), {"--name", "alpha"}).status, 1);

  const auto exit = leave();

  EXPECT_EQ(exit.status, 0) << exit.err;
  EXPECT_NE(exit.err.find("may know it as node alpha"), std::string::npos) << exit.err;
  EXPECT_NE(exit.err.find("linkspan node list"), std::string::npos) << exit.err;
  EXPECT_FALSE(loop::path_exists(state()));
}

// The agent is a script here that writes down its environment and ends.
TEST_F(JoinTest, AgentThatIsNotUpIsAFailureAndNeverSeesTheToken) {
  ASSERT_TRUE(agent::save_identity(state() + "/identity.json", joined()).ok());
  const std::string seen = directory_ + "/environment";
  ASSERT_TRUE(loop::write_file_atomic(
                  directory_ + "/linkspan-agent",
                  "#!/bin/sh\nenv >" + seen + ".new && mv " + seen + ".new " + seen + "\n", 0755)
                  .ok());

  const auto exit =
      run({"env", "PATH=" + directory_ + ":/usr/bin:/bin", "LINKSPAN_TOKEN=" + token_.text(),
           LINKSPAN_PROGRAM, "join", "--coordinator", url(), "--state-dir", state(), "--run-dir",
           directory_ + "/run", "--log-dir", directory_ + "/log", "--wait", "1"});

  EXPECT_EQ(exit.status, 1) << exit.out;
  const auto environment = loop::read_file(seen, std::size_t{1} << 20);
  ASSERT_TRUE(environment.ok()) << exit.err;
  EXPECT_NE(environment.value().find("PATH="), std::string::npos);
  EXPECT_EQ(environment.value().find("LINKSPAN_TOKEN"), std::string::npos);
}

}  // namespace
}  // namespace cli
