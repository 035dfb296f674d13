#include "prover/engine/cpu_engine.h"

#include <algorithm>
#include <atomic>
#include <thread>
#include <utility>
#include <vector>

#include "gpu/msm/batch_sums.h"
#include "prover/engine/coefficient_hash.h"
#include "prover/engine/work_dealer.h"
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

  void set_work(Work work) override { dealer_.set_work(std::move(work)); }
  void clear_work() override { dealer_.clear_work(); }

  void set_target(std::uint64_t target) override { target_ = std::max<std::uint64_t>(target, 1); }

  void finish() override { end(/*abandon=*/false); }

  // All threads are of one processor: which of them was wrong says nothing about the others.
  void take_out(const Hit&, const std::string&) override {}

  std::vector<Unit> units() const override {
    return {{.name = describe(), .is_working = true, .why = "", .reopened = 0}};
  }

  Stats stats() const override { return counters_.stats(); }

  std::string describe() const override {
    return "cpu " + std::string(gpu::name(options_.arithmetic)) + ", " +
           std::to_string(options_.threads) + (options_.threads == 1 ? " thread" : " threads") +
           ", batches of " + std::to_string(options_.batch);
  }

 private:
  using Batch = WorkDealer::Batch;

  void end(bool abandon) {
    dealer_.end(abandon);
    threads_.clear();  // joins
  }

  base::TimePoint now() const { return options_.clock ? options_.clock() : base::TimePoint(); }

  void run() {
    const BatchSums::Shape shape{.proofs = options_.batch,
                                 .width = BatchSums::best_width(options_.batch)};
    const auto sums = BatchSums::make(options_.arithmetic, shape);
    std::vector<gpu::Limbs<4>> scalars(BatchSums::kBasesMax * options_.batch);
    while (const auto batch = dealer_.take(options_.batch)) {
      const base::TimePoint began = now();
      if (sum_up(*batch, *sums, scalars)) {
        counters_.proofs += batch->count;
        counters_.round = (now() - began).count();
        report(*batch, *sums);
      } else {
        counters_.proofs_abandoned += batch->count;
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
      if (dealer_.is_worthless(batch)) {
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
      counters_.coefficients += count * batch.count;
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
      ++counters_.hits;
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
  WorkDealer dealer_;
  std::atomic<std::uint64_t> target_ = 1;
  EngineCounters counters_;
  std::vector<std::jthread> threads_;
};

}  // namespace

std::unique_ptr<Engine> make_cpu_engine(const CpuEngineOptions& options, Engine::OnHit on_hit) {
  return std::make_unique<CpuEngine>(options, std::move(on_hit));
}

}  // namespace prover
