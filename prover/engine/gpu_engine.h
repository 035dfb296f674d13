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

// Opens card `index`, again after it was lost.
using OpenCard = std::function<base::Result<std::unique_ptr<Card>>(std::uint32_t index)>;
using OpenedCards = std::vector<base::Result<std::unique_ptr<Card>>>;

// Cards 0, ... count - 1, of which some may be errors. Takes seconds a card. Requires count >= 1.
// Errors: that of the first card, where none could be opened.
base::Result<OpenedCards> open_cards(std::uint32_t count, const OpenCard& open);

// How often a card is opened again without a batch that ended between.
inline constexpr unsigned kCardReopensMax = 3;

struct GpuEngineOptions {
  OpenCard open;                           // for cards that were lost
  std::function<base::TimePoint()> clock;  // monotonic, for any thread; empty: rounds have no time
};

// A card that could not be opened is out from the beginning. Requires a card.
std::unique_ptr<Engine> make_gpu_engine(const GpuEngineOptions& options, OpenedCards cards,
                                        Engine::OnHit on_hit);

}  // namespace prover
