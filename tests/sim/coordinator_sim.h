// Several coordinators over one memory log, servers that join and leave through them, agents that
// follow their views; all on a virtual clock and from one seed.
//
// The log may fail and lose answers, and a coordinator may crash at any moment. What the simulation
// knows for certain is what was acknowledged; it holds the coordinators to that.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "coordinator/domain/view_log.h"
#include "coordinator/server/committer.h"
#include "coordinator/store/memory_log.h"
#include "overlay/base/random.h"
#include "overlay/crypto/keys.h"
#include "overlay/model/view_follower.h"

namespace coordinator {

class Simulation {
 public:
  static constexpr base::Duration kQuarantine = std::chrono::seconds(30);
  static constexpr std::uint32_t kServers = 24;
  static constexpr std::size_t kSites = 3;

  Simulation(std::uint64_t seed, std::size_t coordinators);
  ~Simulation();

  // One thing happens: a server asks for something, an answer of the log arrives, time passes, a
  // coordinator crashes, the log fails for a while, an agent reads on.
  void step();
  // No more faults; everything in flight ends and everybody catches up.
  void settle();

  // Invariants, with gtest failures. At any time:
  void check_safety();
  // After settle():
  void check_agreement();
  void check_acknowledged();
  void check_views();

  std::uint64_t acknowledged() const { return acknowledged_; }
  std::uint64_t conflicts() const { return conflicts_; }

 private:
  // What is known about a server.
  struct Server {
    std::uint32_t number = 0;
    bool is_asking = false;               // a command of its is on its way
    bool is_certain = true;               // the last thing asked was answered
    std::optional<std::uint64_t> node{};  // that it holds, if certain
    std::vector<base::Address> addresses{};
  };
  struct Timed {
    base::WallTime at;
    std::function<void()> act;
  };
  struct Coordinator {
    std::unique_ptr<MemoryLog> log;
    std::unique_ptr<Committer> committer;
    std::vector<Timed> timers;
    std::uint64_t life = 0;
  };
  struct Agent {
    model::ViewId view;
    std::size_t coordinator = 0;
    model::ViewFollower follower{};
    model::Cursor cursor{};  // of the stream that is open
  };
  // A log reader of its own, which sees every record in order.
  struct Observer {
    std::unique_ptr<MemoryLog> log;
    bool is_reading = false;
    State state;
    std::map<std::pair<std::uint32_t, std::uint32_t>, base::WallTime> released;
    std::map<std::pair<std::uint32_t, std::uint32_t>, crypto::IdentityPublicKey> last_holder;
  };

  void start(std::size_t index);
  void crash(std::size_t index);
  void lay_out();
  void ask_enrol(Server& server, std::size_t coordinator);
  void ask_leave(Server& server, std::size_t coordinator);
  void ask_replica(std::size_t coordinator);
  void agent_reads(Agent& agent);
  void run_timers();
  void observe();
  void observe_record(const Record& record);
  bool is_ready(std::size_t index) const;
  std::size_t any_coordinator();

  base::SeededRandom random_;
  base::WallTime now_{1'764'000'000'000};
  MemoryLogStore store_;
  crypto::IdentityKey signing_key_;
  std::vector<Coordinator> coordinators_;
  std::vector<Server> servers_;
  std::vector<Agent> agents_;
  Observer observer_;
  std::vector<model::TokenId> tokens_;  // one per site
  std::vector<model::SiteId> sites_;
  model::NetworkId network_;
  std::uint64_t acknowledged_ = 0;
  std::uint64_t conflicts_ = 0;
  std::uint64_t lives_ = 0;
};

}  // namespace coordinator
