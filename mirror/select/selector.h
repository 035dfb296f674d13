// Which replica to ask: decided from what was measured, what is healthy, who has the content and
// how much is wanted.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "mirror/select/content_index.h"
#include "mirror/select/health.h"
#include "mirror/select/latency.h"
#include "mirror/select/parameters.h"
#include "mirror/select/site_map.h"
#include "overlay/base/time.h"

namespace mirror {

// What a pull asks for.
struct Want {
  std::string source;
  std::string key;                          // names the content for the ContentIndex
  bool is_digest = false;                   // content that can never change
  std::optional<std::uint64_t> size_bytes;  // where known
};

struct Candidate {
  ReplicaId id;
  bool is_trial = false;  // ejected: only because nothing better is left; give it little time
  std::string reason;     // "nearest: 0.4 ms, in own site"
};

struct Choice {
  std::vector<Candidate> candidates;  // best first; empty: nobody may have it
  std::vector<Candidate> refused;     // who is not asked, and why
};

// How a request to a replica ended.
struct Served {
  std::uint64_t size_bytes = 0;
  base::Duration span{0};  // zero: not worth measuring
};
struct NotFound {};
struct Denied {};  // 401, 403
struct Busy {
  base::Duration retry_after{0};
};
struct Failed {
  std::string why;
};
struct WrongBytes {};  // under a digest that says otherwise
// It answers, but what it has under that name is of no use: another size than the manifest claims,
// no manifest, too large, a refusal of this very request. Any replica of the same image does that,
// so it says nothing about this one's health.
struct Unfit {
  std::string why;
};
using Outcome = std::variant<Served, NotFound, Denied, Busy, Failed, WrongBytes, Unfit>;

struct Switch {
  base::TimePoint at;
  std::string source;
  std::optional<ReplicaId> from;
  ReplicaId to;
  std::string why;
};

// One node's view of all replicas. Keeps, per source, the one replica that it prefers and leaves it
// only by the rules in parameters.h:
//
//   by choice   another is better by the switch rule in kSwitchRounds rounds in a row, and the last
//               switch is kSwitchPause ago
//   by need     it is ejected or gone from the site map; or its path became longer (two samples)
//               and another is better by the switch rule
//
// Same calls, same times, same answers; no clock, no randomness.
class Selector {
 public:
  // Takes a new site map. What is known of replicas that stay (same id and URL) is kept.
  void set_site_map(SiteMap map, base::TimePoint now);
  const SiteMap& site_map() const { return map_; }

  void handle_probe_success(ReplicaId id, base::Duration rtt, base::TimePoint now);
  void handle_probe_failure(ReplicaId id, std::string why, base::TimePoint now);
  // All results of a probe round are in: the moment for switches of choice.
  void handle_round(base::TimePoint now);

  void handle_outcome(ReplicaId id, const Want& want, const Outcome& outcome, base::TimePoint now);
  void handle_bytes(ReplicaId id, base::TimePoint now);

  // Whom to ask for `want`, in order, with a reason for everybody. An ejected replica is offered
  // last, at most once in kTrialInterval, and only if more than half of the source's replicas are
  // ejected: then our own network is as likely at fault as they are.
  Choice choose(const Want& want, base::TimePoint now);

  // For the prober: who is asked in a full round, and who is watched between rounds.
  std::vector<ReplicaId> round_targets(base::TimePoint now);
  std::vector<ReplicaId> watch_targets(base::TimePoint now) const;
  // Somebody is suspect or half open: rounds come faster.
  bool is_degraded(base::TimePoint now) const;
  // A replica appeared less than kSettlingRounds rounds ago.
  bool is_settling() const { return settling_rounds_ > 0; }

  // For people.
  std::optional<ReplicaId> preferred(const std::string& source) const;
  const Replica* find(ReplicaId id) const;
  std::optional<base::Duration> latency(ReplicaId id, base::TimePoint now) const;
  struct Report {
    const Replica* replica = nullptr;
    Health::State health = Health::State::Healthy;
    std::string last_failure;
    std::optional<base::Duration> lowest;
    std::optional<base::Duration> smoothed;
    std::optional<double> throughput_bytes_per_s;
  };
  std::vector<Report> report(base::TimePoint now) const;
  const std::deque<Switch>& switches() const { return switches_; }

 private:
  struct State {
    Replica replica;
    Health health;
    LatencyEstimate latency{};
    std::optional<base::TimePoint> bytes_at{};  // of a pull
    std::optional<double> throughput_bytes_per_s{};
    base::TimePoint throughput_at{};
    std::optional<base::TimePoint> busy_until{};
    std::optional<base::TimePoint> trial_at{};
    std::uint64_t rank = 0;  // rendezvous of node and replica: spreads hosts over equals
  };
  struct Preference {
    std::optional<ReplicaId> current;
    ReplicaId challenger;
    int rounds_better = 0;
    std::optional<base::TimePoint> switched_at;
  };

  bool is_usable(const State& state, base::TimePoint now) const;
  bool is_nearer(const State& a, const State& b, base::TimePoint now) const;
  const State* nearest(const std::string& source, base::TimePoint now) const;
  void update_preference(const std::string& source, bool is_path_longer, bool is_round,
                         base::TimePoint now);
  void switch_to(const std::string& source, Preference& preference, ReplicaId to, std::string why,
                 base::TimePoint now);
  std::string reason_of(const State& state, const Want& want, bool is_preferred,
                        base::TimePoint now) const;
  void put_faster_first(std::vector<const State*>& usable, const Want& want,
                        base::TimePoint now) const;

  SiteMap map_;
  std::map<ReplicaId, State> states_;
  std::map<std::string, Preference> preferences_;  // by source
  ContentIndex content_;
  std::deque<Switch> switches_;            // newest last
  int settling_rounds_ = kSettlingRounds;  // rounds to come in which the choice is still a guess
  std::uint64_t rounds_ = 0;
};

}  // namespace mirror
