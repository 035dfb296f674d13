#include "prover/pool/pool_machine.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "overlay/base/bytes.h"
#include "prover/pool/pool_status.h"
#include "tests/unit/prover/pool/shares.h"

namespace prover {
namespace {

using pool_test::job_of;
using pool_test::make_low_share;
using pool_test::make_share;
using pool_test::submit_line;
using ::testing::HasSubstr;
using Json = nlohmann::json;

const std::string kSubscribe =
    R"({"id":1,"method":"mining.subscribe","params":["t","AleoStratum/2.0.0",null]})";
const std::string kAuthorize = R"({"id":2,"method":"mining.authorize","params":["w","x"]})";

class PoolMachineTest : public ::testing::Test {
 protected:
  PoolMachineTest() { open({}); }

  void open(PoolOptions options) {
    options.address = job_of(1).address;
    pool_ = std::make_unique<PoolMachine>(options, contents_, random_);
    pool_->handle_job(job_of(1));
  }
  SessionNumber connect(std::uint32_t host = 1) {
    auto session = pool_->handle_connected(base::Address::v4(host), now_);
    EXPECT_TRUE(session.ok());
    return session.value();
  }
  void send(SessionNumber session, const std::string& line) {
    pool_->handle_bytes(session, base::as_bytes(line.ends_with('\n') ? line : line + "\n"), now_);
  }
  // The lines that a session got, in order.
  std::vector<Json> heard(SessionNumber session) {
    const std::string text = pool_->take_output(session);
    std::vector<Json> lines;
    for (std::size_t at = 0; at < text.size(); at = text.find('\n', at) + 1) {
      lines.push_back(Json::parse(text.substr(at, text.find('\n', at) - at)));
    }
    return lines;
  }
  // The code of the answer to the last request: 0 for a result, -1 for none.
  int code(SessionNumber session) {
    int code = -1;
    for (const Json& line : heard(session)) {
      if (!line.contains("method")) {
        code = line.contains("error") ? line["error"]["code"].get<int>() : 0;
      }
    }
    return code;
  }
  SessionNumber authorized(std::uint32_t host = 1) {
    const SessionNumber session = connect(host);
    send(session, kSubscribe);
    send(session, kAuthorize);
    heard(session);
    return session;
  }
  void run() {
    while (true) {
      if (const auto next = pool_->poll_verification()) {
        pool_->handle_verified(next->ticket, pool_test::check_share(next->share), now_);
      } else if (const auto append = pool_->poll_append()) {
        pool_->handle_appended(append->ticket, Appended::Counted, now_);
      } else {
        return;
      }
    }
  }
  int submit(SessionNumber session, const Share& share, std::uint32_t epoch = 1) {
    send(session, submit_line(9, share, epoch));
    run();
    return code(session);
  }
  void pass(base::Duration time) {
    for (base::Duration done(0); done < time; done += std::chrono::seconds(1)) {
      now_ += std::chrono::seconds(1);
      pool_->handle_time(now_);
    }
  }

  base::SeededRandom random_{4};
  ShareStore::Contents contents_;
  base::TimePoint now_{};
  std::unique_ptr<PoolMachine> pool_;
};

TEST_F(PoolMachineTest, GreetsAProverWithItsSessionItsNoncesATargetAndAJob) {
  const SessionNumber session = connect();
  send(session, kSubscribe);
  send(session, kAuthorize);
  const auto lines = heard(session);
  ASSERT_EQ(lines.size(), 4U);
  EXPECT_EQ(lines[0]["result"][0].get<std::string>().size(), 32U);
  EXPECT_EQ(lines[0]["result"][1].get<std::string>().size(), 6U);
  EXPECT_EQ(lines[0]["result"][2], format_address(job_of(1).address));
  EXPECT_EQ(lines[1]["result"], true);
  EXPECT_EQ(lines[2]["params"], Json::array({512}));
  EXPECT_EQ(lines[3]["params"][0], "01000000");
  EXPECT_EQ(lines[3]["params"][3], true);
}

// Every request in every state.
TEST_F(PoolMachineTest, RequestsInTheWrongStateAreRefusedWithTheirCode) {
  const std::string submit = submit_line(3, make_share(1, 512), 1);
  const std::string garbage = R"({"id":4,"method":"mining.dig","params":[]})";
  struct Case {
    std::vector<std::string> before;
    std::string line;
    int code;
  };
  const std::vector<Case> cases = {
      {{}, kSubscribe, 0},
      {{}, kAuthorize, 25},
      {{}, submit, 25},
      {{}, garbage, 20},
      {{kSubscribe}, kSubscribe, 20},
      {{kSubscribe}, kAuthorize, 0},
      {{kSubscribe}, submit, 24},
      {{kSubscribe}, garbage, 20},
      {{kSubscribe, kAuthorize}, kSubscribe, 20},
      {{kSubscribe, kAuthorize}, kAuthorize, 0},
      {{kSubscribe, kAuthorize}, submit, 0},
      {{kSubscribe, kAuthorize}, garbage, 20},
  };
  for (const Case& one : cases) {
    open({});
    const SessionNumber session = connect();
    for (const std::string& line : one.before) {
      send(session, line);
    }
    heard(session);
    send(session, one.line);
    run();
    EXPECT_EQ(code(session), one.code) << one.before.size() << " " << one.line;
    EXPECT_FALSE(pool_->is_ended(session));
  }
}

TEST_F(PoolMachineTest, AnEndedSessionHearsAndSaysNothingMore) {
  for (const std::string& line : {kSubscribe, kAuthorize, submit_line(3, make_share(1), 1)}) {
    const SessionNumber session = authorized();
    pool_->handle_stop(now_);
    ASSERT_TRUE(pool_->is_ended(session));
    heard(session);
    send(session, line);
    pool_->handle_job(job_of(2));
    pass(std::chrono::seconds(5));
    EXPECT_TRUE(heard(session).empty());
    EXPECT_FALSE(pool_->wants_input(session));
    pool_->handle_job(job_of(1));
  }
}

TEST_F(PoolMachineTest, AnotherProtocolVersionEndsTheConnection) {
  const SessionNumber session = connect();
  send(session, R"({"id":1,"method":"mining.subscribe","params":["t","AleoStratum/1.0.0",null]})");
  EXPECT_TRUE(pool_->is_ended(session));
  EXPECT_TRUE(heard(session).empty());
}

TEST_F(PoolMachineTest, EveryKindOfShareGetsItsCode) {
  const SessionNumber session = authorized();
  Share wrong_proof = make_share(5, 512);
  wrong_proof.proof[0] ^= 1;

  EXPECT_EQ(submit(session, make_share(1, 512)), 0);
  EXPECT_EQ(submit(session, make_share(1, 512)), 22);
  EXPECT_EQ(submit(session, make_share(2, 512), 2), 21);
  EXPECT_EQ(submit(session, make_low_share(3, 512)), 23);
  EXPECT_EQ(submit(session, wrong_proof), 20);
  send(session, submit_line(4, make_share(4, 512), 1, "other"));
  EXPECT_EQ(code(session), 24);
  send(session, R"({"id":3,"method":"mining.submit","params":["w","01000000","00","00","00"]})");
  EXPECT_EQ(code(session), 20);

  const auto& results = pool_->ledger().results();
  EXPECT_EQ(results.submitted, 7U);
  EXPECT_EQ(results.accepted, 1U);
  EXPECT_EQ(results.refused.at(StratumCode::Other), 2U);
  EXPECT_EQ(pool_->ledger().credits().at("w"), (Credit{512, 1}));
}

TEST_F(PoolMachineTest, TheLastEpochsShareIsStaleAndItsReplayToo) {
  const SessionNumber session = authorized();
  submit(session, make_share(1, 512));
  pool_->handle_job(job_of(2));
  const auto lines = heard(session);
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_EQ(lines[0]["params"][0], "02000000");
  EXPECT_EQ(lines[0]["params"][3], true);
  EXPECT_EQ(submit(session, make_share(1, 512), 1), 21);
  EXPECT_EQ(submit(session, make_share(1, 512), 2), 0);
}

TEST_F(PoolMachineTest, AReplayOnAnotherConnectionByAnotherWorkerIsADuplicate) {
  EXPECT_EQ(submit(authorized(1), make_share(1, 512)), 0);
  pass(std::chrono::minutes(9));
  EXPECT_EQ(submit(authorized(2), make_share(1, 512)), 22);
}

TEST_F(PoolMachineTest, NoTwoSessionsSearchTheSameNonces) {
  std::set<std::string> prefixes;
  for (std::uint32_t i = 0; i < 300; ++i) {
    const SessionNumber session = connect(i);
    send(session, kSubscribe);
    EXPECT_TRUE(prefixes.insert(heard(session)[0]["result"][1]).second);
    if (i % 2 == 0) {
      pool_->handle_disconnected(session, now_);
    }
  }
  contents_.life = 1;  // the pool was restarted in the same epoch
  open({});
  const SessionNumber session = connect();
  send(session, kSubscribe);
  EXPECT_TRUE(prefixes.insert(heard(session)[0]["result"][1]).second);
}

TEST_F(PoolMachineTest, AResumedSessionKeepsItsNoncesAndItsTarget) {
  const SessionNumber first = connect();
  send(first, kSubscribe);
  const Json greeting = heard(first)[0]["result"];
  send(first, kAuthorize);
  for (std::uint64_t i = 0; i < 4; ++i) {
    submit(first, make_share(i, 512));
  }
  pass(std::chrono::seconds(12));
  heard(first);
  // The pool has not noticed that the first connection is gone.
  const SessionNumber second = connect(2);
  send(second, R"({"id":1,"method":"mining.subscribe","params":["t","AleoStratum/2.0.0",)" +
                   greeting[0].dump() + "]}");
  EXPECT_EQ(heard(second)[0]["result"], greeting);
  EXPECT_TRUE(pool_->is_ended(first));
  pool_->handle_disconnected(first, now_);
  pool_->handle_disconnected(second, now_);

  const SessionNumber third = connect(3);
  send(third, R"({"id":1,"method":"mining.subscribe","params":["t","AleoStratum/2.0.0",)" +
                  greeting[0].dump() + "]}");
  send(third, kAuthorize);
  const auto lines = heard(third);
  EXPECT_EQ(lines[0]["result"], greeting);
  EXPECT_EQ(pool_->sessions(), 1U);
  EXPECT_GT(lines[2]["params"][0].get<std::uint64_t>(), 512U);
}

TEST_F(PoolMachineTest, AnUnknownSessionIdGetsANewOne) {
  const SessionNumber session = connect();
  send(session,
       R"({"id":1,"method":"mining.subscribe","params":["t","AleoStratum/2.0.0","mine"]})");
  EXPECT_NE(heard(session)[0]["result"][0], "mine");
}

TEST_F(PoolMachineTest, ATargetFollowsTheProverAndTheLowerOneIsTakenForAWhile) {
  PoolOptions options;
  options.target_first = 4;
  open(options);
  const SessionNumber session = authorized();
  for (std::uint64_t i = 0; i < 10; ++i) {
    ASSERT_EQ(submit(session, make_share(100 + i, 4)), 0);
  }
  pass(std::chrono::seconds(10));
  const auto lines = heard(session);
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_EQ(lines[0]["params"], Json::array({80}));  // 40 in 10 s
  EXPECT_EQ(lines[1]["method"], "mining.notify");
  EXPECT_EQ(lines[1]["params"][3], false);

  Share between = make_share(7, 4);
  for (std::uint8_t salt = 1; commitment_target(between.commitment) >= 80; ++salt) {
    between = make_share(7, 4, salt);
  }
  EXPECT_EQ(submit(session, between), 0);
  EXPECT_EQ(pool_->ledger().credits().at("w").targets, 44U);  // worth what was asked of it
  EXPECT_EQ(submit(session, make_share(8, 80)), 0);
  EXPECT_EQ(pool_->ledger().credits().at("w").targets, 124U);
  pass(ServerSession::kTargetGrace);
  Share late = make_share(9, 4);
  for (std::uint8_t salt = 1; commitment_target(late.commitment) >= 80; ++salt) {
    late = make_share(9, 4, salt);
  }
  EXPECT_EQ(submit(session, late), 23);
}

TEST_F(PoolMachineTest, SharesThatWaitHoldTheInputBackAndNoneIsRefused) {
  const SessionNumber session = authorized();
  std::string lines;
  for (std::uint64_t i = 0; i < 20; ++i) {
    lines += submit_line(static_cast<std::int64_t>(i), make_share(i, 512), 1);
  }
  send(session, lines);
  EXPECT_FALSE(pool_->wants_input(session));
  EXPECT_EQ(pool_->ledger().on_their_way(), ServerSession::kInFlightMax);
  run();
  EXPECT_TRUE(pool_->wants_input(session));
  EXPECT_EQ(pool_->ledger().results().accepted, 20U);
}

TEST_F(PoolMachineTest, AShareWhoseProverIsGoneStillCounts) {
  const SessionNumber session = authorized();
  send(session, submit_line(1, make_share(1, 512), 1));
  pool_->handle_disconnected(session, now_);
  run();
  EXPECT_EQ(pool_->ledger().credits().at("w").shares, 1U);
  EXPECT_EQ(pool_->ledger().on_their_way(), 0U);
}

TEST_F(PoolMachineTest, ANotificationIsCarriedOutAndNotAnswered) {
  const SessionNumber session = authorized();
  std::string line = submit_line(1, make_share(1, 512), 1);
  line.replace(line.find("\"id\":1"), 6, "\"id\":null");
  send(session, line);
  run();
  EXPECT_TRUE(heard(session).empty());
  EXPECT_EQ(pool_->ledger().results().accepted, 1U);
}

TEST_F(PoolMachineTest, SilenceAndSlownessEndASession) {
  const SessionNumber fresh = connect(1);
  const SessionNumber busy = authorized(2);
  pass(ServerSession::kHandshakeMax);
  EXPECT_TRUE(pool_->is_ended(fresh));
  EXPECT_FALSE(pool_->is_ended(busy));
  pass(ServerSession::kIdleMax);
  EXPECT_TRUE(pool_->is_ended(busy));
}

TEST_F(PoolMachineTest, NoiseEndsASession) {
  const SessionNumber session = authorized();
  for (std::size_t i = 0; i < ServerSession::kBadLinesMax; ++i) {
    EXPECT_FALSE(pool_->is_ended(session));
    send(session, "noise");
  }
  EXPECT_TRUE(pool_->is_ended(session));

  const SessionNumber endless = connect();
  send(endless, std::string(2 * kLineBytesMax, 'x'));
  EXPECT_TRUE(pool_->is_ended(endless));
}

TEST_F(PoolMachineTest, SharesThatProveNothingEndASession) {
  const SessionNumber session = authorized();
  for (std::uint64_t i = 0; i < ServerSession::kInvalidSharesMax; ++i) {
    EXPECT_FALSE(pool_->is_ended(session));
    Share share = make_share(i, 512);
    share.proof[0] ^= 1;
    submit(session, share);
  }
  EXPECT_TRUE(pool_->is_ended(session));
}

TEST_F(PoolMachineTest, SessionsAreBoundedInAllAndPerAddress) {
  PoolOptions options;
  options.sessions_max = 3;
  options.sessions_per_address_max = 2;
  open(options);
  const SessionNumber first = connect(1);
  connect(1);
  EXPECT_FALSE(pool_->handle_connected(base::Address::v4(1), now_).ok());
  connect(2);
  EXPECT_FALSE(pool_->handle_connected(base::Address::v4(3), now_).ok());
  pool_->handle_disconnected(first, now_);
  EXPECT_TRUE(pool_->handle_connected(base::Address::v4(1), now_).ok());
  EXPECT_EQ(pool_->connections_refused(), 2U);
}

TEST_F(PoolMachineTest, APasswordIsAskedForWhereOneIsSet) {
  PoolOptions options;
  options.password = "secret";
  open(options);
  const SessionNumber session = connect();
  send(session, kSubscribe);
  send(session, kAuthorize);
  EXPECT_EQ(code(session), 24);
  send(session, R"({"id":2,"method":"mining.authorize","params":["w","secret"]})");
  EXPECT_EQ(code(session), 0);
}

TEST_F(PoolMachineTest, WorkersOfOneConnectionAreBounded) {
  const SessionNumber session = authorized();
  for (std::size_t i = 1; i < ServerSession::kWorkersMax; ++i) {
    send(session, encode(AuthorizeRequest{2, "w" + std::to_string(i), ""}));
    EXPECT_EQ(code(session), 0);
  }
  send(session, encode(AuthorizeRequest{2, "one-more", ""}));
  EXPECT_EQ(code(session), 24);
}

TEST_F(PoolMachineTest, StatusAddsUp) {
  const SessionNumber session = authorized();
  for (std::uint64_t i = 0; i < 5; ++i) {
    submit(session, make_share(i / 2, 512));
  }
  send(session, submit_line(1, make_share(77, 512), 1));

  const Json status = Json::parse(status_json(*pool_));

  const Json& shares = status["shares"];
  std::uint64_t refused = 0;
  for (const auto& [name, count] : shares["refused"].items()) {
    refused += count.get<std::uint64_t>();
  }
  EXPECT_EQ(shares["submitted"].get<std::uint64_t>(),
            shares["accepted"].get<std::uint64_t>() + refused +
                shares["on_their_way"].get<std::uint64_t>());
  EXPECT_EQ(shares["refused"]["duplicate"], 2);
  EXPECT_EQ(status["credits"], status["workers"]["w"]);
  EXPECT_EQ(status["credits"]["targets"], 3 * 512);
  EXPECT_EQ(status["job"]["epoch"], 1);

  base::Metrics metrics;
  gather(*pool_, metrics);
  EXPECT_THAT(metrics.text(), HasSubstr(R"(linkspan_pool_shares_count{result="accepted"} 3)"));
  EXPECT_THAT(metrics.text(), HasSubstr(R"(linkspan_pool_worker_targets{worker="w"} 1536)"));
}

}  // namespace
}  // namespace prover
