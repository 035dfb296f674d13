// The engine's library on a real card against the processor, on input with a known beta, and where
// there are vectors against the reference's numbers.
#include <algorithm>

#include "prover/engine/gpu_engine.h"
#include "prover/engine/gpu_library.h"
#include "tests/unit/prover/engine/small_world.h"
#include "tests/unit/prover/puzzle/vectors.h"

namespace prover {
namespace {

using namespace test;

class CardTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto library = GpuLibrary::open(GPU_LIBRARY);
    if (!library.ok()) {
      // A library that cannot be opened is a fault; only a driver or a device may be missing.
      ASSERT_EQ(library.error().code(), base::Errc::Unavailable) << library.error().text();
      GTEST_SKIP() << library.error().text();
    }
    library_.emplace(std::move(library).value());
  }

  std::unique_ptr<Engine> make(const CardOptions& options) {
    const OpenCard open = [this, options](std::uint32_t index) {
      return library_->open_card(index, options);
    };
    auto cards = open_cards(1, open);
    CHECK(cards.ok());
    return make_gpu_engine({.open = open, .clock = {}}, std::move(cards).value(),
                           [this](const Engine::Hit& hit) { hits_.add(hit); });
  }

  std::optional<GpuLibrary> library_;
  Collected<Engine::Hit> hits_;
};

TEST_F(CardTest, FindsTheRightCommitmentOfEveryNonceAtAwkwardBatches) {
  const SmallWorld world;
  for (const std::uint32_t batch : {1U, 2U, 31U, 33U, 129U}) {
    for (const std::uint32_t windows : {20U, 33U, 64U}) {
      const std::size_t before = hits_.all().size();
      const auto engine =
          make({.degree_max = SmallWorld::kDegree, .batch = batch, .windows = windows});
      engine->set_work(
          {.epoch = world.epoch, .address = world.address, .nonces = {1000, 2 * batch + 1}});
      const auto found = hits_.wait_for(before + 2 * batch + 1);
      for (std::size_t i = before; i < found.size(); ++i) {
        EXPECT_EQ(found[i].solution.commitment, world.commitment(found[i].solution.nonce));
        EXPECT_EQ(found[i].target, target_of(found[i].solution.commitment));
      }
    }
  }
}

TEST_F(CardTest, MemoryThatIsNotThereIsAnErrorAndNotALoss) {
  const auto card = library_->open_card(0, {.degree_max = kDegreeMax, .windows = 17});
  ASSERT_FALSE(card.ok());
  EXPECT_EQ(card.error().code(), base::Errc::LimitExceeded) << card.error().text();
  EXPECT_TRUE(library_->open_card(0, {.degree_max = 31, .batch = 32, .windows = 40}).ok());
}

TEST_F(CardTest, EpochsTransformIsTheHosts) {
  SmallWorld world;
  const PointTransform transform = [this](const gpu::NttDomain& domain,
                                          std::span<const G1Affine> points,
                                          std::span<const Fr> values) {
    auto bases = library_->transform_points(0, domain, points, values);
    EXPECT_TRUE(bases.ok()) << bases.error().text();
    return std::optional(std::move(bases).value());
  };
  const EpochBases made =
      make_epoch_bases(world.toy.srs, world.epoch->challenge, gpu::one_after_another, transform);
  EXPECT_EQ(made.bases, world.epoch->bases);
}

TEST_F(CardTest, StopsAtOnceInTheMiddleOfABatch) {
  const SmallWorld world;
  auto engine = make({.degree_max = SmallWorld::kDegree});
  engine->set_target(~std::uint64_t{0});
  engine->set_work(
      {.epoch = world.epoch, .address = world.address, .nonces = {0, ~std::uint64_t{0}}});
  while (engine->stats().proofs == 0) {
    std::this_thread::yield();
  }
  engine->finish();
  engine.reset();
}

class CardVectorsTest : public CardTest, public ::testing::WithParamInterface<std::uint32_t> {};

TEST_P(CardVectorsTest, GivesTheReferencesBytes) {
  SKIP_WITHOUT_VECTORS();
  const std::uint32_t degree = GetParam();
  const auto vectors = read_vectors("vectors-deg" + std::to_string(degree) +
                                    (degree == kPuzzleDegree ? "-epoch0.json" : ".json"));
  Srs srs = published_srs(degree, gpu::Membership::Trust);
  srs.prepare(degree, on_two_threads);
  const auto epoch = std::make_shared<const EpochBases>(
      make_epoch_bases(srs, challenge_of(vectors, degree), on_two_threads));
  const auto engine = make({.degree_max = degree, .batch = 128});
  std::size_t tried = 0;
  for (const auto& solution : vectors["solutions"]) {
    const auto nonce = std::stoull(solution["nonce"].get<std::string>());
    engine->set_work(
        {.epoch = epoch, .address = bytes32(vectors["address"]), .nonces = {nonce, 1}});
    const Engine::Hit hit = hits_.wait_for(++tried).back();
    EXPECT_EQ(hit.solution.nonce, nonce);
    EXPECT_EQ(compressed_hex(hit.solution.commitment), solution["commitment"]);
    EXPECT_EQ(std::to_string(hit.target), solution["target"]);
  }
}

INSTANTIATE_TEST_SUITE_P(Degrees, CardVectorsTest, testing::Values(31U, 255U, kPuzzleDegree));

}  // namespace
}  // namespace prover
