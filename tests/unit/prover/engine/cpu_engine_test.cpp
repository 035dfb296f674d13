#include "prover/engine/cpu_engine.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "tests/unit/prover/engine/small_world.h"

namespace prover {
namespace {

class CpuEngineTest : public ::testing::Test {
 protected:
  std::unique_ptr<Engine> make(gpu::Arithmetic arithmetic, unsigned threads, std::size_t batch) {
    return make_cpu_engine(
        {.arithmetic = arithmetic, .threads = threads, .batch = batch, .clock = {}},
        [this](const Engine::Hit& hit) { hits_.add(hit); });
  }
  Engine::Work work(NonceRange nonces) {
    return {.epoch = world_.epoch, .address = world_.address, .nonces = nonces};
  }

  SmallWorld world_;
  Collected<Engine::Hit> hits_;
};

TEST_F(CpuEngineTest, EveryArithmeticFindsTheRightCommitmentOfEveryNonce) {
  for (const auto arithmetic : {gpu::Arithmetic::Scalar, gpu::Arithmetic::Adx, gpu::Arithmetic::Fma,
                                gpu::Arithmetic::Ifma}) {
    if (!gpu::is_supported(arithmetic)) {
      continue;
    }
    Collected<Engine::Hit> hits;
    const auto engine =
        make_cpu_engine({.arithmetic = arithmetic, .threads = 2, .batch = 8, .clock = {}},
                        [&](const Engine::Hit& hit) { hits.add(hit); });

    engine->set_work(work({.first = 100, .count = 30}));

    auto found = hits.wait_for(30);
    std::sort(found.begin(), found.end(),
              [](const auto& a, const auto& b) { return a.solution.nonce < b.solution.nonce; });
    for (std::size_t i = 0; i < found.size(); ++i) {
      EXPECT_EQ(found[i].solution.nonce, 100 + i);
      EXPECT_EQ(found[i].solution.commitment, world_.commitment(100 + i));
      EXPECT_EQ(found[i].target, target_of(found[i].solution.commitment));
      EXPECT_EQ(found[i].challenge, world_.epoch->challenge);
    }
  }
}

TEST_F(CpuEngineTest, RangeIsSearchedOnceAndNoFurther) {
  const auto engine = make(gpu::best_arithmetic(), 1, 16);
  engine->set_work(work({.first = 5, .count = 19}));
  hits_.wait_for(19);
  engine->finish();
  EXPECT_EQ(hits_.all().size(), 19U);
  EXPECT_EQ(engine->stats().proofs, 19U);
  EXPECT_EQ(engine->stats().hits, 19U);
  EXPECT_EQ(engine->stats().coefficients, 19U * (SmallWorld::kDegree + 1));
}

TEST_F(CpuEngineTest, NoncesGoOnPastTheLast) {
  const auto engine = make(gpu::best_arithmetic(), 1, 8);
  engine->set_work(work({.first = ~std::uint64_t{0} - 3, .count = 8}));
  const auto found = hits_.wait_for(8);
  EXPECT_EQ(found.front().solution.nonce, ~std::uint64_t{0} - 3);
  EXPECT_EQ(found.back().solution.nonce, 3U);
  EXPECT_EQ(found.back().solution.commitment, world_.commitment(3));
}

TEST_F(CpuEngineTest, OnlyWhatReachesTheTargetIsAHit) {
  const auto engine = make(gpu::best_arithmetic(), 2, 64);
  engine->set_target(20);
  engine->set_work(work({.first = 0, .count = 256}));
  std::size_t expected = 0;
  for (std::uint64_t nonce = 0; nonce < 256; ++nonce) {
    expected += target_of(world_.commitment(nonce)) >= 20 ? std::size_t{1} : 0;
  }
  ASSERT_GT(expected, 0U);

  const auto found = hits_.wait_for(expected);
  while (engine->stats().proofs < 256) {
    std::this_thread::yield();
  }
  engine->finish();

  EXPECT_EQ(hits_.all().size(), expected);
  for (const Engine::Hit& hit : found) {
    EXPECT_GE(hit.target, 20U);
  }
}

TEST_F(CpuEngineTest, NewWorkReplacesTheOld) {
  const auto engine = make(gpu::best_arithmetic(), 2, 8);
  engine->set_work(work({.first = 0, .count = ~std::uint64_t{0}}));
  hits_.wait_for(8);
  Engine::Work other = work({.first = 1'000'000'000, .count = 4});
  other.address = {9};
  engine->set_work(other);
  const auto is_of_other = [&] {
    const auto all = hits_.all();
    return std::count_if(all.begin(), all.end(), [](const Engine::Hit& hit) {
             return hit.solution.address == Bytes32{9};
           }) == 4;
  };
  while (!is_of_other()) {
    hits_.wait_for(hits_.all().size());
    std::this_thread::yield();
  }
  engine->clear_work();
  engine->finish();
  EXPECT_TRUE(is_of_other()) << "four nonces, four hits";
}

TEST_F(CpuEngineTest, EngineWithoutWorkEnds) {
  const auto engine = make(gpu::best_arithmetic(), 3, 8);
  engine->finish();
  EXPECT_EQ(engine->stats().proofs, 0U);
}

}  // namespace
}  // namespace prover
