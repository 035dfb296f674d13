#include "prover/pool/share_ledger.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "overlay/base/check.h"
#include "overlay/base/hex.h"
#include "overlay/crypto/digest.h"

namespace prover {

JobKey key_of(const Job& job) {
  const auto challenge = encode(job.challenge);
  crypto::Sha256 digest;
  digest.update(challenge);
  digest.update(job.address);
  const crypto::Digest256 whole = digest.finish();
  JobKey key{};
  std::copy_n(whole.begin(), key.size(), key.begin());
  return key;
}

// A commitment is looked up before it is verified, so anybody chooses its bytes; but only points
// that cost a proof of work each are ever kept, so nobody fills a bucket.
std::size_t ShareLedger::CommitmentHash::operator()(const CommitmentBytes& bytes) const {
  std::size_t hash = 0;
  std::memcpy(&hash, bytes.data(), sizeof(hash));
  return hash;
}

void ShareLedger::restore(const ShareStore::Contents& contents) {
  CHECK(!job_ && last_ticket_ == kStored);
  credits_ = contents.credits;
  if (contents.job) {
    key_ = contents.job->key;
    for (const AcceptedShare& share : contents.shares) {
      nonces_[share.nonce] = kStored;
      commitments_[share.commitment] = kStored;
    }
  }
}

void ShareLedger::begin_job(const Job& job) {
  const JobKey key = key_of(job);
  job_ = job;
  if (key != key_) {
    key_ = key;
    nonces_.clear();
    commitments_.clear();
  }
}

std::optional<Ticket> ShareLedger::holder_of(const Share& share) const {
  if (const auto found = nonces_.find(share.nonce); found != nonces_.end()) {
    return found->second;
  }
  if (const auto found = commitments_.find(share.commitment); found != commitments_.end()) {
    return found->second;
  }
  return std::nullopt;
}

// Whether the share is one that was verified before. The answer waits until that one is durable.
bool ShareLedger::refuse_seen(Claim& claim) {
  const auto holder = holder_of(claim.share);
  if (!holder) {
    return false;
  }
  const auto pending = claims_.find(*holder);
  if (*holder == kStored || pending == claims_.end()) {
    refuse(claim, StratumCode::Duplicate, "this share was counted before");
  } else {
    ++waiters_;
    pending->second.same.push_back(std::move(claim));
  }
  return true;
}

void ShareLedger::mark(const Share& share, Ticket holder) {
  nonces_[share.nonce] = holder;
  commitments_[share.commitment] = holder;
}

void ShareLedger::refuse(const Claim& claim, StratumCode code, std::string text, bool is_invalid) {
  ++results_.refused[code];
  answers_.push_back({claim.session, claim.id, 0, Refusal{code, std::move(text)}, is_invalid});
}

void ShareLedger::note_refused(StratumCode code) {
  ++results_.submitted;
  ++results_.refused[code];
}

void ShareLedger::submit(Claim claim) {
  CHECK(job_);
  ++results_.submitted;
  if (refuse_seen(claim)) {
    return;
  }
  if (claim.credit == 0) {
    refuse(claim, StratumCode::LowDifficulty,
           "the commitment's target is " + std::to_string(claim.target) +
               ", lower than the one that was set");
    return;
  }
  if (nonces_.size() >= kSharesPerJobMax) {
    refuse(claim, StratumCode::Other,
           std::to_string(kSharesPerJobMax) + " shares in this epoch, which is what a pool takes");
    return;
  }
  const Ticket ticket = ++last_ticket_;
  verifications_.push_back({ticket, claim.share});
  claims_.emplace(ticket, Pending{std::move(claim), key_, {}});
}

void ShareLedger::handle_verified(Ticket ticket, const base::Status& status) {
  const auto found = claims_.find(ticket);
  CHECK(found != claims_.end());
  Claim& claim = found->second.claim;
  if (found->second.job != key_) {
    refuse(claim, StratumCode::Stale, "the epoch ended while the share was verified");
  } else if (!status.ok()) {
    refuse(claim, StratumCode::Other, status.error().text(), true);
  } else if (!refuse_seen(claim)) {
    mark(claim.share, ticket);
    AcceptedShare share{
        key_, claim.share.nonce, claim.share.commitment, claim.worker, claim.credit, claim.target,
        {}};
    random_.fill(share.token);
    appends_.push_back({ticket, std::move(share)});
    return;
  }
  claims_.erase(found);
}

void ShareLedger::handle_appended(Ticket ticket, Appended outcome) {
  auto node = claims_.extract(ticket);
  CHECK(!node.empty());
  const Claim& claim = node.mapped().claim;
  if (node.mapped().job == key_ && outcome != Appended::Over) {
    mark(claim.share, kStored);
  }
  switch (outcome) {
    case Appended::Counted: {
      Credit& credit = credits_[claim.worker];
      credit.targets += claim.credit;
      ++credit.shares;
      ++results_.accepted;
      answers_.push_back({claim.session, claim.id, claim.credit, std::nullopt, false});
      break;
    }
    case Appended::Duplicate:
      refuse(claim, StratumCode::Duplicate, "this share was counted before");
      break;
    case Appended::Over:
      refuse(claim, StratumCode::Stale, "the epoch ended before the share was stored");
      break;
  }
  for (const Claim& same : node.mapped().same) {
    --waiters_;
    if (outcome == Appended::Over) {
      refuse(same, StratumCode::Stale, "the epoch ended before the share was stored");
    } else {
      refuse(same, StratumCode::Duplicate, "this share was counted before");
    }
  }
}

namespace {

template <typename T>
std::optional<T> take_first(std::deque<T>& queue) {
  if (queue.empty()) {
    return std::nullopt;
  }
  T first = std::move(queue.front());
  queue.pop_front();
  return first;
}

}  // namespace

std::optional<ShareLedger::Verification> ShareLedger::poll_verification() {
  return take_first(verifications_);
}

std::optional<ShareLedger::Append> ShareLedger::poll_append() {
  return take_first(appends_);
}

std::optional<ShareLedger::Answered> ShareLedger::poll_answer() {
  return take_first(answers_);
}

}  // namespace prover
