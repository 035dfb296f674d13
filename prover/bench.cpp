#include "prover/bench.h"

#include <atomic>
#include <cstdio>
#include <functional>
#include <thread>
#include <vector>

#include <nlohmann/json.hpp>

#include "gpu/msm/batch_sums.h"
#include "overlay/loop/clock.h"
#include "overlay/loop/loop.h"
#include "overlay/loop/timer.h"
#include "prover/bench_epoch.h"

namespace prover {
namespace {

using gpu::BatchSums;

constexpr std::uint64_t kProductsPerRound = 1 << 16;
constexpr double kShortMeasure_s = 1.0;

BatchSums::Shape shape_of(const BenchOptions& options) {
  return {.proofs = options.engine.batch, .width = BatchSums::best_width(options.engine.batch)};
}

double seconds_since(base::TimePoint began) {
  return std::chrono::duration<double>(loop::monotonic_now() - began).count();
}

void wait(base::Duration span) {
  loop::Loop loop;
  loop::Timer timer(loop, [&loop] { loop.stop(); });
  timer.start_after(span);
  loop.run();
}

// How often a second, over all threads, `round` counts things, for at least `seconds`.
double rate(const BenchOptions& options, double seconds,
            const std::function<std::function<std::uint64_t()>()>& make_round) {
  std::atomic<std::uint64_t> total = 0;
  const base::TimePoint began = loop::monotonic_now();
  {
    std::vector<std::jthread> threads;
    for (unsigned i = 0; i < options.engine.threads; ++i) {
      threads.emplace_back([&] {
        const auto round = make_round();
        while (seconds_since(began) < seconds) {
          total += round();
        }
      });
    }
  }
  return static_cast<double>(total) / seconds_since(began);
}

double measure_products(const BenchOptions& options) {
  return rate(options, kShortMeasure_s, [&] {
    std::shared_ptr<BatchSums> sums =
        BatchSums::make(options.engine.arithmetic, {.proofs = BatchSums::kProofsStep, .width = 2});
    return [sums] { return sums->multiply(kProductsPerRound); };  // this thread's own
  });
}

double measure_additions(const BenchOptions& options, const EpochBases& epoch) {
  const BatchSums::Shape shape = shape_of(options);
  return rate(options, kShortMeasure_s, [&, shape] {
    std::shared_ptr<BatchSums> sums = BatchSums::make(options.engine.arithmetic, shape);
    std::vector<gpu::Limbs<4>> scalars;
    for (std::size_t i = 0; i < shape.proofs; ++i) {
      scalars.push_back(epoch.polynomial[i % epoch.polynomial.size()].canonical());
    }
    const auto next = std::make_shared<std::size_t>(0);
    return [&epoch, sums, scalars, next, shape] {  // this thread's own
      const std::size_t base = (*next)++ % epoch.bases.size();
      sums->add(std::span(epoch.bases).subspan(base, 1), scalars);
      return static_cast<std::uint64_t>(BatchSums::additions_per_sum(shape, 1) *
                                        static_cast<double>(shape.proofs));
    };
  });
}

// One batch whose first sum is compared with [p(beta) e(beta)] G.
base::Status check_sums(const BenchOptions& options, const EpochBases& epoch) {
  const auto sums =
      BatchSums::make(options.engine.arithmetic, {.proofs = BatchSums::kProofsStep, .width = 4});
  const Polynomial polynomial = prover_polynomial(epoch.challenge, {}, 0);
  for (std::size_t i = 0; i < epoch.bases.size(); ++i) {
    const std::vector<gpu::Limbs<4>> scalars(BatchSums::kProofsStep, polynomial[i].canonical());
    sums->add(std::span(epoch.bases).subspan(i, 1), scalars);
  }
  if (sums->sums().front() != bench_commitment(epoch, 0)) {
    return base::Error(base::Errc::Device, "a commitment is not what its polynomial says");
  }
  return {};
}

double measure_proofs(const BenchOptions& options, std::shared_ptr<const EpochBases> epoch) {
  const auto engine = make_cpu_engine(options.engine, [](const Engine::Hit&) {});
  engine->set_target(~std::uint64_t{0});
  const double per_proof = static_cast<double>(epoch->bases.size());
  const base::TimePoint began = loop::monotonic_now();
  engine->set_work({.epoch = std::move(epoch), .address = {}, .nonces = {0, ~std::uint64_t{0}}});
  wait(std::chrono::seconds(options.seconds));
  const double done = static_cast<double>(engine->stats().coefficients);
  return done / per_proof / seconds_since(began);
}

}  // namespace

base::Result<BenchFigures> run_bench(const BenchOptions& options) {
  const auto epoch = make_bench_epoch(options.degree, 0, options.engine.threads);
  if (auto status = check_sums(options, *epoch); !status.ok()) {
    return status.error();
  }
  BenchFigures figures;
  figures.mul_per_proof = BatchSums::additions_per_sum(shape_of(options), epoch->bases.size()) *
                          BatchSums::kProductsPerAddition;
  const double before = measure_products(options);
  figures.adds_per_s = measure_additions(options, *epoch);
  figures.proofs_per_s = measure_proofs(options, epoch);
  figures.fq_mul_per_s = (before + measure_products(options)) / 2;
  figures.roofline_share = figures.proofs_per_s * figures.mul_per_proof / figures.fq_mul_per_s;
  return figures;
}

std::string bench_json(const BenchOptions& options, const BenchFigures& figures) {
  return nlohmann::json{{"engine", gpu::name(options.engine.arithmetic)},
                        {"threads", options.engine.threads},
                        {"batch", options.engine.batch},
                        {"degree", options.degree},
                        {"proofs_per_s", figures.proofs_per_s},
                        {"fq_mul_per_s", figures.fq_mul_per_s},
                        {"adds_per_s", figures.adds_per_s},
                        {"mul_per_proof", figures.mul_per_proof},
                        {"roofline_share", figures.roofline_share}}
      .dump();
}

std::string bench_text(const BenchOptions& options, const BenchFigures& figures) {
  char line[400];
  std::snprintf(line, sizeof(line),
                "engine             %s, %u threads, batches of %zu, degree %u\n"
                "proofs             %.2f /s\n"
                "Fq products        %.2f million/s (%.1f ns a product and thread)\n"
                "affine additions   %.2f million/s\n"
                "products a proof   %.0f\n"
                "share of roofline  %.1f %%\n",
                std::string(gpu::name(options.engine.arithmetic)).c_str(), options.engine.threads,
                options.engine.batch, options.degree, figures.proofs_per_s,
                figures.fq_mul_per_s / 1e6, 1e9 * options.engine.threads / figures.fq_mul_per_s,
                figures.adds_per_s / 1e6, figures.mul_per_proof, 100 * figures.roofline_share);
  return line;
}

}  // namespace prover
