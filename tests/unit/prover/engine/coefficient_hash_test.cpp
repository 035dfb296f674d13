#include "prover/engine/coefficient_hash.h"

#include <gtest/gtest.h>

#include "prover/puzzle/polynomial.h"

namespace prover {
namespace {

std::vector<Seed> some_seeds() {
  std::vector<Seed> seeds(kSeedLanes);
  for (std::size_t lane = 0; lane < kSeedLanes; ++lane) {
    for (std::size_t i = 0; i < seeds[lane].size(); ++i) {
      seeds[lane][i] = static_cast<std::uint8_t>(lane * 37 + i * 11 + 3);
    }
  }
  return seeds;
}

TEST(CoefficientHashTest, EightAtOnceAreWhatThePuzzleDefines) {
  const std::vector<Seed> seeds = some_seeds();
  std::array<gpu::Limbs<4>, kSeedLanes> out;
  for (const std::uint32_t index : {0U, 1U, 255U, 8191U, 0xffff'ffffU}) {
    hash_coefficients(std::span(seeds).first<kSeedLanes>(), index, out);
    for (std::size_t lane = 0; lane < kSeedLanes; ++lane) {
      EXPECT_EQ(out[lane], hash_to_coefficient(seeds[lane], index)) << index << " " << lane;
    }
  }
}

TEST(CoefficientHashTest, EverySetOfInstructionsGivesTheSameDigests) {
  std::uint64_t message[5][kSeedLanes];
  for (std::size_t word = 0; word < 5; ++word) {
    for (std::size_t lane = 0; lane < kSeedLanes; ++lane) {
      message[word][lane] = word * 0x9e37'79b9'7f4a'7c15 + lane * 0xbf58'476d'1ce4'e5b9;
    }
  }
  std::uint64_t expected[8][kSeedLanes];
  detail::hash_blocks_portable(message, expected);

  for (const detail::HashBlocks hash : detail::supported_hash_blocks()) {
    std::uint64_t digest[8][kSeedLanes];
    hash(message, digest);
    for (std::size_t word = 0; word < 8; ++word) {
      for (std::size_t lane = 0; lane < kSeedLanes; ++lane) {
        EXPECT_EQ(digest[word][lane], expected[word][lane]);
      }
    }
  }
}

}  // namespace
}  // namespace prover
