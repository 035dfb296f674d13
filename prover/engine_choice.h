// Which engine a command uses: the GPUs' where there are some, the processor's, or the one that was
// asked for by name.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "overlay/base/result.h"
#include "prover/engine/cpu_engine.h"
#include "prover/engine/gpu_engine.h"
#include "prover/engine/gpu_library.h"

namespace prover {

struct EngineFlags {
  std::string engine = "auto";
  unsigned threads = 0;  // 0: one a core
  std::size_t batch = CpuEngineOptions().batch;
};

// GPUs, opened and waiting for work.
struct GpuChoice {
  GpuLibrary library;
  CardOptions options;
  OpenedCards cards;
};

struct EngineChoice {
  CpuEngineOptions cpu;  // its threads also prepare epochs
  std::optional<GpuChoice> gpu;
  std::string why_no_gpu;  // "auto" took the processor because of this

  // An epoch's transform on the first card, or none where the processor computes. Where a card
  // cannot (it was lost) the processor does it.
  PointTransform transform() const;
  // Uses the choice up.
  std::unique_ptr<Engine> make(const std::function<base::TimePoint()>& clock,
                               Engine::OnHit on_hit) &&;
};

// The processor's part of the flags.
// Errors: Malformed or Unavailable, naming the option.
base::Result<CpuEngineOptions> cpu_engine_options(const EngineFlags& flags);

// Opens every card, for polynomials of up to the degree, where the flags say "cuda", or say "auto"
// and there are some. Errors: Malformed or Unavailable, naming the option; for "cuda" also the
// library's (prover/engine/gpu_library.h) and the card's.
base::Result<EngineChoice> choose_engine(const EngineFlags& flags, const CardOptions& options);

}  // namespace prover
