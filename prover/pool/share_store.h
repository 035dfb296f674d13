// Where accepted shares are kept. A share counts once it is here, and once only.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "overlay/base/result.h"
#include "overlay/base/time.h"
#include "prover/pool/epoch_driver.h"
#include "prover/pool/share.h"

namespace prover {

// What a worker has earned.
struct Credit {
  std::uint64_t targets = 0;  // sum of what its shares were credited with
  std::uint64_t shares = 0;

  friend bool operator==(const Credit&, const Credit&) = default;
};
using Credits = std::map<std::string, Credit>;

// Tells the shares of one job from those of all others.
using JobKey = std::array<std::uint8_t, 8>;
JobKey key_of(const Job& job);

struct AcceptedShare {
  JobKey job{};
  std::uint64_t nonce = 0;
  CommitmentBytes commitment{};
  std::string worker;
  std::uint64_t credit = 0;
  std::uint64_t target = 0;  // that its commitment reaches
  // Drawn for this append: tells an append repeated after a lost answer from another share.
  std::array<std::uint8_t, 16> token{};
};

enum class Appended {
  Counted,    // now, or by an earlier try of the same append
  Duplicate,  // the nonce or the commitment was counted before
  Over,       // the store is at another job
};

class ShareStore {
 public:
  // How many jobs' shares are kept for looking at; older ones go. Their credits stay.
  static constexpr std::size_t kJobsKept = 48;

  struct LivingJob {
    JobKey key{};
    Epoch epoch;
    base::WallTime started_at;
  };
  struct Contents {
    std::uint64_t life = 0;  // how often the store was opened, this time included
    std::optional<LivingJob> job;
    std::vector<AcceptedShare> shares;  // of that job; without credit, target and token
    Credits credits;
  };

  virtual ~ShareStore() = default;

  // All three answer from the loop, never inside the call, and go on trying until they can. Call
  // load() once, first, and begin_job() before appends for that job.
  //
  // Errors of load(): Malformed for contents that are not ours, LimitExceeded for more than a pool
  // can hold.
  virtual void load(std::function<void(base::Result<Contents>)> done) = 0;
  // From now on shares are taken for this job only. The same job again changes nothing.
  virtual void begin_job(const LivingJob& job, std::function<void()> done) = 0;
  // Durable when `done` runs.
  virtual void append(const AcceptedShare& share, std::function<void(Appended)> done) = 0;
};

}  // namespace prover
