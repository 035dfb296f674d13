#include "prover/pool/client_machine.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "overlay/base/bytes.h"
#include "tests/unit/prover/pool/shares.h"

namespace prover {
namespace {

using pool_test::job_of;
using pool_test::make_share;
using ::testing::HasSubstr;
using Json = nlohmann::json;
using Outcome = ResultEvent::Outcome;
using State = ClientMachine::State;

class ClientMachineTest : public ::testing::Test {
 protected:
  void open(std::size_t pools = 1) {
    ClientMachine::Options options{.pools = {}, .worker = "w", .password = "x", .user_agent = "t"};
    for (std::size_t i = 0; i < pools; ++i) {
      options.pools.push_back({"pool" + std::to_string(i), 4040});
    }
    client_ = std::make_unique<ClientMachine>(options, random_, now_);
    take();
  }
  // What it wants and tells, kept for the test.
  void take() {
    while (const auto command = client_->poll_command()) {
      if (const auto* connect = std::get_if<ClientMachine::Connect>(&*command)) {
        wanted_ = connect->pool;
      } else if (const auto* probe = std::get_if<ClientMachine::Probe>(&*command)) {
        probed_ = probe->pool;
      } else {
        ++disconnects_;
      }
    }
    const std::string text = client_->take_output();
    for (std::size_t at = 0; at < text.size(); at = text.find('\n', at) + 1) {
      sent_.push_back(Json::parse(text.substr(at, text.find('\n', at) - at)));
    }
    while (const auto event = client_->poll_event()) {
      if (const auto* work = std::get_if<WorkEvent>(&*event)) {
        works_.push_back(*work);
      } else if (const auto* target = std::get_if<TargetEvent>(&*event)) {
        targets_.push_back(target->target);
      } else if (const auto* result = std::get_if<ResultEvent>(&*event)) {
        results_.push_back(*result);
      } else {
        connections_.push_back(std::get<ConnectionEvent>(*event));
      }
    }
  }
  void hear(const std::string& line) {
    client_->handle_bytes(base::as_bytes(line), now_);
    take();
  }
  void pass(base::Duration time) {
    const base::TimePoint until = now_ + time;
    while (true) {
      const auto next = client_->next_timeout();
      if (!next || *next > until) {
        break;
      }
      now_ = std::max(now_, *next);
      client_->handle_time(now_);
      take();
      if (wanted_) {
        break;  // it waits for the test
      }
    }
    now_ = wanted_ ? now_ : until;
  }
  void connected() {
    wanted_.reset();
    client_->handle_connected(now_);
    take();
  }
  void subscribed(std::uint32_t prefix = 1) {
    hear(encode(Answer{1, Subscription{"session", {prefix, 3}, job_of(1).address}}));
  }
  void work(std::uint32_t epoch, std::uint64_t target = 512) {
    hear(encode(SetTarget{target}));
    hear(encode(Notify{job_id_of(epoch), job_of(epoch).challenge, std::nullopt, true}));
  }
  void to_working(std::uint32_t epoch = 1) {
    connected();
    subscribed();
    hear(encode(Answer{2, true}));
    work(epoch);
    ASSERT_EQ(client_->state(), State::Working);
  }
  void cut() {
    client_->handle_disconnected("cut", now_);
    take();
  }
  void submit(std::uint64_t nonce, std::uint32_t epoch = 1) {
    const auto number = client_->submit(job_of(epoch), make_share(nonce), now_);
    ASSERT_TRUE(number.ok()) << number.error().text();
    take();
  }
  // Ids of the shares sent since the last call.
  std::vector<std::int64_t> submitted() {
    std::vector<std::int64_t> ids;
    for (const Json& line : std::exchange(sent_, {})) {
      if (line["method"] == "mining.submit") {
        ids.push_back(line["id"]);
      }
    }
    return ids;
  }

  base::SeededRandom random_{2};
  base::TimePoint now_{};
  std::unique_ptr<ClientMachine> client_;
  std::optional<std::size_t> wanted_;
  std::optional<std::size_t> probed_;
  int disconnects_ = 0;
  std::vector<Json> sent_;
  std::vector<WorkEvent> works_;
  std::vector<std::uint64_t> targets_;
  std::vector<ResultEvent> results_;
  std::vector<ConnectionEvent> connections_;
};

TEST_F(ClientMachineTest, SubscribesAuthorizesAndTellsItsWork) {
  open();
  EXPECT_EQ(wanted_, 0U);
  to_working();
  ASSERT_EQ(sent_.size(), 2U);
  EXPECT_EQ(sent_[0]["params"], (Json{"t", "AleoStratum/2.0.0", nullptr}));
  EXPECT_EQ(sent_[1]["params"], (Json{"w", "x"}));
  ASSERT_EQ(works_.size(), 1U);
  EXPECT_EQ(works_[0].job, job_of(1));
  EXPECT_EQ(works_[0].target, 512U);
  EXPECT_EQ(works_[0].prefix, (NoncePrefix{1, 3}));
  ASSERT_EQ(connections_.size(), 1U);
  EXPECT_TRUE(connections_[0].is_working);
}

TEST_F(ClientMachineTest, AJobThatComesBeforeTheAuthorizationIsToldAfterIt) {
  open();
  connected();
  subscribed();
  work(1, 77);
  EXPECT_TRUE(works_.empty());
  hear(encode(Answer{2, true}));
  ASSERT_EQ(works_.size(), 1U);
  EXPECT_EQ(works_[0].target, 77U);
}

TEST_F(ClientMachineTest, ANewTargetIsToldWithoutNewWork) {
  open();
  to_working();
  work(1, 900);
  EXPECT_EQ(targets_, std::vector<std::uint64_t>{900});
  EXPECT_EQ(works_.size(), 1U);
  work(2, 900);
  EXPECT_EQ(works_.size(), 2U);
}

TEST_F(ClientMachineTest, EveryShareHasOneResult) {
  open();
  to_working();
  submit(1);
  submit(2);
  submit(3);
  EXPECT_EQ(submitted(), (std::vector<std::int64_t>{3, 4, 5}));
  now_ += std::chrono::milliseconds(30);
  hear(encode_refusal(std::int64_t{4}, {StratumCode::LowDifficulty, "too low"}));
  hear(encode(Answer{3, true}));
  hear(encode(Answer{3, true}));    // again
  hear(encode(Answer{99, true}));   // nobody asked
  hear(encode(Answer{"x", true}));  // nor this
  hear(R"({"id":5,"result":null})"
       "\n");
  ASSERT_EQ(results_.size(), 3U);
  EXPECT_EQ(results_[0].outcome, Outcome::Refused);
  EXPECT_EQ(results_[0].share, 2U);
  EXPECT_EQ(results_[0].code, 23);
  EXPECT_EQ(results_[0].text, "too low");
  EXPECT_EQ(results_[0].latency, std::chrono::milliseconds(30));
  EXPECT_EQ(results_[1].outcome, Outcome::Accepted);
  EXPECT_EQ(results_[2].outcome, Outcome::Refused);
  EXPECT_EQ(client_->unanswered(), 0U);
}

TEST_F(ClientMachineTest, ADuplicateThatWasSentOnceIsRefused) {
  open();
  to_working();
  submit(1);
  hear(encode_refusal(std::int64_t{3}, {StratumCode::Duplicate, "twice"}));
  EXPECT_EQ(results_.at(0).outcome, Outcome::Refused);
}

TEST_F(ClientMachineTest, UnansweredSharesAreSentAgainAfterACutAndASecondTryMayBeCountedAlready) {
  open();
  to_working();
  submit(1);
  submitted();
  cut();
  submit(2);  // found without a connection
  EXPECT_TRUE(submitted().empty());
  pass(ClientMachine::kBackoffFirst);
  ASSERT_EQ(wanted_, 0U);
  to_working();
  EXPECT_EQ(sent_[0]["params"][2], "session");
  EXPECT_EQ(submitted(), (std::vector<std::int64_t>{3, 4}));
  EXPECT_EQ(works_.size(), 1U);  // the search goes on as it was
  hear(encode_refusal(std::int64_t{3}, {StratumCode::Duplicate, "counted"}));
  hear(encode(Answer{4, true}));
  EXPECT_EQ(results_.at(0).outcome, Outcome::AcceptedEarlier);
  EXPECT_EQ(results_.at(1).outcome, Outcome::Accepted);
}

TEST_F(ClientMachineTest, UnansweredSharesOfAnEndedEpochAreLost) {
  open();
  to_working();
  submit(1);
  submitted();
  cut();
  pass(ClientMachine::kBackoffFirst);
  to_working(2);
  EXPECT_TRUE(submitted().empty());
  ASSERT_EQ(results_.size(), 1U);
  EXPECT_EQ(results_[0].outcome, Outcome::Lost);
}

TEST_F(ClientMachineTest, ASentShareWaitsForItsAnswerAlsoWhenTheEpochEnds) {
  open();
  to_working();
  submit(1);
  work(2);
  EXPECT_TRUE(results_.empty());
  hear(encode(Answer{3, true}));
  EXPECT_EQ(results_.at(0).outcome, Outcome::Accepted);
}

TEST_F(ClientMachineTest, AShareOfAnotherJobIsNotTaken) {
  open();
  EXPECT_FALSE(client_->submit(job_of(1), make_share(1), now_).ok());
  to_working();
  const auto refused = client_->submit(job_of(2), make_share(1), now_);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code(), base::Errc::Conflict);
}

TEST_F(ClientMachineTest, SharesAreBoundedAndSoAreThoseInFlight) {
  open();
  to_working();
  for (std::size_t i = 0; i < ClientMachine::kSharesMax; ++i) {
    submit(i);
  }
  EXPECT_EQ(submitted().size(), ClientMachine::kInFlightMax);
  const auto refused = client_->submit(job_of(1), make_share(9999), now_);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code(), base::Errc::LimitExceeded);
  hear(encode(Answer{3, true}));
  EXPECT_EQ(submitted().size(), 1U);
}

// Every way to lose a connection, in every state.
TEST_F(ClientMachineTest, EveryFailureLeadsBackToWaitingAndIsToldOnce) {
  struct Step {
    const char* name;
    std::function<void()> reach;
  };
  const std::vector<Step> states = {
      {"connecting", [] {}},
      {"subscribing", [this] { connected(); }},
      {"authorizing",
       [this] {
         connected();
         subscribed();
       }},
      {"working", [this] { to_working(); }},
  };
  const std::vector<Step> failures = {
      {"cut", [this] { cut(); }},
      {"a line of noise", [this] { hear("noise\n"); }},
      {"an endless line", [this] { hear(std::string(2 * kLineBytesMax, 'x')); }},
      {"refused",
       [this] {
         hear(encode_refusal(std::int64_t{1}, {StratumCode::Other, "no"}));
         hear(encode_refusal(std::int64_t{2}, {StratumCode::Other, "no"}));
       }},
      {"silence", [this] { pass(ClientMachine::kStepMax); }},
  };
  for (const Step& state : states) {
    for (const Step& failure : failures) {
      open();
      state.reach();
      connections_.clear();
      wanted_.reset();
      const State before = client_->state();
      failure.reach();
      // While it connects there is nobody to hear; a working pool may be silent and refuses what it
      // was not asked.
      const std::string name = failure.name;
      const bool is_ignored =
          (before == State::Connecting && name != "cut" && name != "silence") ||
          (before == State::Working && (name == "silence" || name == "refused"));
      if (is_ignored) {
        EXPECT_EQ(client_->state(), before) << state.name << ", " << name;
        EXPECT_TRUE(connections_.empty()) << state.name << ", " << name;
      } else {
        EXPECT_NE(client_->state(), before) << state.name << ", " << name;
        ASSERT_EQ(connections_.size(), 1U) << state.name << ", " << name;
        EXPECT_FALSE(connections_[0].is_working);
        EXPECT_FALSE(connections_[0].why.empty());
      }
    }
  }
}

TEST_F(ClientMachineTest, ASilentPoolIsLeftWhenASharesAnswerIsDue) {
  open();
  to_working();
  pass(std::chrono::minutes(30));
  submit(1);
  pass(ClientMachine::kAnswerMax);
  EXPECT_THAT(connections_.back().why, HasSubstr("no answer to a share"));
  EXPECT_EQ(client_->unanswered(), 1U);
}

TEST_F(ClientMachineTest, WaitsLongerAndLongerButNeverOverTheLimit) {
  open();
  for (int i = 0; i < 20; ++i) {
    wanted_.reset();
    client_->handle_disconnected("refused", now_);
    take();
    const auto next = client_->next_timeout();
    ASSERT_TRUE(next);
    EXPECT_LE(*next - now_, ClientMachine::kBackoffMax);
    pass(ClientMachine::kBackoffMax);
    ASSERT_TRUE(wanted_);
  }
}

TEST_F(ClientMachineTest, FailsOverAfterThreeFailuresAndComesBackWhenTheFirstAnswers) {
  open(2);
  for (int i = 0; i < ClientMachine::kFailuresMax; ++i) {
    ASSERT_EQ(wanted_, 0U);
    wanted_.reset();
    client_->handle_disconnected("refused", now_);
    take();
    pass(ClientMachine::kBackoffMax);
  }
  ASSERT_EQ(wanted_, 1U);
  to_working();
  pass(ClientMachine::kReturnAfter);
  EXPECT_EQ(probed_, 0U);
  client_->handle_probed(false, now_);
  take();
  EXPECT_EQ(client_->state(), State::Working);
  probed_.reset();
  pass(ClientMachine::kReturnAfter);
  ASSERT_EQ(probed_, 0U);
  submit(1);
  client_->handle_probed(true, now_);
  take();
  EXPECT_FALSE(wanted_);  // not before the share has its answer
  hear(encode(Answer{3, true}));
  EXPECT_EQ(results_.at(0).outcome, Outcome::Accepted);
  EXPECT_EQ(wanted_, 0U);
  // It does not work after all: back at once.
  wanted_.reset();
  client_->handle_disconnected("refused", now_);
  take();
  pass(ClientMachine::kBackoffMax);
  EXPECT_EQ(wanted_, 1U);
}

TEST_F(ClientMachineTest, SharesForOnePoolAreNotSentToAnother) {
  open(2);
  to_working();
  submit(1);
  submitted();
  for (int i = 0; i <= ClientMachine::kFailuresMax; ++i) {
    wanted_.reset();
    cut();
    pass(ClientMachine::kBackoffMax);
  }
  ASSERT_EQ(wanted_, 1U);
  to_working();
  EXPECT_TRUE(submitted().empty());
  EXPECT_TRUE(results_.empty());  // its own pool may still be back
  pass(ClientMachine::kShareAgeMax);
  EXPECT_EQ(results_.at(0).outcome, Outcome::Lost);
}

TEST_F(ClientMachineTest, StoppingWaitsForAnswersAndGivesTheRestUp) {
  open();
  to_working();
  submit(1);
  submit(2);
  client_->stop(now_);
  take();
  EXPECT_EQ(client_->state(), State::Working);
  EXPECT_FALSE(client_->submit(job_of(1), make_share(3), now_).ok());
  hear(encode(Answer{3, true}));
  pass(ClientMachine::kLeaveMax);
  EXPECT_EQ(client_->state(), State::Stopped);
  ASSERT_EQ(results_.size(), 2U);
  EXPECT_EQ(results_[1].outcome, Outcome::Lost);
  EXPECT_EQ(client_->next_timeout(), std::nullopt);
}

TEST_F(ClientMachineTest, StoppingWithoutAConnectionIsDoneAtOnce) {
  open();
  client_->stop(now_);
  take();
  EXPECT_EQ(client_->state(), State::Stopped);
  EXPECT_EQ(disconnects_, 1);
}

}  // namespace
}  // namespace prover
