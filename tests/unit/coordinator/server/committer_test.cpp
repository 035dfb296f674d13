#include "coordinator/server/committer.h"

#include <algorithm>
#include <utility>

#include <gtest/gtest.h>

#include "coordinator/store/memory_log.h"

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

}  // namespace
}  // namespace coordinator
