// From assignments to solutions: prepares epochs in the background, keeps the engine busy, and
// checks and opens what it finds before anybody hears of it.
//
//   assign  ---> preparing (a thread; seconds) ---> engine searches ---> hit
//                                                                         |  literal route agrees?
//        on_solution <--- opening proof <--- yes --------------------------+--- no: counted, named
//
// While an epoch is prepared the engine goes on with the one before, unless that one is stale (an
// assignment of another epoch with is_clean set). Its threads are all it uses: preparing runs
// beside.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "overlay/base/time.h"
#include "prover/engine/engine.h"
#include "prover/puzzle/srs.h"

namespace prover {

struct Assignment {
  EpochChallenge challenge;
  Bytes32 address{};
  NonceRange nonces;
  bool is_clean = true;  // the one before it is worth nothing any more

  friend bool operator==(const Assignment&, const Assignment&) = default;
};

class Prover {
 public:
  struct Found {
    Assignment assignment;
    ProverSolution solution;
    std::uint64_t target = 0;
  };
  // Both run on threads of the Prover.
  struct Callbacks {
    std::function<void(const Found&)> on_solution;
    // The engine reported a commitment that the literal route does not give: a broken machine.
    std::function<void(const Engine::Hit&, const std::string& why)> on_wrong_hit;
  };
  using Clock = std::function<base::TimePoint()>;  // monotonic, for any thread
  struct Options {
    unsigned preparing_threads = 1;
    Clock clock;
    PointTransform transform;  // an epoch's, where something is faster at it than those threads
  };
  using MakeEngine = std::function<std::unique_ptr<Engine>(Engine::OnHit)>;

  struct Stats {
    Engine::Stats engine;
    std::uint64_t epochs_prepared = 0;
    std::uint64_t solutions = 0;
    std::uint64_t hits_wrong = 0;
    std::uint64_t hits_dropped = 0;  // more than kHitsMax waited, or their assignment was replaced
    base::Duration epoch_switch{};   // how long the latest preparation took
    bool is_preparing = false;
  };

  // Hits that wait for their check. More are dropped: a target that gives so many is far too low.
  static constexpr std::size_t kHitsMax = 256;

  // `srs` must outlive the Prover, which prepares it for the degrees that are asked for; nobody
  // else may use it meanwhile.
  Prover(Srs& srs, const Options& options, const MakeEngine& make_engine, Callbacks callbacks);
  ~Prover();  // abandons what is under way
  Prover(const Prover&) = delete;
  Prover& operator=(const Prover&) = delete;

  // Replaces the assignment. Errors: LimitExceeded where the reference string is too short for the
  // degree.
  base::Status assign(const Assignment& assignment);
  // None any more (the pool is gone); nothing is forgotten that was prepared.
  void unassign();
  void set_target(std::uint64_t target);
  // Ends the batches under way, checks and reports their hits, and returns. Then it is done.
  void finish();

  Stats stats() const;
  std::vector<Engine::Unit> units() const;
  std::string describe() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace prover
