#include "prover/engine/cpu_engine.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "gpu/msm/batch_sums.h"
#include "prover/engine/coefficient_hash.h"
#include "prover/puzzle/polynomial.h"
#include "prover/puzzle/target.h"

namespace prover {
namespace {

using gpu::BatchSums;

class CpuEngine final : public Engine {
 public:
  CpuEngine(const CpuEngineOptions& options, OnHit on_hit)
      : options_(options), on_hit_(std::move(on_hit)) {
    CHECK(options.threads >= 1 && options.threads <= kCpuThreadsMax);
    for (unsigned i = 0; i < options.threads; ++i) {
      threads_.emplace_back([this] { run(); });
    }
  }

  ~CpuEngine() override { end(/*abandon=*/true); }

  void set_work(Work work) override {
    CHECK(work.epoch != nullptr);
    const std::scoped_lock lock(mutex_);
    work_ = std::make_shared<const Work>(std::move(work));
    next_ = 0;
    ++generation_;
    changed_.notify_all();
  }

  void clear_work() override {
    const std::scoped_lock lock(mutex_);
    work_.reset();
    ++generation_;
  }

  void set_target(std::uint64_t target) override { target_ = std::max<std::uint64_t>(target, 1); }

  void finish() override { end(/*abandon=*/false); }

  // All threads are of one processor: which of them was wrong says nothing about the others.
  void take_out(const Hit&, const std::string&) override {}

  std::vector<Unit> units() const override {
    return {{.name = describe(), .is_working = true, .why = "", .reopened = 0}};
  }

  Stats stats() const override {
    return {.proofs = proofs_,
            .coefficients = coefficients_,
            .hits = hits_,
            .proofs_abandoned = proofs_abandoned_,
            .round = base::Duration(round_.load())};
  }

  std::string describe() const override {
    return "cpu " + std::string(gpu::name(options_.arithmetic)) + ", " +
           std::to_string(options_.threads) + (options_.threads == 1 ? " thread" : " threads") +
           ", batches of " + std::to_string(options_.batch);
  }

 private:
  struct Batch {
    std::shared_ptr<const Work> work;  // shared with the engine and the other threads
    std::uint64_t generation = 0;
    std::uint64_t first = 0;  // nonce
    std::size_t count = 0;    // nonces that count; the rest of the batch fills lanes
  };

  void end(bool abandon) {
    {
      const std::scoped_lock lock(mutex_);
      is_ending_ = true;
      if (abandon) {
        ++generation_;
      }
      changed_.notify_all();
    }
    threads_.clear();  // joins
  }

  base::TimePoint now() const { return options_.clock ? options_.clock() : base::TimePoint(); }

  // The next batch; nothing when the engine ends. Waits while there is no work.
  std::optional<Batch> take() {
    std::unique_lock lock(mutex_);
    changed_.wait(
        lock, [this] { return is_ending_ || (work_ != nullptr && next_ < work_->nonces.count); });
    if (is_ending_) {
      return std::nullopt;
    }
    Batch batch{
        .work = work_, .generation = generation_, .first = work_->nonces.first + next_, .count = 0};
    batch.count = static_cast<std::size_t>(
        std::min<std::uint64_t>(options_.batch, work_->nonces.count - next_));
    next_ += batch.count;
    return batch;
  }

  void run() {
    const BatchSums::Shape shape{.proofs = options_.batch,
                                 .width = BatchSums::best_width(options_.batch)};
    const auto sums = BatchSums::make(options_.arithmetic, shape);
    std::vector<gpu::Limbs<4>> scalars(BatchSums::kBasesMax * options_.batch);
    while (const auto batch = take()) {
      const base::TimePoint began = now();
      if (sum_up(*batch, *sums, scalars)) {
        proofs_ += batch->count;
        round_ = (now() - began).count();
        report(*batch, *sums);
      } else {
        proofs_abandoned_ += batch->count;
      }
    }
  }

  // False when the work was replaced meanwhile.
  bool sum_up(const Batch& batch, BatchSums& sums, std::span<gpu::Limbs<4>> scalars) {
    const EpochBases& epoch = *batch.work->epoch;
    std::vector<Seed> seeds;
    for (std::size_t i = 0; i < options_.batch; ++i) {
      seeds.push_back(prover_seed(epoch.challenge, batch.work->address, batch.first + i));
    }
    const std::span<const gpu::G1Affine> bases = epoch.bases;
    sums.clear();
    for (std::size_t first = 0; first < bases.size(); first += BatchSums::kBasesMax) {
      if (batch.generation != generation_) {
        return false;
      }
      const std::size_t count = std::min(BatchSums::kBasesMax, bases.size() - first);
      for (std::size_t base = 0; base < count; ++base) {
        for (std::size_t i = 0; i < seeds.size(); i += kSeedLanes) {
          hash_coefficients(std::span(seeds).subspan(i).first<kSeedLanes>(),
                            static_cast<std::uint32_t>(first + base),
                            scalars.subspan(base * seeds.size() + i).first<kSeedLanes>());
        }
      }
      sums.add(bases.subspan(first, count), scalars.first(count * seeds.size()));
      coefficients_ += count * batch.count;
    }
    return true;
  }

  void report(const Batch& batch, const BatchSums& sums) {
    const auto points = sums.sums();
    for (std::size_t i = 0; i < batch.count; ++i) {
      const std::uint64_t target = target_of(points[i]);
      if (target < target_) {
        continue;
      }
      ++hits_;
      on_hit_({.challenge = batch.work->epoch->challenge,
               .solution = {.address = batch.work->address,
                            .nonce = batch.first + i,
                            .commitment = points[i]},
               .target = target,
               .unit = 0});
    }
  }

  const CpuEngineOptions options_;
  const OnHit on_hit_;
  std::mutex mutex_;  // of work_, next_ and is_ending_
  std::condition_variable changed_;
  std::shared_ptr<const Work> work_;  // shared with the batches of the threads
  std::uint64_t next_ = 0;            // nonces of the work that were taken
  bool is_ending_ = false;
  std::atomic<std::uint64_t> generation_ = 0;
  std::atomic<std::uint64_t> target_ = 1;
  std::atomic<std::uint64_t> proofs_ = 0;
  std::atomic<std::uint64_t> coefficients_ = 0;
  std::atomic<std::uint64_t> hits_ = 0;
  std::atomic<std::uint64_t> proofs_abandoned_ = 0;
  std::atomic<base::Duration::rep> round_ = 0;
  std::vector<std::jthread> threads_;
};

}  // namespace

std::unique_ptr<Engine> make_cpu_engine(const CpuEngineOptions& options, Engine::OnHit on_hit) {
  return std::make_unique<CpuEngine>(options, std::move(on_hit));
}

}  // namespace prover
