#include "prover/pool/puzzle_verifiers.h"

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "gpu/curve/g1_codec.h"
#include "prover/pool/pool_machine.h"
#include "prover/puzzle/opening.h"
#include "prover/puzzle/solution.h"
#include "tests/unit/prover/pool/shares.h"

namespace prover {
namespace {

constexpr std::uint32_t kDegree = 31;

// A string with a known beta, a job and the shares that are right for it.
class PuzzleVerifiersTest : public ::testing::TestWithParam<bool> {
 protected:
  PuzzleVerifiersTest() : toy_(make_toy_srs(gpu::Fr::from_u64(12'345), kDegree)) {
    auto srs = std::make_shared<Srs>(toy_.srs);
    srs->prepare(kDegree, gpu::one_after_another);
    const auto make = GetParam() ? verify_by_pairing(toy_.beta_h)
                                 : verify_by_recomputation(srs, gpu::one_after_another);
    job_ = pool_test::job_of(3);
    auto made = make(job_);
    EXPECT_TRUE(made.ok());
    verifier_ = std::move(made).value();
    bases_ = make_epoch_bases(*srs, job_.challenge, gpu::one_after_another);
    srs_ = srs;
  }
  Share right(std::uint64_t nonce) const {
    const Polynomial prover = prover_polynomial(job_.challenge, job_.address, nonce);
    const G1Affine commitment = commit(bases_, prover);
    const Opening opening = open(bases_, *srs_, prover, challenge_point(commitment));
    return {nonce, gpu::compress(commitment), encode_proof(opening.proof)};
  }
  std::string refusal(const Share& share) const {
    const auto status = verifier_->verify(share);
    return status.ok() ? "" : status.error().text();
  }

  ToySrs toy_;
  Job job_;
  std::shared_ptr<const Srs> srs_;  // held by the verifier too
  EpochBases bases_;
  std::unique_ptr<const ShareVerifier> verifier_;
};

TEST_P(PuzzleVerifiersTest, TakesWhatIsRight) {
  for (std::uint64_t nonce : {std::uint64_t{0}, std::uint64_t{77}, UINT64_MAX}) {
    EXPECT_EQ(refusal(right(nonce)), "");
  }
}

TEST_P(PuzzleVerifiersTest, RefusesARightShareUnderAnotherNonceOrAddress) {
  Share share = right(1);
  share.nonce = 2;
  EXPECT_NE(refusal(share), "");
}

TEST_P(PuzzleVerifiersTest, RefusesTheProofOfAnotherShare) {
  Share share = right(1);
  share.proof = right(2).proof;
  EXPECT_NE(refusal(share), "");
  share = right(1);
  share.commitment = right(2).commitment;
  EXPECT_NE(refusal(share), "");
}

struct Garbage {
  const char* name;
  std::function<void(std::span<std::uint8_t>)> spoil;  // 48 bytes of a point
};

// x = 3 is on the curve's equation for no y, and x = 0 gives (0, 1), which has order 3.
std::vector<Garbage> garbage() {
  const auto fill = [](std::span<std::uint8_t> point, std::uint8_t first, std::uint8_t last) {
    std::ranges::fill(point, 0);
    point.front() = first;
    point.back() = last;
  };
  return {
      {"infinity", [=](std::span<std::uint8_t> point) { fill(point, 0, 0x40); }},
      {"both flags", [=](std::span<std::uint8_t> point) { fill(point, 0, 0xc0); }},
      {"infinity with a coordinate", [=](std::span<std::uint8_t> point) { fill(point, 1, 0x40); }},
      {"outside the subgroup", [=](std::span<std::uint8_t> point) { fill(point, 0, 0); }},
      {"off the curve",
       [=](std::span<std::uint8_t> point) {
         std::uint8_t x = 0;
         do {
           fill(point, ++x, 0);
         } while (gpu::decompress(point, gpu::Membership::Trust).ok());
       }},
      {"not below q",
       [](std::span<std::uint8_t> point) {
         std::ranges::fill(point, 0xff);
         point.back() = 0x3f;
       }},
  };
}

TEST_P(PuzzleVerifiersTest, RefusesEveryKindOfGarbageAndSaysWhich) {
  std::set<std::string> texts;
  for (const Garbage& kind : garbage()) {
    Share share = right(1);
    kind.spoil(share.commitment);
    EXPECT_NE(refusal(share), "") << kind.name << " as a commitment";
    texts.insert(refusal(share));
    share = right(1);
    kind.spoil(std::span(share.proof).first(48));
    EXPECT_NE(refusal(share), "") << kind.name << " as a proof";
  }
  EXPECT_GE(texts.size(), 4U);
  Share share = right(1);
  share.proof.back() = 1;
  EXPECT_NE(refusal(share), "");
}

// On the wire: code 20 for all of it, and the nonce stays its finder's.
TEST_P(PuzzleVerifiersTest, GarbageOnTheWireIsCode20AndTakesNothingFromTheFinder) {
  base::SeededRandom random(1);
  ShareLedger ledger(random);
  ledger.begin_job(job_);
  const auto submit = [&](const Share& share) {
    ledger.submit({1, 1, "w", 1, share, commitment_target(share.commitment)});
    if (const auto next = ledger.poll_verification()) {
      ledger.handle_verified(next->ticket, verifier_->verify(next->share));
    }
    if (const auto next = ledger.poll_append()) {
      ledger.handle_appended(next->ticket, Appended::Counted);
    }
    const auto answer = ledger.poll_answer();
    return answer->refusal ? static_cast<int>(answer->refusal->code) : 0;
  };
  for (const Garbage& kind : garbage()) {
    Share share = right(1);
    kind.spoil(share.commitment);
    EXPECT_EQ(submit(share), 20) << kind.name;
    share = right(1);
    kind.spoil(std::span(share.proof).first(48));
    EXPECT_EQ(submit(share), 20) << kind.name;
  }
  EXPECT_EQ(submit(right(1)), 0);
  EXPECT_EQ(submit(right(1)), 22);
}

INSTANTIATE_TEST_SUITE_P(By, PuzzleVerifiersTest, ::testing::Bool(),
                         [](const auto& test) { return test.param ? "Pairing" : "Recomputation"; });

TEST(RecomputationTest, RefusesADegreeWithoutPowers) {
  const ToySrs toy = make_toy_srs(gpu::Fr::from_u64(5), kDegree);
  Job job = pool_test::job_of(1);
  job.challenge.degree = kPuzzleDegree;
  const auto made =
      verify_by_recomputation(std::make_shared<Srs>(toy.srs), gpu::one_after_another)(job);
  ASSERT_FALSE(made.ok());
  EXPECT_TRUE(made.error().text().starts_with("degree 8191, expected at most "));
}

}  // namespace
}  // namespace prover
