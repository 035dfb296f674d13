// The reference's numbers from the steps that a GPU runs, run by loops.
#include <map>

#include "prover/engine/gpu_engine.h"
#include "tests/unit/prover/engine/small_world.h"
#include "tests/unit/prover/engine/twin_card.h"
#include "tests/unit/prover/puzzle/vectors.h"

namespace prover {
namespace {

using namespace test;

class GpuVectorsTest : public testing::TestWithParam<std::uint32_t> {};

TEST_P(GpuVectorsTest, StepsGiveTheReferencesBytes) {
  SKIP_WITHOUT_VECTORS();
  const std::uint32_t degree = GetParam();
  const auto vectors = read_vectors("vectors-deg" + std::to_string(degree) + ".json");
  Srs srs = published_srs(degree, gpu::Membership::Check);
  srs.prepare(degree, on_two_threads);
  const auto epoch = std::make_shared<const EpochBases>(
      make_epoch_bases(srs, challenge_of(vectors, degree), on_two_threads));
  Collected<Engine::Hit> hits;
  TwinCard::Control control;
  const OpenCard open = [&](std::uint32_t) -> base::Result<std::unique_ptr<Card>> {
    return std::unique_ptr<Card>(std::make_unique<TwinCard>(TwinShape{.batch = 4}, control));
  };
  auto cards = open_cards(1, open);
  ASSERT_TRUE(cards.ok());
  const auto engine = make_gpu_engine({.open = open, .clock = {}}, std::move(cards).value(),
                                      [&](const Engine::Hit& hit) { hits.add(hit); });

  std::size_t tried = 0;
  for (const auto& solution : vectors["solutions"]) {
    if (tried == kNoncesMax) {
      break;
    }
    const auto nonce = std::stoull(solution["nonce"].get<std::string>());
    SCOPED_TRACE(nonce);
    engine->set_work(
        {.epoch = epoch, .address = bytes32(vectors["address"]), .nonces = {nonce, 1}});
    const Engine::Hit hit = hits.wait_for(++tried).back();
    EXPECT_EQ(hit.solution.nonce, nonce);
    EXPECT_EQ(compressed_hex(hit.solution.commitment), solution["commitment"]);
    EXPECT_EQ(std::to_string(hit.target), solution["target"]);
  }
  EXPECT_EQ(control.narrow_batches, 1U) << "the first batch; the wide tables are built beside it";
  EXPECT_EQ(control.wide_batches, tried - 1);
}

INSTANTIATE_TEST_SUITE_P(Degrees, GpuVectorsTest, testing::Values(31U, 255U));

}  // namespace
}  // namespace prover
