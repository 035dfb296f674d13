// What the reference computed for small degrees, by every way that there is.
#include "tests/unit/prover/puzzle/vectors.h"

#include "prover/puzzle/opening.h"
#include "prover/puzzle/target.h"

namespace prover {
namespace {

using namespace test;

class SmallDegreeTest : public testing::TestWithParam<std::uint32_t> {};

TEST_P(SmallDegreeTest, EveryWayGivesTheReferencesNumbers) {
  SKIP_WITHOUT_VECTORS();
  const std::uint32_t degree = GetParam();
  const auto vectors = read_vectors("vectors-deg" + std::to_string(degree) + ".json");
  Srs srs = published_srs(degree, gpu::Membership::Check);
  srs.prepare(degree, on_two_threads);
  const EpochChallenge challenge = challenge_of(vectors, degree);

  const EpochBases epoch = make_epoch_bases(srs, challenge, on_two_threads);
  for (const auto& base : vectors["epoch_bases"]) {
    EXPECT_EQ(compressed_hex(epoch.bases[base["j"].get<std::size_t>()]), base["point"]);
  }
  const Bytes32 address = bytes32(vectors["address"]);
  std::size_t tried = 0;
  for (const auto& solution : vectors["solutions"]) {
    if (tried++ == kNoncesMax) {
      break;
    }
    const auto nonce = std::stoull(solution["nonce"].get<std::string>());
    SCOPED_TRACE(nonce);
    const Polynomial prover = prover_polynomial(challenge, address, nonce);
    const G1Affine commitment = commit(epoch, prover);
    EXPECT_EQ(compressed_hex(commitment), solution["commitment"]);
    EXPECT_EQ(commit_literally(srs, epoch.polynomial, prover), commitment);
    EXPECT_EQ(commit_by_coefficients(srs, epoch.polynomial, prover), commitment);
    EXPECT_EQ(std::to_string(target_of(commitment)), solution["target"]);

    const Fr at = challenge_point(commitment);
    const Opening opening = open(epoch, srs, prover, at);
    EXPECT_EQ(hex(at), solution["z"]);
    EXPECT_EQ(hex(opening.value), solution["v"]);
    EXPECT_EQ(compressed_hex(opening.proof) + "00", solution["proof"]);
    EXPECT_EQ(open_literally(srs, epoch.polynomial, prover, at).proof, opening.proof);
  }
  EXPECT_GE(tried, std::min<std::size_t>(kNoncesMax, 64));
}

INSTANTIATE_TEST_SUITE_P(Degrees, SmallDegreeTest, testing::Values(31U, 255U));

}  // namespace
}  // namespace prover
