// The pool and its clients on real sockets, with a redis-server of the pool's own.
#include "prover/pool/pool_server.h"

#include <future>
#include <memory>
#include <optional>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "overlay/loop/http_client.h"
#include "prover/pool/pool_client.h"
#include "tests/unit/overlay/loop/temporary_directory.h"
#include "tests/unit/prover/pool/shares.h"

namespace prover {
namespace {

using pool_test::make_share;
using ::testing::HasSubstr;
using Outcome = ResultEvent::Outcome;

// What a client told.
struct Prover {
  std::unique_ptr<PoolClient> client;
  std::vector<WorkEvent> works;
  std::vector<ResultEvent> results;
  int connections = 0;

  std::size_t count(Outcome outcome) const {
    std::size_t found = 0;
    for (const ResultEvent& result : results) {
      found += result.outcome == outcome ? 1 : 0;
    }
    return found;
  }
};

class PoolServerTest : public ::testing::Test {
 protected:
  PoolServer::Options options(std::uint16_t port = 0) {
    PoolServer::Options options;
    options.listen = {base::Address::v4(0x7f000001), port};
    options.data_dir = directory_.path();
    options.pool.address = pool_test::address_of(7);
    options.pool.target_first = 1;
    options.degree = 31;
    options.http = base::Endpoint{base::Address::v4(0x7f000001), 0};
    options.make_verifier = [](const Job&) -> base::Result<std::unique_ptr<const ShareVerifier>> {
      return std::unique_ptr<const ShareVerifier>(std::make_unique<pool_test::FakeVerifier>());
    };
    return options;
  }
  void open(PoolServer::Options options, EpochDriver::Pace pace = {}) {
    auto opened =
        PoolServer::open(loop_, std::move(options), EpochDriver::make_chain(1, 1, pace), random_,
                         {}, [](const base::Error& error) { ADD_FAILURE() << error.text(); });
    ASSERT_TRUE(opened.ok()) << opened.error().text();
    server_ = std::move(opened).value();
    ASSERT_TRUE(run_until([&] { return server_->is_ready(); }));
  }
  void stop() {
    bool is_stopped = false;
    server_->stop([&] { is_stopped = true; });
    ASSERT_TRUE(run_until([&] { return is_stopped; }));
    server_.reset();
  }
  template <typename Predicate>
  bool run_until(Predicate is_done) {
    const base::TimePoint late_at = loop_.now() + std::chrono::seconds(60);
    while (!is_done() && loop_.now() < late_at) {
      loop::Timer tick(loop_, [] {});
      tick.start_after(std::chrono::milliseconds(10));
      loop_.run_once();
    }
    return is_done();
  }
  std::unique_ptr<Prover> join(const std::string& worker) {
    auto prover = std::make_unique<Prover>();
    Prover* const raw = prover.get();
    prover->client = std::make_unique<PoolClient>(
        loop_,
        PoolClient::Options{.pools = {{"127.0.0.1", server_->local().port}},
                            .worker = worker,
                            .password = "",
                            .user_agent = "test"},
        random_,
        PoolClient::Callbacks{
            .on_work = [raw](const WorkEvent& work) { raw->works.push_back(work); },
            .on_target = {},
            .on_result = [raw](const ResultEvent& result) { raw->results.push_back(result); },
            .on_connection =
                [raw](const ConnectionEvent& event) { raw->connections += event.is_working; }});
    return prover;
  }
  void submit(Prover& prover, std::uint64_t nonce) {
    const auto number = prover.client->submit(prover.works.back().job, make_share(nonce));
    ASSERT_TRUE(number.ok()) << number.error().text();
  }
  std::string get(const std::string& path) {
    loop::HttpClient http(loop_);
    std::optional<std::string> body;
    loop::HttpRequest request;
    request.url = "http://" + server_->http_local()->text() + path;
    const auto handle =
        http.send(std::move(request), [&](const base::Result<loop::HttpResponse>& response) {
          body = response.ok() ? response.value().body : response.error().text();
        });
    run_until([&] { return body.has_value(); });
    return body.value_or("");
  }

  loop::TemporaryDirectory directory_;
  loop::Loop loop_;
  base::SeededRandom random_{11};
  std::unique_ptr<PoolServer> server_;
};

TEST_F(PoolServerTest, TakesSharesOfSeveralProversAndCreditsEach) {
  open(options());
  const auto one = join("one");
  const auto two = join("two");
  ASSERT_TRUE(run_until([&] { return !one->works.empty() && !two->works.empty(); }));
  EXPECT_NE(one->works[0].prefix, two->works[0].prefix);

  for (std::uint64_t nonce = 0; nonce < 20; ++nonce) {
    submit(nonce % 2 == 0 ? *one : *two, nonce);
  }
  submit(*two, 0);  // of the other

  ASSERT_TRUE(run_until([&] { return one->results.size() == 10 && two->results.size() == 11; }));
  EXPECT_EQ(one->count(Outcome::Accepted), 10U);
  EXPECT_EQ(two->count(Outcome::Accepted), 10U);
  EXPECT_EQ(two->count(Outcome::Refused), 1U);
  const auto status = nlohmann::json::parse(get("/status"));
  EXPECT_EQ(status["shares"]["submitted"], 21);
  EXPECT_EQ(status["shares"]["refused"]["duplicate"], 1);
  EXPECT_EQ(status["workers"]["one"]["shares"], 10);
  EXPECT_THAT(get("/metrics"), HasSubstr("linkspan_pool_shares_count{result=\"accepted\"} 20\n"));
  EXPECT_EQ(get("/healthz"), "ready\n");
  stop();
}

TEST_F(PoolServerTest, KnowsSharesAndCreditsAfterARestartAndItsProversComeBack) {
  open(options());
  const std::uint16_t port = server_->local().port;
  const auto prover = join("w");
  ASSERT_TRUE(run_until([&] { return !prover->works.empty(); }));
  for (std::uint64_t nonce = 0; nonce < 10; ++nonce) {
    submit(*prover, nonce);
  }
  ASSERT_TRUE(run_until([&] { return prover->results.size() == 10; }));

  stop();
  submit(*prover, 10);  // meanwhile
  open(options(port));

  ASSERT_TRUE(run_until([&] { return prover->results.size() == 11; }));
  EXPECT_EQ(prover->count(Outcome::Accepted), 11U);
  EXPECT_EQ(server_->machine().ledger().credits().at("w").shares, 11U);
  submit(*prover, 3);
  ASSERT_TRUE(run_until([&] { return prover->results.size() == 12; }));
  EXPECT_EQ(prover->results.back().code, 22);
  EXPECT_EQ(prover->works.front().job, prover->works.back().job);
  stop();
}

TEST_F(PoolServerTest, TellsItsProversOfEveryEpoch) {
  open(options(), {.shares = 3});
  const auto prover = join("w");
  for (std::uint32_t epoch = 1; epoch <= 4; ++epoch) {
    ASSERT_TRUE(run_until([&] {
      return !prover->works.empty() && prover->works.back().job.challenge.epoch_number == epoch;
    }));
    for (std::uint64_t i = 0; i < 3; ++i) {
      submit(*prover, i);  // the same nonces in each
    }
  }
  ASSERT_TRUE(run_until([&] { return prover->results.size() == 12; }));
  EXPECT_EQ(prover->count(Outcome::Accepted), 12U);
  stop();
}

TEST_F(PoolServerTest, AClientThatStopsHasItsAnswersFirst) {
  open(options());
  const auto prover = join("w");
  ASSERT_TRUE(run_until([&] { return !prover->works.empty(); }));
  submit(*prover, 1);
  bool is_stopped = false;
  prover->client->stop([&] { is_stopped = true; });
  ASSERT_TRUE(run_until([&] { return is_stopped; }));
  EXPECT_EQ(prover->count(Outcome::Accepted), 1U);
  stop();
}

TEST_F(PoolServerTest, StopsAlsoWhileAnEpochIsBeingPrepared) {
  auto slow = options();
  std::promise<void> release;
  slow.make_verifier = [waiting = release.get_future().share()](
                           const Job& job) -> base::Result<std::unique_ptr<const ShareVerifier>> {
    if (job.challenge.epoch_number > 1) {
      waiting.wait();
    }
    return std::unique_ptr<const ShareVerifier>(std::make_unique<pool_test::FakeVerifier>());
  };
  open(slow, {.shares = 1});
  const auto prover = join("w");
  ASSERT_TRUE(run_until([&] { return !prover->works.empty(); }));
  submit(*prover, 1);
  ASSERT_TRUE(run_until([&] { return prover->results.size() == 1; }));
  bool is_stopped = false;
  server_->stop([&] { is_stopped = true; });
  ASSERT_TRUE(run_until([&] { return server_->machine().sessions() == 0; }));

  release.set_value();

  ASSERT_TRUE(run_until([&] { return is_stopped; }));
}

TEST_F(PoolServerTest, SaysThatItsPortIsTaken) {
  open(options());
  const auto second = PoolServer::open(loop_, options(server_->local().port),
                                       EpochDriver::make_chain(1, 1, {}), random_, {}, {});
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().code(), base::Errc::Conflict);
  stop();
}

TEST_F(PoolServerTest, StoppingBeforeItIsReadyIsPossible) {
  auto opened =
      PoolServer::open(loop_, options(), EpochDriver::make_chain(1, 1, {}), random_, {}, {});
  ASSERT_TRUE(opened.ok());
  server_ = std::move(opened).value();
  stop();
}

}  // namespace
}  // namespace prover
