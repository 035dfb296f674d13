// What computes proofs: the interface of every engine, on whatever it runs.
//
// An Engine searches nonces of one epoch for one address and reports those whose commitment reaches
// the target. It does not say how sure it is: what it reports is checked by another route before
// anybody else hears of it (prover.h).
//
//   set_work()  ->  batches of nonces, one after another  ->  on_hit
//   set_target() takes effect for batches that have not ended
//   finish() ends after the batches under way, or a GPU's in midst of them; destruction abandons
//   them
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "overlay/base/time.h"
#include "prover/puzzle/challenge.h"
#include "prover/puzzle/commit.h"
#include "prover/puzzle/solution.h"

namespace prover {

// Nonces first, first + 1, ..., first + count - 1, modulo 2^64. They are tried in this order.
struct NonceRange {
  std::uint64_t first = 0;
  std::uint64_t count = 0;

  friend bool operator==(const NonceRange&, const NonceRange&) = default;
};

class Engine {
 public:
  struct Work {
    std::shared_ptr<const EpochBases> epoch;  // kept by the engine while it works on it
    Bytes32 address{};
    NonceRange nonces;
  };
  struct Hit {
    EpochChallenge challenge;
    PartialSolution solution;
    std::uint64_t target = 0;
    unsigned unit = 0;  // which of units() found it
  };
  // Runs on a thread of the engine: be quick, and safe to call from several at once.
  using OnHit = std::function<void(const Hit&)>;

  struct Stats {
    std::uint64_t proofs = 0;        // ended
    std::uint64_t coefficients = 0;  // hashed and summed, of batches under way too
    std::uint64_t hits = 0;
    std::uint64_t proofs_abandoned = 0;  // their work was replaced
    base::Duration round{};              // how long the latest batch took
  };

  // One of the devices that compute beside each other.
  struct Unit {
    std::string name;
    bool is_working = false;
    std::string why;             // it works no more
    std::uint64_t reopened = 0;  // how often it was lost and came back

    friend bool operator==(const Unit&, const Unit&) = default;
  };

  virtual ~Engine() = default;
  Engine() = default;
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  // Replaces the work; batches of the former are abandoned at the next few bases, within some
  // milliseconds.
  virtual void set_work(Work work) = 0;
  // No work until the next set_work.
  virtual void clear_work() = 0;
  // The least target of a hit, at least 1. Checked when a batch ends.
  virtual void set_target(std::uint64_t target) = 0;
  // Waits until the batches under way have ended, or at most a second; starts none. Then the engine
  // is done for good.
  virtual void finish() = 0;

  // The hit was wrong: what found it computes no more, where the engine can do without it.
  virtual void take_out(const Hit& hit, const std::string& why) = 0;

  virtual Stats stats() const = 0;
  // Never empty. With none that works the engine is at its end.
  virtual std::vector<Unit> units() const = 0;
  // "cpu adx, 2 threads, batches of 1024"
  virtual std::string describe() const = 0;
};

}  // namespace prover
