#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "overlay/base/random.h"
#include "overlay/base/result.h"
#include "prover/pool/share_store.h"
#include "prover/pool/stratum.h"

namespace prover {

using SessionNumber = std::uint64_t;  // of a connection; never used twice
using Ticket = std::uint64_t;         // of a share on its way; never used twice

// Takes shares from their submission to their one answer. Pure.
//
//   submit() -> seen? -> enough? -> Verifying -> seen meanwhile? -> Storing -> Counted: credited
//                |          |          |              |               |
//                22         23         20         22, when the        22 or 21, as the store
//                                                 other is stored     says
//
// Invariants:
// - A nonce or commitment is marked as seen only once its share was verified, so that garbage with
//   somebody's nonce takes nothing from him; and stays so for as long as its job lives.
// - Nobody is told "accepted", nor "duplicate", before the share is durable.
// - submitted = accepted + refused + on its way. Credits are what the store holds.
class ShareLedger {
 public:
  static constexpr std::size_t kSharesPerJobMax = 4'000'000;  // counted; then all are refused

  struct Claim {
    SessionNumber session = 0;
    MessageId id;
    std::string worker;
    std::uint64_t credit = 0;  // the session's target; 0: the share does not reach it
    Share share;
    std::uint64_t target = 0;  // that the share's commitment reaches
  };
  struct Verification {
    Ticket ticket = 0;
    Share share;
  };
  struct Append {
    Ticket ticket = 0;
    AcceptedShare share;
  };
  struct Answered {
    SessionNumber session = 0;
    MessageId id;
    std::uint64_t credit = 0;
    std::optional<Refusal> refusal;
    bool is_invalid = false;  // did not verify
  };
  struct Results {
    std::uint64_t submitted = 0;
    std::uint64_t accepted = 0;
    std::map<StratumCode, std::uint64_t> refused;
  };

  explicit ShareLedger(base::RandomSource& random) : random_(random) {}

  // What the store held. Call before anything else.
  void restore(const ShareStore::Contents& contents);
  // Shares of an earlier job are refused from now on, except those that the store counts yet. The
  // job worked on already changes nothing.
  void begin_job(const Job& job);
  const std::optional<Job>& job() const { return job_; }

  void submit(Claim claim);
  // A share that was refused before it could become a claim.
  void note_refused(StratumCode code);
  // Require a ticket that was polled and not yet handled.
  void handle_verified(Ticket ticket, const base::Status& status);
  void handle_appended(Ticket ticket, Appended outcome);

  std::optional<Verification> poll_verification();
  std::optional<Append> poll_append();
  std::optional<Answered> poll_answer();

  bool has_verification() const { return !verifications_.empty(); }
  const Results& results() const { return results_; }
  const Credits& credits() const { return credits_; }
  std::size_t on_their_way() const { return claims_.size() + waiters_; }
  std::size_t seen() const { return nonces_.size(); }

 private:
  struct Pending {
    Claim claim;
    JobKey job{};
    std::vector<Claim> same;  // submitted while this one is being stored
  };
  struct CommitmentHash {
    std::size_t operator()(const CommitmentBytes& bytes) const;
  };
  static constexpr Ticket kStored = 0;

  std::optional<Ticket> holder_of(const Share& share) const;
  bool refuse_seen(Claim& claim);
  void mark(const Share& share, Ticket holder);
  void refuse(const Claim& claim, StratumCode code, std::string text, bool is_invalid = false);

  base::RandomSource& random_;
  std::optional<Job> job_;
  JobKey key_{};
  std::map<Ticket, Pending> claims_;
  std::size_t waiters_ = 0;
  Ticket last_ticket_ = kStored;
  // Of the living job: who holds them, a share being stored or kStored.
  std::unordered_map<std::uint64_t, Ticket> nonces_;
  std::unordered_map<CommitmentBytes, Ticket, CommitmentHash> commitments_;
  std::deque<Verification> verifications_;
  std::deque<Append> appends_;
  std::deque<Answered> answers_;
  Results results_;
  Credits credits_;
};

}  // namespace prover
