#include "prover/engine/gpu_engine.h"

#include <algorithm>
#include <thread>

#include <gtest/gtest.h>

#include "tests/unit/prover/engine/small_world.h"
#include "tests/unit/prover/engine/twin_card.h"

namespace prover {
namespace {

using test::TwinCard;
using test::TwinShape;

class GpuEngineTest : public ::testing::Test {
 protected:
  static constexpr std::uint32_t kCards = 2;

  // Every card is a twin; opening one that `refuses_` says is an error.
  base::Result<std::unique_ptr<Card>> open(std::uint32_t index) {
    ++opens_;
    if (refuses_[index]) {
      return base::Error(base::Errc::Device, "twin: not there");
    }
    return std::unique_ptr<Card>(std::make_unique<TwinCard>(shape_, controls_[index]));
  }
  std::unique_ptr<Engine> make(std::uint32_t cards = 1) {
    const OpenCard opener = [this](std::uint32_t index) { return open(index); };
    auto opened = open_cards(cards, opener);
    CHECK(opened.ok());
    return make_gpu_engine({.open = opener, .clock = {}}, std::move(opened).value(),
                           [this](const Engine::Hit& hit) { hits_.add(hit); });
  }
  Engine::Work work(NonceRange nonces) {
    return {.epoch = world_.epoch, .address = world_.address, .nonces = nonces};
  }
  void wait_until_out(const Engine& engine, std::size_t unit) {
    while (engine.units()[unit].is_working) {
      std::this_thread::yield();
    }
  }
  void wait_for_proofs(const Engine& engine, std::uint64_t count) {
    while (engine.stats().proofs < count) {
      std::this_thread::yield();
    }
  }

  SmallWorld world_;
  TwinShape shape_;
  Collected<Engine::Hit> hits_;
  TwinCard::Control controls_[kCards];
  std::atomic<bool> refuses_[kCards] = {};
  std::atomic<unsigned> opens_ = 0;
};

TEST_F(GpuEngineTest, FindsTheRightCommitmentOfEveryNonceWithNarrowAndWideTables) {
  const auto engine = make();

  engine->set_work(work({.first = 100, .count = 30}));

  auto found = hits_.wait_for(30);
  std::sort(found.begin(), found.end(),
            [](const auto& a, const auto& b) { return a.solution.nonce < b.solution.nonce; });
  for (std::size_t i = 0; i < found.size(); ++i) {
    EXPECT_EQ(found[i].solution.nonce, 100 + i);
    EXPECT_EQ(found[i].solution.commitment, world_.commitment(100 + i));
    EXPECT_EQ(found[i].target, target_of(found[i].solution.commitment));
    EXPECT_EQ(found[i].challenge, world_.epoch->challenge);
  }
  EXPECT_EQ(controls_[0].narrow_batches, 1U);
  EXPECT_EQ(controls_[0].wide_batches, 3U);
}

TEST_F(GpuEngineTest, RangeIsSearchedOnceByAllCardsTogether) {
  const auto engine = make(kCards);
  engine->set_work(work({.first = 5, .count = 51}));
  wait_for_proofs(*engine, 51);
  engine->finish();

  auto found = hits_.all();
  ASSERT_EQ(found.size(), 51U);
  std::sort(found.begin(), found.end(),
            [](const auto& a, const auto& b) { return a.solution.nonce < b.solution.nonce; });
  for (std::size_t i = 0; i < found.size(); ++i) {
    EXPECT_EQ(found[i].solution.nonce, 5 + i);
  }
  EXPECT_EQ(engine->stats().coefficients, 51U * (SmallWorld::kDegree + 1));
  EXPECT_EQ(engine->stats().hits, 51U);
}

TEST_F(GpuEngineTest, OnlyWhatReachesTheTargetIsAHit) {
  shape_.batch = 64;
  const auto engine = make();
  engine->set_target(20);
  engine->set_work(work({.first = 0, .count = 256}));
  std::size_t expected = 0;
  for (std::uint64_t nonce = 0; nonce < 256; ++nonce) {
    expected += target_of(world_.commitment(nonce)) >= 20 ? std::size_t{1} : 0;
  }
  ASSERT_GT(expected, 0U);
  wait_for_proofs(*engine, 256);
  engine->finish();
  EXPECT_EQ(hits_.all().size(), expected);
}

TEST_F(GpuEngineTest, NextEpochHasTablesOfItsOwn) {
  const auto engine = make();
  engine->set_work(work({.first = 0, .count = 24}));
  wait_for_proofs(*engine, 24);
  world_.epoch = world_.make_epoch(8);

  engine->set_work(work({.first = 7, .count = 1}));

  const auto found = hits_.wait_for(25);
  EXPECT_EQ(found.back().challenge.epoch_number, 8U);
  EXPECT_EQ(found.back().solution.commitment, world_.commitment(7));
}

TEST_F(GpuEngineTest, LostCardIsOpenedAgainAndGoesOn) {
  controls_[0].adds_until_lost = 1;
  const auto engine = make();
  engine->set_work(work({.first = 0, .count = 24}));

  wait_for_proofs(*engine, 16);
  engine->finish();

  EXPECT_EQ(opens_, 2U);
  EXPECT_EQ(engine->stats().proofs_abandoned, 8U);
  EXPECT_EQ(engine->units()[0].reopened, 1U);
  EXPECT_TRUE(engine->units()[0].is_working);
  for (const Engine::Hit& hit : hits_.all()) {
    EXPECT_EQ(hit.solution.commitment, world_.commitment(hit.solution.nonce));
  }
}

TEST_F(GpuEngineTest, CardThatStaysLostIsOutAndSaysWhy) {
  const auto engine = make(kCards);
  controls_[0].adds_until_lost = 0;
  refuses_[0] = true;
  engine->set_work(work({.first = 0, .count = ~std::uint64_t{0}}));

  wait_until_out(*engine, 0);

  EXPECT_EQ(engine->units()[0].why, "lost: twin: not there");
  EXPECT_EQ(opens_, kCards + kCardReopensMax);
  EXPECT_TRUE(engine->units()[1].is_working);
  const std::uint64_t before = engine->stats().proofs;
  wait_for_proofs(*engine, before + 8);
}

TEST_F(GpuEngineTest, CardWithAWrongHitIsOutAndTheOtherGoesOn) {
  const auto engine = make(kCards);
  controls_[1].gives_wrong_sums = true;
  engine->set_work(work({.first = 0, .count = ~std::uint64_t{0}}));
  std::size_t seen = 0;
  Engine::Hit wrong;
  while (wrong.unit != 1) {
    wrong = hits_.wait_for(++seen).back();
  }
  ASSERT_NE(wrong.solution.commitment, world_.commitment(wrong.solution.nonce));

  engine->take_out(wrong, "wrong: test");

  EXPECT_FALSE(engine->units()[1].is_working);
  EXPECT_EQ(engine->units()[1].why, "wrong: test");
  EXPECT_TRUE(engine->units()[0].is_working);
  const std::uint64_t before = engine->stats().proofs;
  wait_for_proofs(*engine, before + 32);
}

TEST_F(GpuEngineTest, CardThatCannotBeOpenedIsOutFromTheBeginning) {
  refuses_[1] = true;
  const auto engine = make(kCards);
  EXPECT_TRUE(engine->units()[0].is_working);
  EXPECT_EQ(engine->units()[0].name, "0 twin (batches of 8, 40 windows)");
  EXPECT_FALSE(engine->units()[1].is_working);
  EXPECT_EQ(engine->units()[1].why, "twin: not there");
}

TEST_F(GpuEngineTest, NoCardIsAnError) {
  refuses_[0] = true;
  const auto cards = open_cards(1, [this](std::uint32_t index) { return open(index); });
  ASSERT_FALSE(cards.ok());
  EXPECT_EQ(cards.error().text(), "twin: not there");
}

TEST_F(GpuEngineTest, DestructionAbandonsWhatIsUnderWay) {
  auto engine = make(kCards);
  engine->set_work(work({.first = 0, .count = ~std::uint64_t{0}}));
  hits_.wait_for(8);
  engine.reset();
}

}  // namespace
}  // namespace prover
