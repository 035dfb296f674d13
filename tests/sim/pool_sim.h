// A pool and its provers on a virtual network and clock, from one seed: connections are cut
// (noticed by one side long before the other, or by none), the pool crashes and restarts, answers
// of the store are lost, epochs end, provers send shares twice, garbage, and what another one
// found.
//
// What the simulation knows for certain is what a prover was told, and what is on the disk.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "overlay/base/random.h"
#include "prover/pool/client_machine.h"
#include "prover/pool/pool_machine.h"
#include "tests/unit/prover/pool/memory_share_store.h"
#include "tests/unit/prover/pool/shares.h"

namespace prover {

class PoolSimulation {
 public:
  static constexpr std::size_t kProvers = 3;

  explicit PoolSimulation(std::uint64_t seed);

  // One thing happens.
  void step();
  // No more faults: everybody is connected, everything is answered.
  void settle();

  // Invariants, with gtest failures. At any time:
  void check_safety() const;
  // After settle():
  void check_agreement() const;

  std::size_t accepted() const;
  std::uint64_t restarts() const { return restarts_; }
  std::uint64_t cuts() const { return cuts_; }

 private:
  struct Told {
    std::string worker;
    Job job;
    Share share;
    std::vector<ResultEvent> results;
  };
  // A TCP connection: bytes on their way in both directions.
  struct Link {
    std::size_t prover = 0;
    SessionNumber session = 0;  // of the pool's life in which it was made
    std::uint64_t life = 0;
    std::string to_pool;
    std::string to_prover;
    bool is_pool_open = true;    // the pool has not noticed an end
    bool is_prover_open = true;  // nor has the prover
    bool is_cut = false;         // nothing passes any more
  };
  struct Prover {
    std::string worker;
    std::unique_ptr<ClientMachine> machine;
    std::optional<WorkEvent> work;
    std::map<ShareNumber, Told> shares;
    std::size_t link = 0;  // 0: none
    std::uint64_t nonces = 0;
  };

  void start_pool();
  void crash_pool();
  void turn_to(std::uint32_t epoch);
  void serve_pool();
  void serve(Prover& prover);
  void connect(Prover& prover);
  void find_share(Prover& prover, bool is_faulty);
  void submit(Prover& prover, const Share& share);
  void move_bytes(Link& link, bool whole);
  void end_link(std::size_t number, bool tell_pool, bool tell_prover);
  void pass(base::Duration time);
  void verify_one();
  bool chance(std::uint64_t percent) { return random_.below(100) < percent; }

  base::SeededRandom random_;
  base::TimePoint now_{};
  pool_test::MemoryDisk disk_;
  std::unique_ptr<PoolMachine> pool_;
  std::unique_ptr<pool_test::MemoryShareStore> store_;
  std::vector<ShareLedger::Verification> verifying_;
  std::uint64_t life_ = 0;
  std::uint32_t epoch_ = 1;
  bool is_turning_ = false;
  std::map<std::size_t, Link> links_;
  std::size_t last_link_ = 0;
  std::vector<Prover> provers_;
  std::vector<Share> found_;  // by anybody in this epoch
  std::uint64_t restarts_ = 0;
  std::uint64_t cuts_ = 0;
};

}  // namespace prover
