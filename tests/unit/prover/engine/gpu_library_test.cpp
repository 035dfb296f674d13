#include "prover/engine/gpu_library.h"

#include <gtest/gtest.h>

#include "prover/engine/gpu_engine.h"
#include "tests/unit/prover/engine/small_world.h"

namespace prover {
namespace {

TEST(GpuLibraryTest, MissingLibraryIsNamed) {
  const auto library = GpuLibrary::open("./there-is-no-such-library.so");
  ASSERT_FALSE(library.ok());
  EXPECT_EQ(library.error().code(), base::Errc::NotFound);
  EXPECT_EQ(library.error().text(),
            "no GPU engine: ./there-is-no-such-library.so: cannot open shared object file: No such "
            "file or directory");
}

TEST(GpuLibraryTest, LibraryOfSomethingElseIsRefused) {
  const auto library = GpuLibrary::open("libm.so.6");
  ASSERT_FALSE(library.ok());
  EXPECT_EQ(library.error().code(), base::Errc::Conflict);
  EXPECT_EQ(library.error().text(), "no GPU engine: libm.so.6 is not of version 1");
}

class FakeGpuLibraryTest : public ::testing::Test {
 protected:
  GpuLibrary open() {
    const auto library = GpuLibrary::open(FAKE_GPU_LIBRARY);
    CHECK(library.ok());
    return library.value();
  }

  SmallWorld world_;
};

TEST_F(FakeGpuLibraryTest, EngineFindsTheRightCommitmentsThroughTheInterface) {
  const GpuLibrary library = open();
  Collected<Engine::Hit> hits;
  const OpenCard open_card = [&](std::uint32_t index) {
    return library.open_card(index, {.degree_max = SmallWorld::kDegree, .batch = 6});
  };
  auto cards = open_cards(library.devices(), open_card);
  ASSERT_TRUE(cards.ok());
  const auto engine = make_gpu_engine({.open = open_card, .clock = {}}, std::move(cards).value(),
                                      [&](const Engine::Hit& hit) { hits.add(hit); });
  EXPECT_EQ(engine->describe(), "cuda, card 0 fake (batches of 6, 40 windows)");

  engine->set_work({.epoch = world_.epoch, .address = world_.address, .nonces = {40, 15}});

  for (const Engine::Hit& hit : hits.wait_for(15)) {
    EXPECT_EQ(hit.solution.commitment, world_.commitment(hit.solution.nonce));
    EXPECT_EQ(hit.target, target_of(hit.solution.commitment));
  }
}

TEST_F(FakeGpuLibraryTest, EpochsTransformComesBackThroughTheInterface) {
  const GpuLibrary library = open();
  const PointTransform transform = [&](const gpu::NttDomain& domain,
                                       std::span<const G1Affine> points,
                                       std::span<const Fr> values) {
    auto bases = library.transform_points(0, domain, points, values);
    CHECK(bases.ok());
    return std::optional(std::move(bases).value());
  };
  EXPECT_EQ(
      make_epoch_bases(world_.toy.srs, world_.epoch->challenge, gpu::one_after_another, transform)
          .bases,
      world_.epoch->bases);
}

#ifdef GPU_LIBRARY
// With a device this is what the tests of label gpu use; without, it must say why there is none.
TEST(GpuLibraryTest, LibraryShowsDevicesOrSaysWhatIsMissing) {
  const auto library = GpuLibrary::open(GPU_LIBRARY);
  if (library.ok()) {
    EXPECT_GE(library.value().devices(), 1U);
    return;
  }
  EXPECT_EQ(library.error().code(), base::Errc::Unavailable);
  EXPECT_TRUE(library.error().text().starts_with("no GPU engine: "));
  EXPECT_GT(library.error().text().size(), std::string("no GPU engine: ").size());
  RecordProperty("why", library.error().text());
}
#endif

}  // namespace
}  // namespace prover
