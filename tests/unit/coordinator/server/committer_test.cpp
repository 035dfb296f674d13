#include "coordinator/server/committer.h"

#include <algorithm>
#include <optional>
#include <utility>

#include <gtest/gtest.h>

#include "coordinator/store/memory_log.h"
#include "overlay/base/bytes.h"
#include "overlay/crypto/digest.h"

namespace coordinator {
namespace {

class CommitterTest : public ::testing::Test {
 protected:
  void run() {
    while (!timers_.empty() || store_.run_one()) {
      for (const auto& act : std::exchange(timers_, {})) {
        act();
      }
    }
  }

  void submit(Command command) {
    const std::size_t number = submitted_++;
    const auto status = committer_.submit(
        {.command = std::move(command), .actor = "test", .remote = "", .idempotency = {}},
        [](const State&, const Decision& decision) {
          ASSERT_TRUE(decision.ok()) << decision.refusal.text;
        },
        [this, number](const base::Status& durable) {
          EXPECT_TRUE(durable.ok());
          answered_.push_back(number);
        });
    ASSERT_TRUE(status.ok());
  }

  // A token that weighs as much as one can.
  static CreateToken heavy_token() {
    CreateToken command;
    command.network = {1};
    command.site = {1};
    for (std::size_t i = 0; i < kLabelsMax; ++i) {
      command.labels.emplace(
          std::string(kLabelBytesMax - 1, 'x') + static_cast<char>('a' + static_cast<char>(i)),
          std::string(63, 'y'));
    }
    return command;
  }

  base::SeededRandom random_{1};
  MemoryLogStore store_;
  MemoryLog log_{store_, LogKey(std::vector<std::uint8_t>(32, 5)), random_};
  crypto::IdentityKey signing_key_ =
      crypto::IdentityKey::from_seed(crypto::Secret<32>(std::vector<std::uint8_t>(32, 6)));
  std::vector<std::function<void()>> timers_;
  std::size_t submitted_ = 0;
  std::vector<std::size_t> answered_;
  Committer committer_{
      log_,
      signing_key_,
      random_,
      {.now = [] { return base::WallTime{1'764'000'000'000}; },
       .after = [this](base::Duration,
                       std::function<void()> act) { timers_.push_back(std::move(act)); },
       .on_phase = {},
       .on_touched = {}},
      {}};
};

TEST_F(CommitterTest, CommandsThatOneRecordHasNoRoomForAreTheNextOnesInOrder) {
  committer_.start();
  run();
  CreateNetwork network;
  network.name = "default";
  submit(network);
  run();
  submit(CreateSite{.network = {1}, .name = "fra", .prefixes = {}, .is_lan_native = false});
  run();
  const auto before = committer_.counters();

  for (std::size_t i = 0; i < Committer::kBatchCommandsMax; ++i) {
    submit(heavy_token());
  }
  run();

  EXPECT_EQ(committer_.counters().records - before.records, 2U)
      << "they weigh more than one record takes and less than two";
  EXPECT_EQ(committer_.counters().commands - before.commands, Committer::kBatchCommandsMax)
      << "what went back is decided once";
  ASSERT_EQ(answered_.size(), submitted_);
  EXPECT_TRUE(std::ranges::is_sorted(answered_));
  EXPECT_EQ(committer_.latest().tokens.size(), Committer::kBatchCommandsMax);
}

// --- Too few replicas ---

class CommitterReplicasTest : public CommitterTest {
 protected:
  CommitterReplicasTest() {
    committer_.start();
    run();
  }

  // Runs until it is answered.
  base::Status create_network(const std::string& name) {
    CreateNetwork command;
    command.name = name;
    decided_.clear();
    std::optional<base::Status> answer;
    EXPECT_TRUE(committer_
                    .submit(
                        {.command = std::move(command),
                         .actor = "test",
                         .remote = "",
                         .idempotency = Request::IdempotencyKey{.key = digest_of(name),
                                                                .request = digest_of(name)}},
                        [this](const State&, const Decision& decision) {
                          decided_ = decision.ok() ? "ok" : decision.refusal.text;
                        },
                        [&](const base::Status& status) { answer = status; })
                    .ok());
    run();
    EXPECT_TRUE(answer.has_value());
    return answer.value_or(base::Status());
  }
  static crypto::Digest256 digest_of(const std::string& text) {
    return crypto::blake2b(base::as_bytes(text));
  }
  bool has(const std::string& name) const {
    return committer_.latest().network_by_name.contains(name);
  }

  std::string decided_;
};

constexpr const char* kMissing = "log: 0 replicas have confirmed it, expected 1";

TEST_F(CommitterReplicasTest, WhatTooFewReplicasHaveIsRefusedAndStands) {
  store_.lack_replicas(true);

  const auto answer = create_network("one");

  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().code(), base::Errc::Unavailable);
  EXPECT_EQ(answer.error().text(),
            std::string("this is in the log and stands unless a fail-over loses it; ask again to "
                        "see it confirmed: ") +
                kMissing);
  EXPECT_TRUE(has("one"));
  EXPECT_TRUE(committer_.is_short());
}

TEST_F(CommitterReplicasTest, NothingMoreIsWrittenUntilTheReplicasHaveWhatIsThere) {
  store_.lack_replicas(true);
  ASSERT_FALSE(create_network("one").ok());
  const auto records = committer_.counters().records;

  const auto answer = create_network("two");

  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().text(), std::string("what is in the log already is not safe, so this "
                                               "request changed nothing: ") +
                                       kMissing);
  EXPECT_FALSE(has("two"));
  EXPECT_EQ(committer_.counters().records, records);
}

TEST_F(CommitterReplicasTest, RequestRepeatedIsAnsweredFromWhatStandsOnceItIsSafe) {
  store_.lack_replicas(true);
  ASSERT_FALSE(create_network("one").ok());
  const auto records = committer_.counters().records;
  EXPECT_FALSE(create_network("one").ok()) << "not yet";

  store_.lack_replicas(false);

  EXPECT_TRUE(create_network("one").ok());
  EXPECT_EQ(decided_, "ok");
  EXPECT_EQ(committer_.counters().records, records) << "it is there once";
  EXPECT_FALSE(committer_.is_short());
  EXPECT_TRUE(create_network("two").ok());
}

TEST_F(CommitterReplicasTest, AnswerThatWasLostIsNotTakenForAConfirmation) {
  store_.lack_replicas(true);
  store_.fail_next(1, true);  // written, and nobody said so

  const auto answer = create_network("one");

  EXPECT_FALSE(answer.ok());
  EXPECT_TRUE(has("one"));
  store_.lack_replicas(false);
  EXPECT_TRUE(create_network("one").ok());
}

TEST_F(CommitterReplicasTest, AnswerThatWasLostIsSentWhenTheReplicasHaveTheBatch) {
  store_.fail_next(1, true);

  EXPECT_TRUE(create_network("one").ok());
  EXPECT_EQ(committer_.latest().networks.size(), 1U);
}

TEST_F(CommitterReplicasTest, WhatWasNotSafeAndGotLostIsDoneAgain) {
  store_.lack_replicas(true);
  ASSERT_FALSE(create_network("one").ok());
  store_.lose_batches(1);
  store_.lack_replicas(false);

  EXPECT_TRUE(create_network("one").ok());

  EXPECT_EQ(committer_.counters().restarts, 1U);
  EXPECT_TRUE(has("one"));
}

}  // namespace
}  // namespace coordinator
