#include "prover/engine_choice.h"

#include <algorithm>
#include <thread>
#include <utility>

#include "gpu/msm/batch_sums.h"
#include "overlay/base/log.h"

namespace prover {
namespace {

base::Result<GpuChoice> choose_gpu(const CardOptions& options) {
  const auto library = GpuLibrary::open(GpuLibrary::kName);
  if (!library.ok()) {
    return library.error();
  }
  auto cards = open_cards(library.value().devices(), [&](std::uint32_t index) {
    return library.value().open_card(index, options);
  });
  if (!cards.ok()) {
    return cards.error().within("no GPU engine");
  }
  return GpuChoice{
      .library = library.value(), .options = options, .cards = std::move(cards).value()};
}

}  // namespace

PointTransform EngineChoice::transform() const {
  if (!gpu.has_value()) {
    return nullptr;
  }
  return [library = gpu->library](
             const gpu::NttDomain& domain, std::span<const gpu::G1Affine> points,
             std::span<const Fr> values) -> std::optional<std::vector<gpu::G1Affine>> {
    auto bases = library.transform_points(0, domain, points, values);
    if (!bases.ok()) {
      base::log_warning(bases.error().text() + "; the processor does it");
      return std::nullopt;
    }
    return std::move(bases).value();
  };
}

std::unique_ptr<Engine> EngineChoice::make(const std::function<base::TimePoint()>& clock,
                                           Engine::OnHit on_hit) && {
  if (!gpu.has_value()) {
    cpu.clock = clock;
    return make_cpu_engine(cpu, std::move(on_hit));
  }
  const OpenCard open = [library = gpu->library, options = gpu->options](std::uint32_t index) {
    return library.open_card(index, options);
  };
  return make_gpu_engine({.open = open, .clock = clock}, std::move(gpu->cards), std::move(on_hit));
}

base::Result<CpuEngineOptions> cpu_engine_options(const EngineFlags& flags) {
  const auto arithmetic = gpu::parse_arithmetic(flags.engine == "cuda" ? "auto" : flags.engine);
  if (!arithmetic.ok()) {
    if (arithmetic.error().code() == base::Errc::Malformed) {
      return base::Error(
          base::Errc::Malformed,
          "--engine: \"" + flags.engine + "\", expected auto, cuda, scalar, adx, fma or ifma");
    }
    return arithmetic.error().within("--engine");
  }
  if (flags.batch % gpu::BatchSums::kProofsStep != 0) {
    return base::Error(base::Errc::Malformed, "--batch: " + std::to_string(flags.batch) +
                                                  ", expected a multiple of " +
                                                  std::to_string(gpu::BatchSums::kProofsStep));
  }
  gpu::use_arithmetic(arithmetic.value());
  return CpuEngineOptions{.arithmetic = arithmetic.value(),
                          .threads = flags.threads != 0
                                         ? flags.threads
                                         : std::max(1U, std::thread::hardware_concurrency()),
                          .batch = flags.batch,
                          .clock = {}};
}

base::Result<EngineChoice> choose_engine(const EngineFlags& flags, const CardOptions& options) {
  const auto cpu = cpu_engine_options(flags);
  if (!cpu.ok()) {
    return cpu.error();
  }
  EngineChoice out;
  out.cpu = cpu.value();
  if (flags.engine != "cuda" && flags.engine != "auto") {
    return out;
  }
  auto gpu = choose_gpu(options);
  if (gpu.ok()) {
    out.gpu = std::move(gpu).value();
  } else if (flags.engine == "cuda") {
    return gpu.error().within("--engine cuda");
  } else {
    out.why_no_gpu = gpu.error().text();
  }
  return out;
}

}  // namespace prover
