#include "prover/engine/gpu_engine.h"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <mutex>
#include <thread>
#include <utility>

#include "prover/engine/work_dealer.h"
#include "prover/puzzle/little_endian.h"

namespace prover {
namespace {

// Chunks and pieces that are queued ahead: the card never waits for this thread, and what is
// abandoned ends within some tens of milliseconds.
constexpr std::uint32_t kQueuedMax = 3;

cuda::SeedPrefix prefix_of(const EpochChallenge& challenge, const Bytes32& address) {
  LittleEndianWriter bytes;
  bytes.number(challenge.epoch_number).raw(challenge.epoch_block_hash).raw(address);
  cuda::SeedPrefix out;
  for (std::size_t i = 0; i < std::size(out.words); ++i) {
    out.words[i] = read_le<std::uint32_t>(bytes.bytes(), 4 * i);
  }
  return out;
}

class GpuEngine final : public Engine {
 public:
  GpuEngine(GpuEngineOptions options, OpenedCards cards, OnHit on_hit)
      : options_(std::move(options)), on_hit_(std::move(on_hit)), seats_(cards.size()) {
    for (std::size_t i = 0; i < cards.size(); ++i) {
      Seat& seat = seats_[i];
      if (cards[i].ok()) {
        seat.card = std::move(cards[i]).value();
        seat.unit.name = name_of(i, *seat.card);
        seat.unit.is_working = true;
      } else {
        seat.unit.name = std::to_string(i);
        seat.unit.why = cards[i].error().text();
      }
    }
    for (std::size_t i = 0; i < seats_.size(); ++i) {
      if (seats_[i].card != nullptr) {
        threads_.emplace_back([this, i] { run(i); });
      }
    }
  }

  ~GpuEngine() override { end(/*abandon=*/true); }

  void set_work(Work work) override { dealer_.set_work(std::move(work)); }
  void clear_work() override { dealer_.clear_work(); }

  void set_target(std::uint64_t target) override { target_ = std::max<std::uint64_t>(target, 1); }

  // A batch takes seconds, and what stops this program waits for one: it is worth less.
  void finish() override { end(/*abandon=*/true); }

  void take_out(const Hit& hit, const std::string& why) override {
    CHECK(hit.unit < seats_.size());
    take_seat_out(seats_[hit.unit], why);
    dealer_.wake();
  }

  Stats stats() const override { return counters_.stats(); }

  std::vector<Unit> units() const override {
    const std::scoped_lock lock(mutex_);
    std::vector<Unit> out;
    for (const Seat& seat : seats_) {
      out.push_back(seat.unit);
    }
    return out;
  }

  std::string describe() const override {
    const std::scoped_lock lock(mutex_);
    std::string out = "cuda";
    for (const Seat& seat : seats_) {
      out += ", card " + seat.unit.name;
    }
    return out;
  }

 private:
  struct Seat {
    std::unique_ptr<Card> card;               // of the seat's thread
    std::shared_ptr<const EpochBases> epoch;  // what the card's tables are of; of the seat's thread
    std::uint32_t wide_built = 0;             // bases; of the seat's thread
    unsigned reopens = 0;                     // since a batch ended; of the seat's thread
    std::atomic<bool> is_out = false;         // as the unit says, for those without the mutex
    Unit unit;                                // under the mutex
  };
  using Batch = WorkDealer::Batch;
  enum class Outcome { Done, Abandoned };

  static std::string name_of(std::size_t index, const Card& card) {
    const Card::Facts& facts = card.facts();
    return std::to_string(index) + " " + facts.name + " (batches of " +
           std::to_string(facts.batch) + ", " + std::to_string(facts.wide_windows) + " windows)";
  }

  void end(bool abandon) {
    dealer_.end(abandon);
    threads_.clear();  // joins
  }

  void take_seat_out(Seat& seat, const std::string& why) {
    const std::scoped_lock lock(mutex_);
    if (seat.unit.is_working) {
      seat.unit.is_working = false;
      seat.unit.why = why;
      seat.is_out = true;
    }
  }

  bool is_worthless(const Seat& seat, const Batch& batch) const {
    return seat.is_out || dealer_.is_worthless(batch);
  }

  void run(std::size_t index) {
    Seat& seat = seats_[index];
    while (const auto batch = dealer_.take(seat.card->facts().batch, seat.is_out)) {
      const base::TimePoint began = now();
      const auto outcome = prove(index, *batch);
      if (!outcome.ok()) {
        // Its nonces are lost with it: an epoch has far more than are ever tried.
        counters_.proofs_abandoned += batch->count;
        if (!reopen(index, outcome.error())) {
          return;
        }
      } else if (outcome.value() == Outcome::Done) {
        seat.reopens = 0;
        counters_.proofs += batch->count;
        counters_.round = (now() - began).count();
      } else {
        counters_.proofs_abandoned += batch->count;
      }
    }
  }

  // False where the card is out now.
  bool reopen(std::size_t index, const base::Error& error) {
    Seat& seat = seats_[index];
    seat.card.reset();
    seat.epoch.reset();
    std::string why = error.text();
    while (seat.reopens < kCardReopensMax) {
      ++seat.reopens;
      auto card = options_.open(static_cast<std::uint32_t>(index));
      if (card.ok()) {
        seat.card = std::move(card).value();
        const std::scoped_lock lock(mutex_);
        ++seat.unit.reopened;
        return true;
      }
      why = card.error().text();
    }
    take_seat_out(seat, "lost: " + why);
    return false;
  }

  base::Result<Outcome> prove(std::size_t index, const Batch& batch) {
    Seat& seat = seats_[index];
    Card& card = *seat.card;
    const auto bases = static_cast<std::uint32_t>(batch.work->epoch->bases.size());
    const auto prepared = prepare(seat, batch);
    if (!prepared.ok() || prepared.value() == Outcome::Abandoned) {
      return prepared;
    }
    const auto tables = seat.wide_built == bases ? Card::Tables::Wide : Card::Tables::Narrow;
    const auto prefix = prefix_of(batch.work->epoch->challenge, batch.work->address);
    if (auto status = card.begin(tables, prefix, batch.first); !status.ok()) {
      return status.error();
    }
    for (std::uint32_t first = 0; first < bases; first += Card::kChunkBases) {
      if (is_worthless(seat, batch)) {
        return Outcome::Abandoned;
      }
      const std::uint32_t count =
          std::min(static_cast<std::uint32_t>(Card::kChunkBases), bases - first);
      if (auto status = add_chunk(seat, {.first = first, .count = count}, bases); !status.ok()) {
        return status.error();
      }
      counters_.coefficients += std::uint64_t{count} * batch.count;
    }
    auto found = card.finish(target_);
    if (!found.ok()) {
      return found.error();
    }
    report(index, batch, found.value());
    return Outcome::Done;
  }

  // Bases and narrow tables of the batch's epoch onto the card, where it has another's.
  base::Result<Outcome> prepare(Seat& seat, const Batch& batch) {
    if (seat.epoch == batch.work->epoch) {
      return Outcome::Done;
    }
    seat.epoch.reset();
    seat.wide_built = 0;
    const auto entries = gpu::to_te_entries(batch.work->epoch->bases);
    if (auto status = seat.card->set_bases(entries); !status.ok()) {
      return status.error();
    }
    const auto bases = static_cast<std::uint32_t>(entries.size());
    for (std::uint32_t first = 0; first < bases; first += Card::kChunkBases) {
      if (is_worthless(seat, batch)) {
        return Outcome::Abandoned;
      }
      const std::uint32_t count =
          std::min(static_cast<std::uint32_t>(Card::kChunkBases), bases - first);
      auto status = seat.card->build(Card::Tables::Narrow, {.first = first, .count = count});
      if (status.ok()) {
        status = seat.card->wait(kQueuedMax);
      }
      if (!status.ok()) {
        return status.error();
      }
    }
    seat.epoch = batch.work->epoch;
    return Outcome::Done;
  }

  // A chunk's additions, and a piece of the wide tables while they are not complete.
  base::Status add_chunk(Seat& seat, Card::Range chunk, std::uint32_t bases) {
    if (auto status = seat.card->add(chunk); !status.ok()) {
      return status;
    }
    if (seat.wide_built < bases) {
      const Card::Range piece{.first = seat.wide_built,
                              .count = std::min(static_cast<std::uint32_t>(Card::kChunkBases),
                                                bases - seat.wide_built)};
      if (auto status = seat.card->build(Card::Tables::Wide, piece); !status.ok()) {
        return status;
      }
      seat.wide_built += piece.count;
    }
    return seat.card->wait(kQueuedMax);
  }

  void report(std::size_t index, const Batch& batch, const Card::Found& found) {
    for (const cuda::HitRecord& record : found.hits) {
      if (record.index >= batch.count) {
        continue;  // fills the card
      }
      ++counters_.hits;
      on_hit_({.challenge = batch.work->epoch->challenge,
               .solution = {.address = batch.work->address,
                            .nonce = batch.first + record.index,
                            .commitment = record.commitment},
               .target = record.target,
               .unit = static_cast<unsigned>(index)});
    }
  }

  base::TimePoint now() const { return options_.clock ? options_.clock() : base::TimePoint(); }

  const GpuEngineOptions options_;
  const OnHit on_hit_;
  mutable std::mutex mutex_;  // of the seats' units
  std::vector<Seat> seats_;
  WorkDealer dealer_;
  std::atomic<std::uint64_t> target_ = 1;
  EngineCounters counters_;
  std::vector<std::jthread> threads_;
};

}  // namespace

base::Result<OpenedCards> open_cards(std::uint32_t count, const OpenCard& open) {
  CHECK(count >= 1);
  OpenedCards cards;
  bool has_any = false;
  for (std::uint32_t i = 0; i < count; ++i) {
    cards.push_back(open(i));
    has_any = has_any || cards.back().ok();
  }
  if (!has_any) {
    return cards.front().error();
  }
  return cards;
}

std::unique_ptr<Engine> make_gpu_engine(const GpuEngineOptions& options, OpenedCards cards,
                                        Engine::OnHit on_hit) {
  CHECK(options.open && !cards.empty());
  return std::make_unique<GpuEngine>(options, std::move(cards), std::move(on_hit));
}

}  // namespace prover
