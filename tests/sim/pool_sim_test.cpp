// SEED=n replays one seed; it is in every failure's text.
#include "tests/sim/pool_sim.h"

#include <cstdlib>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace prover {
namespace {

constexpr std::uint64_t kSeeds = 60;
constexpr int kSteps = 4000;

std::vector<std::uint64_t> seeds() {
  // NOLINTNEXTLINE(concurrency-mt-unsafe): read before any thread
  if (const char* one = std::getenv("SEED"); one != nullptr) {
    return {std::stoull(one)};
  }
  std::vector<std::uint64_t> all;
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    all.push_back(seed);
  }
  return all;
}

class PoolSim : public ::testing::TestWithParam<std::uint64_t> {};

TEST_P(PoolSim, NoAcceptedShareIsLostNoneCountsTwiceAndCreditsAddUp) {
  SCOPED_TRACE("SEED=" + std::to_string(GetParam()));
  PoolSimulation simulation(GetParam());

  for (int i = 0; i < kSteps && !HasFatalFailure(); ++i) {
    simulation.step();
    if (i % 50 == 0) {
      simulation.check_safety();
    }
  }

  simulation.settle();
  simulation.check_safety();
  simulation.check_agreement();
  EXPECT_GT(simulation.accepted(), 20U);
  EXPECT_GT(simulation.restarts(), 0U);
  EXPECT_GT(simulation.cuts(), 10U);
}

INSTANTIATE_TEST_SUITE_P(Seed, PoolSim, ::testing::ValuesIn(seeds()),
                         [](const auto& test) { return std::to_string(test.param); });

}  // namespace
}  // namespace prover
