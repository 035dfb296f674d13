#include "prover/engine/prover.h"

#include <thread>

#include <gtest/gtest.h>

#include "prover/puzzle/verify.h"
#include "tests/unit/prover/engine/small_world.h"

namespace prover {
namespace {

// Reports whatever the test says it found.
class FakeEngine final : public Engine {
 public:
  explicit FakeEngine(OnHit on_hit) : on_hit_(std::move(on_hit)) {}
  void set_work(Work work) override { works_.add(work); }
  void clear_work() override {}
  void set_target(std::uint64_t) override {}
  void finish() override {}
  void take_out(const Hit& hit, const std::string& why) override { taken_out_.add({hit, why}); }
  Stats stats() const override { return {}; }
  std::vector<Unit> units() const override { return {Unit()}; }
  std::string describe() const override { return "fake"; }

  void hit(const Hit& hit) { on_hit_(hit); }
  Collected<Work> works_;
  Collected<std::pair<Hit, std::string>> taken_out_;

 private:
  OnHit on_hit_;
};

class ProverTest : public ::testing::Test {
 protected:
  void open(const Prover::MakeEngine& make_engine) {
    prover_ = std::make_unique<Prover>(
        world_.toy.srs,
        Prover::Options{.preparing_threads = 2,
                        .clock = [] { return base::TimePoint(); },
                        .transform = transform_},
        make_engine,
        Prover::Callbacks{.on_solution = [this](const Prover::Found& found) { found_.add(found); },
                          .on_wrong_hit = [this](const Engine::Hit& hit,
                                                 const std::string&) { wrong_.add(hit); }});
  }
  void open_with_cpu() {
    open([](Engine::OnHit on_hit) {
      return make_cpu_engine(
          {.arithmetic = gpu::best_arithmetic(), .threads = 1, .batch = 8, .clock = {}},
          std::move(on_hit));
    });
  }
  void open_with_fake() {
    open([this](Engine::OnHit on_hit) {
      auto engine = std::make_unique<FakeEngine>(std::move(on_hit));
      fake_ = engine.get();
      return engine;
    });
  }
  Assignment assignment(std::uint32_t epoch, NonceRange nonces) const {
    return {.challenge = SmallWorld::challenge(epoch),
            .address = world_.address,
            .nonces = nonces,
            .is_clean = true};
  }

  SmallWorld world_;
  PointTransform transform_;
  Collected<Prover::Found> found_;
  Collected<Engine::Hit> wrong_;
  FakeEngine* fake_ = nullptr;
  std::unique_ptr<Prover> prover_;
};

TEST_F(ProverTest, SolutionsHoldByPairing) {
  open_with_cpu();
  const Assignment given = assignment(7, {.first = 0, .count = 5});

  ASSERT_TRUE(prover_->assign(given).ok());

  const EpochKey key = make_epoch_key(given.challenge, world_.toy.beta_h);
  for (const Prover::Found& found : found_.wait_for(5)) {
    EXPECT_EQ(found.assignment, given);
    EXPECT_EQ(verify(key, found.solution, found.target), Verdict::Valid);
  }
}

TEST_F(ProverTest, NextEpochIsPreparedAndSearched) {
  open_with_cpu();
  ASSERT_TRUE(prover_->assign(assignment(1, {.first = 0, .count = 2})).ok());
  found_.wait_for(2);

  ASSERT_TRUE(prover_->assign(assignment(2, {.first = 0, .count = 2})).ok());

  const auto found = found_.wait_for(4);
  EXPECT_EQ(found[3].assignment.challenge.epoch_number, 2U);
  EXPECT_EQ(prover_->stats().epochs_prepared, 2U);
}

TEST_F(ProverTest, TransformThatIsGivenMakesTheBases) {
  unsigned asked = 0;
  transform_ = [&](const gpu::NttDomain& domain, std::span<const G1Affine> points,
                   std::span<const Fr> values) {
    ++asked;
    std::vector<G1Affine> scaled;
    for (std::size_t i = 0; i < points.size(); ++i) {
      scaled.push_back(gpu::multiply_in_subgroup(points[i], values[i]).affine());
    }
    return std::optional(gpu::g1_ntt_forward(domain, scaled, gpu::one_after_another));
  };
  open_with_fake();
  ASSERT_TRUE(prover_->assign(assignment(7, {.first = 0, .count = 2})).ok());
  EXPECT_EQ(fake_->works_.wait_for(1)[0].epoch->bases, world_.epoch->bases);
  EXPECT_EQ(asked, 1U);
}

TEST_F(ProverTest, TransformThatFailsIsDoneWithout) {
  transform_ = [](const gpu::NttDomain&, std::span<const G1Affine>, std::span<const Fr>) {
    return std::optional<std::vector<G1Affine>>();
  };
  open_with_fake();
  ASSERT_TRUE(prover_->assign(assignment(7, {.first = 0, .count = 2})).ok());
  EXPECT_EQ(fake_->works_.wait_for(1)[0].epoch->bases, world_.epoch->bases);
}

TEST_F(ProverTest, SameEpochIsNotPreparedAgain) {
  open_with_cpu();
  ASSERT_TRUE(prover_->assign(assignment(1, {.first = 0, .count = 1})).ok());
  found_.wait_for(1);
  ASSERT_TRUE(prover_->assign(assignment(1, {.first = 50, .count = 1})).ok());
  EXPECT_EQ(found_.wait_for(2)[1].solution.partial.nonce, 50U);
  EXPECT_EQ(prover_->stats().epochs_prepared, 1U);
}

TEST_F(ProverTest, HitThatTheLiteralRouteDeniesIsNamedAndNotSent) {
  open_with_fake();
  ASSERT_TRUE(prover_->assign(assignment(7, {.first = 0, .count = 9})).ok());
  fake_->works_.wait_for(1);
  Engine::Hit hit{
      .challenge = SmallWorld::challenge(7),
      .solution = {.address = world_.address, .nonce = 3, .commitment = world_.commitment(4)},
      .target = 99,
      .unit = 2};

  fake_->hit(hit);
  hit.solution.commitment = world_.commitment(3);
  fake_->hit(hit);

  EXPECT_EQ(found_.wait_for(1)[0].solution.partial.commitment, world_.commitment(3));
  EXPECT_EQ(wrong_.wait_for(1)[0].solution.commitment, world_.commitment(4));
  const auto taken_out = fake_->taken_out_.wait_for(1);
  EXPECT_EQ(taken_out[0].first.unit, 2U);
  EXPECT_EQ(taken_out[0].second, "wrong: a commitment that the literal route does not give");
  prover_->finish();
  EXPECT_EQ(fake_->taken_out_.all().size(), 1U);
  EXPECT_EQ(prover_->stats().hits_wrong, 1U);
  EXPECT_EQ(prover_->stats().solutions, 1U);
}

TEST_F(ProverTest, HitOfAnotherEpochIsDropped) {
  open_with_fake();
  ASSERT_TRUE(prover_->assign(assignment(7, {.first = 0, .count = 9})).ok());
  fake_->works_.wait_for(1);
  fake_->hit(
      {.challenge = SmallWorld::challenge(6),
       .solution = {.address = world_.address, .nonce = 3, .commitment = world_.commitment(3)},
       .target = 99,
       .unit = 0});
  prover_->finish();
  EXPECT_EQ(prover_->stats().hits_dropped, 1U);
  EXPECT_TRUE(found_.all().empty());
}

TEST_F(ProverTest, FinishChecksWhatWasFound) {
  open_with_cpu();
  ASSERT_TRUE(prover_->assign(assignment(7, {.first = 0, .count = 16})).ok());
  found_.wait_for(1);
  prover_->finish();
  const Prover::Stats stats = prover_->stats();
  EXPECT_EQ(stats.solutions, stats.engine.hits) << "every batch that began has been reported";
  EXPECT_EQ(found_.all().size(), stats.solutions);
}

TEST_F(ProverTest, DegreeBeyondTheReferenceStringIsRefused) {
  open_with_fake();
  Assignment large = assignment(7, {.first = 0, .count = 1});
  large.challenge.degree = 8191;
  const auto status = prover_->assign(large);
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code(), base::Errc::LimitExceeded);
  EXPECT_NE(status.error().text().find("degree 8191 exceeds"), std::string::npos)
      << status.error().text();
}

TEST_F(ProverTest, DestructionAbandonsWithoutWaiting) {
  open_with_cpu();
  ASSERT_TRUE(prover_->assign(assignment(7, {.first = 0, .count = ~std::uint64_t{0}})).ok());
  found_.wait_for(1);
  prover_.reset();
}

}  // namespace
}  // namespace prover
