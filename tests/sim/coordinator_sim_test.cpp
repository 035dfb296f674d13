// SEED=n replays one seed; it is in every failure's text.
#include "tests/sim/coordinator_sim.h"

#include <cstdlib>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "overlay/crypto/random.h"

namespace coordinator {
namespace {

constexpr std::uint64_t kSeeds = 60;
constexpr int kSteps = 1500;

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

class CoordinatorSim : public ::testing::TestWithParam<std::uint64_t> {};

TEST_P(CoordinatorSim, AcknowledgedSurvivesAndEverybodyAgrees) {
  SCOPED_TRACE("SEED=" + std::to_string(GetParam()));
  crypto::init();
  Simulation simulation(GetParam(), 1 + GetParam() % 3);

  for (int i = 0; i < kSteps && !HasFatalFailure(); ++i) {
    simulation.step();
    if (i % 20 == 0) {
      simulation.check_safety();
    }
  }

  simulation.settle();
  simulation.check_safety();
  simulation.check_agreement();
  simulation.check_acknowledged();
  simulation.check_views();
  EXPECT_GT(simulation.acknowledged(), 5U);
}

INSTANTIATE_TEST_SUITE_P(Seed, CoordinatorSim, ::testing::ValuesIn(seeds()),
                         [](const auto& test) { return std::to_string(test.param); });

}  // namespace
}  // namespace coordinator
