// The share store in memory, with a power switch: what a crash leaves undone, what an answer that
// is lost does.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <utility>

#include "prover/pool/share_store.h"

namespace prover::pool_test {

// What is durable.
class MemoryDisk {
 public:
  struct JobShares {
    std::map<std::uint64_t, AcceptedShare> by_nonce;
    std::set<CommitmentBytes> commitments;
  };

  Appended append(const AcceptedShare& share) {
    JobShares& shares = jobs_[share.job];
    if (const auto found = shares.by_nonce.find(share.nonce); found != shares.by_nonce.end()) {
      return found->second.token == share.token ? Appended::Counted : Appended::Duplicate;
    }
    if (!job_ || job_->key != share.job) {
      return Appended::Over;
    }
    if (!shares.commitments.insert(share.commitment).second) {
      return Appended::Duplicate;
    }
    shares.by_nonce[share.nonce] = share;
    Credit& credit = credits_[share.worker];
    credit.targets += share.credit;
    ++credit.shares;
    return Appended::Counted;
  }
  void begin_job(const ShareStore::LivingJob& job) {
    if (!job_ || job_->key != job.key) {
      job_ = job;
    }
  }
  ShareStore::Contents load() {
    ShareStore::Contents contents;
    contents.life = ++lives_;
    contents.job = job_;
    contents.credits = credits_;
    if (job_) {
      for (const auto& [nonce, share] : jobs_[job_->key].by_nonce) {
        contents.shares.push_back(share);
      }
    }
    return contents;
  }

  const std::map<JobKey, JobShares>& jobs() const { return jobs_; }
  const Credits& credits() const { return credits_; }

 private:
  std::uint64_t lives_ = 0;
  std::optional<ShareStore::LivingJob> job_;
  std::map<JobKey, JobShares> jobs_;
  Credits credits_;
};

class MemoryShareStore : public ShareStore {
 public:
  explicit MemoryShareStore(MemoryDisk& disk) : disk_(disk) {}

  void load(std::function<void(base::Result<Contents>)> done) override {
    push([this, done] { done(disk_.load()); });
  }
  void begin_job(const LivingJob& job, std::function<void()> done) override {
    push([this, job, done] {
      disk_.begin_job(job);
      done();
    });
  }
  void append(const AcceptedShare& share, std::function<void(Appended)> done) override {
    push([this, share, done] {
      if (std::exchange(is_next_answer_lost_, false)) {
        disk_.append(share);  // carried out, and carried out again as nothing was heard
      }
      done(disk_.append(share));
    });
    raw_.push_back(share);
  }

  // Carries out one thing. False when there is none.
  bool run_one() {
    if (queue_.empty()) {
      return false;
    }
    const auto next = std::move(queue_.front());
    queue_.pop_front();
    next();
    return true;
  }
  std::size_t waiting() const { return queue_.size(); }
  void lose_next_answer() { is_next_answer_lost_ = true; }
  // The pool's process dies while `count` of the appends that wait reach the disk.
  void crash(std::size_t count) {
    const std::size_t first = raw_.size() - std::min(queue_.size(), raw_.size());
    for (std::size_t i = first; i < raw_.size() && i < first + count; ++i) {
      disk_.append(raw_[i]);
    }
    queue_.clear();
  }

 private:
  void push(std::function<void()> act) { queue_.push_back(std::move(act)); }

  MemoryDisk& disk_;
  std::deque<std::function<void()>> queue_;
  std::vector<AcceptedShare> raw_;  // every append, in order
  bool is_next_answer_lost_ = false;
};

}  // namespace prover::pool_test
