#include "prover/pool/share_ledger.h"

#include <optional>
#include <vector>

#include <gtest/gtest.h>

#include "tests/unit/prover/pool/shares.h"

namespace prover {
namespace {

using pool_test::job_of;
using pool_test::make_share;

class ShareLedgerTest : public ::testing::Test {
 protected:
  ShareLedgerTest() { ledger_.begin_job(job_of(1)); }

  void submit(std::int64_t id, const Share& share, const std::string& worker = "w",
              std::uint64_t credit = 5) {
    ledger_.submit({1, id, worker, credit, share, commitment_target(share.commitment)});
  }
  // Verifies what waits, as the fake verifier would.
  std::size_t verify() {
    std::size_t count = 0;
    for (; const auto next = ledger_.poll_verification(); ++count) {
      ledger_.handle_verified(next->ticket, pool_test::check_share(next->share));
    }
    return count;
  }
  std::size_t store(Appended outcome = Appended::Counted) {
    std::size_t count = 0;
    for (; const auto next = ledger_.poll_append(); ++count) {
      ledger_.handle_appended(next->ticket, outcome);
    }
    return count;
  }
  // 0: accepted; the refusal's code; nothing: no answer yet.
  std::optional<int> answer() {
    const auto answered = ledger_.poll_answer();
    if (!answered) {
      return std::nullopt;
    }
    return answered->refusal ? static_cast<int>(answered->refusal->code) : 0;
  }
  void expect_balance() {
    std::uint64_t refused = 0;
    for (const auto& [code, count] : ledger_.results().refused) {
      refused += count;
    }
    EXPECT_EQ(ledger_.results().submitted,
              ledger_.results().accepted + refused + ledger_.on_their_way());
  }

  base::SeededRandom random_{1};
  ShareLedger ledger_{random_};
};

TEST_F(ShareLedgerTest, AcceptsAShareOnlyWhenItIsStored) {
  submit(1, make_share(1));
  EXPECT_EQ(answer(), std::nullopt);
  verify();
  EXPECT_EQ(answer(), std::nullopt);
  EXPECT_TRUE(ledger_.credits().empty());
  store();
  EXPECT_EQ(answer(), 0);
  EXPECT_EQ(ledger_.credits().at("w"), (Credit{5, 1}));
  expect_balance();
}

// The reference forgets its nonces every minute: a share can be sent again and again.
TEST_F(ShareLedgerTest, AReplayIsRefusedAsLongAsItsEpochLives) {
  const Share share = make_share(1);
  submit(1, share);
  verify();
  store();
  EXPECT_EQ(answer(), 0);
  for (int i = 0; i < 1000; ++i) {
    submit(2, share);
    EXPECT_EQ(answer(), 22);
  }
  EXPECT_EQ(verify(), 0U);  // and costs no verification
  EXPECT_EQ(ledger_.credits().at("w").shares, 1U);
  expect_balance();
}

TEST_F(ShareLedgerTest, TheSameCommitmentByAnotherNonceIsADuplicate) {
  submit(1, make_share(1));
  verify();
  store();
  answer();
  Share other = make_share(1);
  other.nonce = 2;
  submit(2, other);
  EXPECT_EQ(answer(), 22);
}

// The reference marks a nonce before it looks at the proof: garbage takes the share from its
// finder.
TEST_F(ShareLedgerTest, GarbageWithSomebodysNonceTakesNothingFromHim) {
  Share garbage = make_share(1, 1, 9);
  garbage.proof[0] ^= 1;
  submit(1, garbage, "thief");
  verify();
  EXPECT_EQ(answer(), 20);

  submit(2, make_share(1), "finder");
  verify();
  store();

  EXPECT_EQ(answer(), 0);
  EXPECT_EQ(ledger_.credits().at("finder").shares, 1U);
  EXPECT_FALSE(ledger_.credits().contains("thief"));
}

TEST_F(ShareLedgerTest, GarbageThatIsVerifiedAtTheSameTimeTakesNothingEither) {
  Share garbage = make_share(1);
  garbage.proof[0] ^= 1;
  submit(1, garbage, "thief");
  submit(2, make_share(1), "finder");
  verify();
  EXPECT_EQ(answer(), 20);
  store();
  EXPECT_EQ(answer(), 0);
}

TEST_F(ShareLedgerTest, OfTwoThatAreVerifiedAtTheSameTimeOneCounts) {
  submit(1, make_share(1), "a");
  submit(2, make_share(1), "b");
  EXPECT_EQ(verify(), 2U);
  EXPECT_EQ(answer(), std::nullopt);
  EXPECT_EQ(store(), 1U);
  EXPECT_EQ(answer(), 0);
  EXPECT_EQ(answer(), 22);
  expect_balance();
}

TEST_F(ShareLedgerTest, ADuplicateIsNotToldSoBeforeTheFirstIsDurable) {
  submit(1, make_share(1));
  verify();
  submit(2, make_share(1));
  EXPECT_EQ(answer(), std::nullopt);
  expect_balance();
  store();
  EXPECT_EQ(answer(), 0);
  EXPECT_EQ(answer(), 22);
}

TEST_F(ShareLedgerTest, LowDifficultyCostsNoVerification) {
  submit(1, make_share(1), "w", 0);
  EXPECT_EQ(answer(), 23);
  EXPECT_EQ(verify(), 0U);
}

TEST_F(ShareLedgerTest, WhatTheStoreSaysIsTheAnswer) {
  submit(1, make_share(1));
  verify();
  store(Appended::Duplicate);
  EXPECT_EQ(answer(), 22);
  submit(2, make_share(2));
  verify();
  store(Appended::Over);
  EXPECT_EQ(answer(), 21);
  EXPECT_TRUE(ledger_.credits().empty());
  expect_balance();
}

TEST_F(ShareLedgerTest, AShareThatIsVerifiedAfterItsEpochIsStale) {
  submit(1, make_share(1));
  const auto next = ledger_.poll_verification();
  ledger_.begin_job(job_of(2));
  ledger_.handle_verified(next->ticket, {});
  EXPECT_EQ(answer(), 21);
  expect_balance();
}

TEST_F(ShareLedgerTest, AShareThatTheStoreCountedAfterItsEpochCounts) {
  submit(1, make_share(1));
  verify();
  ledger_.begin_job(job_of(2));
  store();
  EXPECT_EQ(answer(), 0);
  EXPECT_EQ(ledger_.credits().at("w").shares, 1U);
  EXPECT_EQ(ledger_.seen(), 0U);  // and is nothing to the new epoch
}

TEST_F(ShareLedgerTest, ANonceMayBeUsedAgainInAnotherEpoch) {
  submit(1, make_share(1));
  verify();
  store();
  answer();
  ledger_.begin_job(job_of(2));
  submit(2, make_share(1));
  verify();
  store();
  EXPECT_EQ(answer(), 0);
}

TEST_F(ShareLedgerTest, TheSameJobAgainForgetsNothing) {
  submit(1, make_share(1));
  verify();
  store();
  answer();
  ledger_.begin_job(job_of(1));
  submit(2, make_share(1));
  EXPECT_EQ(answer(), 22);
}

TEST_F(ShareLedgerTest, WhatWasStoredIsKnownAfterARestart) {
  ShareStore::Contents contents;
  contents.job = ShareStore::LivingJob{key_of(job_of(1)), {1, {}}, {}};
  AcceptedShare stored;
  stored.nonce = 1;
  stored.commitment = make_share(1).commitment;
  contents.shares.push_back(stored);
  contents.credits["w"] = {40, 2};
  ShareLedger ledger(random_);

  ledger.restore(contents);
  ledger.begin_job(job_of(1));
  ledger.submit({1, 1, "w", 5, make_share(1), 1});

  EXPECT_EQ(ledger.poll_answer()->refusal->code, StratumCode::Duplicate);
  EXPECT_EQ(ledger.credits().at("w"), (Credit{40, 2}));
}

// The reference divides by it.
TEST(CommitmentTargetTest, TheHashZeroIsTheHighestTarget) {
  EXPECT_EQ(target_of_hash(0), UINT64_MAX);
  EXPECT_EQ(target_of_hash(1), UINT64_MAX);
  EXPECT_EQ(target_of_hash(UINT64_MAX), 1U);
}

}  // namespace
}  // namespace prover
