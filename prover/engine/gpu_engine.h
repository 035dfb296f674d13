// Proofs on GPUs: one thread a card, each with its own batches of nonces.
//
// An epoch's first batches use narrow tables, made in a fraction of a second; the wide ones are
// made in pieces between the additions, and used from the batch after. A card that is lost is
// opened again, a few times; one that stays lost, or that reported a wrong hit, is out for good and
// says why. With no card left the engine does nothing more: whoever runs it looks at units().
#pragma once

#include "prover/engine/card.h"
#include "prover/engine/engine.h"

namespace prover {

struct GpuEngineOptions {
  std::uint32_t cards = 1;
  OpenCard open;
  std::function<base::TimePoint()> clock;  // monotonic, for any thread; empty: rounds have no time
};

// How often a card is opened again without a batch that ended between.
inline constexpr unsigned kCardReopensMax = 3;

// Requires 1 <= cards. Opens the cards; one that cannot be opened is out from the beginning.
// Errors: that of the first card, where none could be opened.
base::Result<std::unique_ptr<Engine>> make_gpu_engine(const GpuEngineOptions& options,
                                                      Engine::OnHit on_hit);

}  // namespace prover
