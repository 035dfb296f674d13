#include "prover/bench_cuda.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdio>
#include <functional>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "gpu/runtime/inventory.h"
#include "overlay/base/hex.h"
#include "overlay/loop/clock.h"
#include "overlay/loop/loop.h"
#include "overlay/loop/timer.h"
#include "prover/bench_epoch.h"
#include "prover/engine/gpu_engine.h"
#include "prover/engine/gpu_library.h"

namespace prover {
namespace {

constexpr double kShortMeasure_s = 1.0;
constexpr double kProductsPerAddition = 7;
constexpr base::Duration kLookEvery = std::chrono::milliseconds(5);
constexpr std::uint32_t kWarmEpoch = 1;
constexpr std::uint32_t kMeasuredEpoch = 2;

double seconds_since(base::TimePoint began) {
  return std::chrono::duration<double>(loop::monotonic_now() - began).count();
}

// Returns once `is_done` says so, or after `limit`; looks every few milliseconds.
void wait_until(base::Duration limit, const std::function<bool()>& is_done) {
  loop::Loop loop;
  const base::TimePoint began = loop::monotonic_now();
  std::optional<loop::Timer> timer;
  timer.emplace(loop, [&] {
    if (is_done() || loop::monotonic_now() - began >= limit) {
      loop.stop();
    } else {
      timer->start_after(kLookEvery);
    }
  });
  timer->start_after(kLookEvery);
  loop.run();
}

// NVML's number of the card that CUDA numbers otherwise, by its identity.
std::optional<std::size_t> find(const gpu::Inventory& inventory, const Card::Facts& card) {
  std::string wanted = base::hex_encode(card.uuid);
  for (std::size_t i = 0; i < inventory.devices().size(); ++i) {
    std::string uuid = inventory.devices()[i].uuid;
    uuid.erase(0, uuid.find('-') + 1);  // "GPU-", "MIG-"
    std::erase(uuid, '-');
    if (uuid == wanted) {
      return i;
    }
  }
  return std::nullopt;
}

// The first hits of the measured epoch, which are compared with what beta says.
class FirstHits {
 public:
  void add(const Engine::Hit& hit) {
    const std::scoped_lock lock(mutex_);
    if (hit.challenge.epoch_number == kMeasuredEpoch && hits_.size() < kMax) {
      hits_.push_back(hit);
    }
  }
  bool has_any() {
    const std::scoped_lock lock(mutex_);
    return !hits_.empty();
  }
  base::Status check(const EpochBases& epoch) {
    const std::scoped_lock lock(mutex_);
    for (const Engine::Hit& hit : hits_) {
      if (hit.solution.commitment != bench_commitment(epoch, hit.solution.nonce)) {
        return base::Error(base::Errc::Device,
                           "nonce " + std::to_string(hit.solution.nonce) +
                               ": the card's commitment is not what its polynomial says");
      }
    }
    if (hits_.empty()) {
      return base::Error(base::Errc::Device, "no hit to compare");
    }
    return {};
  }

 private:
  static constexpr std::size_t kMax = 64;
  std::mutex mutex_;
  std::vector<Engine::Hit> hits_;
};

// Power and clock while something else is measured.
class Meter {
 public:
  explicit Meter(const Card::Facts& card) : inventory_(gpu::Inventory::open()) {
    if (inventory_.ok()) {
      index_ = find(inventory_.value(), card);
    }
  }
  std::string driver() const { return inventory_.ok() ? inventory_.value().driver() : ""; }
  gpu::DeviceReading read() const {
    return index_.has_value() ? inventory_.value().read(*index_) : gpu::DeviceReading();
  }

 private:
  base::Result<gpu::Inventory> inventory_;
  std::optional<std::size_t> index_;
};

struct Rate {
  double proofs_per_s = 0;
  double power_w = 0;
  double sm_clock_mhz = 0;
};

Rate measure_rate(const Engine& engine, const Meter& meter, double bases, unsigned seconds) {
  const auto before = meter.read();
  const std::uint64_t coefficients = engine.stats().coefficients;
  const base::TimePoint began = loop::monotonic_now();
  wait_until(std::chrono::seconds(seconds), [] { return false; });
  const double passed = seconds_since(began);
  const auto after = meter.read();
  Rate out;
  out.proofs_per_s =
      static_cast<double>(engine.stats().coefficients - coefficients) / bases / passed;
  if (before.energy_j.has_value() && after.energy_j.has_value()) {
    out.power_w = (*after.energy_j - *before.energy_j) / passed;
  } else {
    out.power_w = after.power_w.value_or(0);
  }
  out.sm_clock_mhz = after.sm_clock_mhz.value_or(0);
  return out;
}

// Rates of single steps, on a card of their own, which is closed after them.
base::Status measure_steps(const GpuLibrary& library, const CardOptions& options,
                           const EpochBases& epoch, CudaBenchFigures& figures) {
  auto card = library.open_card(0, options);
  if (!card.ok()) {
    return card.error();
  }
  figures.card = card.value()->facts();
  if (auto status = card.value()->set_bases(gpu::to_te_entries(epoch.bases)); !status.ok()) {
    return status;
  }
  const auto products = card.value()->measure(Card::Measure::Products, kShortMeasure_s);
  if (!products.ok()) {
    return products.error();
  }
  const auto additions = card.value()->measure(Card::Measure::Additions, kShortMeasure_s);
  if (!additions.ok()) {
    return additions.error();
  }
  figures.fq_mul_per_s = products.value();
  figures.adds_per_s = additions.value();
  return {};
}

base::Status measure_proofs(const GpuLibrary& library, const CudaBenchOptions& options,
                            CudaBenchFigures& figures) {
  const OpenCard open = [&](std::uint32_t index) { return library.open_card(index, options.card); };
  auto cards = open_cards(1, open);
  if (!cards.ok()) {
    return cards.error();
  }
  FirstHits hits;
  const auto engine =
      make_gpu_engine({.open = open, .clock = loop::monotonic_now}, std::move(cards).value(),
                      [&](const Engine::Hit& hit) { hits.add(hit); });
  // About sixteen hits a batch: they cost nothing, and no batch is without one.
  engine->set_target(std::max<std::uint64_t>(figures.card.batch / 16, 1));
  const auto is_dead = [&] { return !engine->units().front().is_working; };
  const auto batches = [&] { return engine->stats().proofs / figures.card.batch; };
  constexpr base::Duration kPatience = std::chrono::seconds(120);
  const auto work = [&](std::shared_ptr<const EpochBases> epoch) {  // the engine's too from then on
    engine->set_work({.epoch = std::move(epoch), .address = {}, .nonces = {0, ~std::uint64_t{0}}});
  };
  const auto warm = make_bench_epoch(options.card.degree_max, kWarmEpoch, options.threads);
  const auto epoch = make_bench_epoch(options.card.degree_max, kMeasuredEpoch, options.threads);

  work(warm);
  wait_until(kPatience, [&] { return batches() >= 2 || is_dead(); });
  const base::TimePoint began = loop::monotonic_now();
  work(epoch);
  wait_until(kPatience, [&] { return hits.has_any() || is_dead(); });
  figures.first_proofs_s = seconds_since(began);
  figures.narrow_proofs_per_s = figures.card.batch / figures.first_proofs_s;

  const Meter meter(figures.card);
  figures.driver = meter.driver();
  const Rate rate =
      measure_rate(*engine, meter, static_cast<double>(epoch->bases.size()), options.seconds);
  figures.proofs_per_s = rate.proofs_per_s;
  figures.power_w = rate.power_w;
  figures.sm_clock_mhz = rate.sm_clock_mhz;
  figures.round_s = std::chrono::duration<double>(engine->stats().round).count();
  if (is_dead()) {
    return base::Error(base::Errc::Device, engine->units().front().why);
  }
  return hits.check(*epoch);
}

}  // namespace

base::Result<CudaBenchFigures> run_cuda_bench(const CudaBenchOptions& options) {
  const auto library = GpuLibrary::open(GpuLibrary::kName);
  if (!library.ok()) {
    return library.error();
  }
  CudaBenchFigures figures;
  const auto epoch = make_bench_epoch(options.card.degree_max, kWarmEpoch, options.threads);
  if (auto status = measure_steps(library.value(), options.card, *epoch, figures); !status.ok()) {
    return status.error();
  }
  if (auto status = measure_proofs(library.value(), options, figures); !status.ok()) {
    return status.error();
  }
  figures.mul_per_proof =
      kProductsPerAddition * figures.card.wide_windows * static_cast<double>(epoch->bases.size());
  figures.roofline_share = figures.proofs_per_s * figures.mul_per_proof / figures.fq_mul_per_s;
  if (figures.proofs_per_s > 0) {
    figures.joule_per_proof = figures.power_w / figures.proofs_per_s;
  }
  return figures;
}

std::string cuda_bench_json(const CudaBenchFigures& figures) {
  const Card::Facts& card = figures.card;
  return nlohmann::json{{"engine", "cuda"},
                        {"card", card.name},
                        {"driver", figures.driver},
                        {"capability", card.capability},
                        {"multiprocessors", card.multiprocessors},
                        {"memory_bytes", card.memory_bytes},
                        {"table_bytes", card.table_bytes},
                        {"sm_clock_mhz", figures.sm_clock_mhz},
                        {"batch", card.batch},
                        {"wide_windows", card.wide_windows},
                        {"narrow_windows", card.narrow_windows},
                        {"proofs_per_s", figures.proofs_per_s},
                        {"narrow_proofs_per_s", figures.narrow_proofs_per_s},
                        {"fq_mul_per_s", figures.fq_mul_per_s},
                        {"adds_per_s", figures.adds_per_s},
                        {"mul_per_proof", figures.mul_per_proof},
                        {"roofline_share", figures.roofline_share},
                        {"first_proofs_s", figures.first_proofs_s},
                        {"round_s", figures.round_s},
                        {"power_w", figures.power_w},
                        {"joule_per_proof", figures.joule_per_proof}}
      .dump();
}

std::string cuda_bench_text(const CudaBenchFigures& figures) {
  const Card::Facts& card = figures.card;
  std::array<char, 1000> text{};
  std::snprintf(text.data(), text.size(),
                "engine             cuda: %s, driver %s, batches of %u, %u windows (%u narrow)\n"
                "proofs             %.1f /s\n"
                "Fq products        %.3f thousand million/s\n"
                "additions          %.1f million/s\n"
                "products a proof   %.0f\n"
                "share of roofline  %.1f %%\n"
                "new epoch          first proofs after %.2f s, with wide tables from then on\n"
                "a batch            %.2f s\n"
                "power              %.0f W, %.4f J a proof, %.0f MHz\n",
                card.name.c_str(), figures.driver.c_str(), card.batch, card.wide_windows,
                card.narrow_windows, figures.proofs_per_s, figures.fq_mul_per_s / 1e9,
                figures.adds_per_s / 1e6, figures.mul_per_proof, 100 * figures.roofline_share,
                figures.first_proofs_s, figures.round_s, figures.power_w, figures.joule_per_proof,
                figures.sm_clock_mhz);
  return text.data();
}

}  // namespace prover
