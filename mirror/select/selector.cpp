#include "mirror/select/selector.h"

#include <algorithm>
#include <set>
#include <utility>

#include "mirror/select/format.h"
#include "mirror/select/parameters.h"

namespace mirror {
namespace {

using namespace std::chrono_literals;

base::Duration scaled(base::Duration value, double factor) {
  return base::Duration(
      static_cast<base::Duration::rep>(static_cast<double>(value.count()) * factor));
}

// FNV-1a over both names: the same pair always gets the same rank, different hosts different ones.
std::uint64_t rendezvous(std::string_view node, std::uint32_t replica) {
  std::uint64_t hash = 14695981039346656037ULL;
  const auto mix = [&hash](std::uint8_t byte) { hash = (hash ^ byte) * 1099511628211ULL; };
  for (const char c : node) {
    mix(static_cast<std::uint8_t>(c));
  }
  for (int shift = 0; shift < 32; shift += 8) {
    mix(static_cast<std::uint8_t>(replica >> shift));
  }
  return hash;
}

// Differences inside a class are noise: 0.3 and 0.5 ms are the same rack. Above one millisecond a
// class is half as wide again as the one before, the switch rule's own ratio: whoever is better by
// that rule is in a nearer class.
int latency_class(base::Duration rtt) {
  int index = 0;
  for (base::Duration bound = 1ms; rtt >= bound && bound < 10s; bound = bound * 3 / 2) {
    ++index;
  }
  return index;
}
constexpr int kClassNotMeasured = 1000;

bool is_better_by_rule(base::Duration best, base::Duration current) {
  const base::Duration least = current > kFar ? kSwitchGainMinFar : kSwitchGainMin;
  const base::Duration gain = std::max(least, scaled(current, kSwitchGainPart));
  return best <= scaled(current, kSwitchRatio) && current - best >= gain;
}

}  // namespace

void Selector::set_site_map(SiteMap map, base::TimePoint now) {
  std::map<ReplicaId, State> states;
  for (const Replica& replica : map.replicas) {
    const std::uint64_t rank = rendezvous(map.node, replica.id.value);
    const auto old = states_.find(replica.id);
    const bool is_same = old != states_.end() && old->second.replica.url == replica.url;
    State state = is_same ? std::move(old->second)
                          : State{.replica = replica,
                                  .health = Health(static_cast<double>(rank % 1000) / 1000.0)};
    settling_rounds_ = is_same ? settling_rounds_ : kSettlingRounds;
    state.replica = replica;
    state.rank = rank;
    states.emplace(replica.id, std::move(state));
  }
  states_ = std::move(states);
  map_ = std::move(map);
  std::map<std::string, Preference> preferences;
  for (const Source& source : map_.sources()) {
    if (const auto old = preferences_.find(source.name); old != preferences_.end()) {
      preferences.insert(*old);
    } else {
      preferences.emplace(source.name, Preference{});
    }
  }
  preferences_ = std::move(preferences);
  for (const auto& [source, preference] : preferences_) {
    update_preference(source, /*is_path_longer=*/false, /*is_round=*/false, now);
  }
}

void Selector::handle_probe_success(ReplicaId id, base::Duration rtt, base::TimePoint now) {
  const auto found = states_.find(id);
  if (found == states_.end()) {
    return;
  }
  State& state = found->second;
  state.health.handle_success(Health::Witness::Probe, now);
  const bool is_beside_transfer = state.bytes_at && now - *state.bytes_at <= kBesideTransfer;
  const bool is_path_longer = state.latency.add(rtt, now, is_beside_transfer);
  for (const auto& [source, preference] : preferences_) {
    if (is_path_longer && preference.current == id) {
      update_preference(source, /*is_path_longer=*/true, /*is_round=*/false, now);
    }
  }
}

void Selector::handle_probe_failure(ReplicaId id, std::string why, base::TimePoint now) {
  const auto found = states_.find(id);
  if (found == states_.end()) {
    return;
  }
  found->second.health.handle_failure(Health::Witness::Probe, std::move(why), now);
  for (const auto& [source, preference] : preferences_) {
    update_preference(source, /*is_path_longer=*/false, /*is_round=*/false, now);
  }
}

void Selector::handle_round(base::TimePoint now) {
  ++rounds_;
  for (const auto& [source, preference] : preferences_) {
    update_preference(source, /*is_path_longer=*/false, /*is_round=*/true, now);
  }
  settling_rounds_ = std::max(settling_rounds_ - 1, 0);
}

void Selector::handle_bytes(ReplicaId id, base::TimePoint now) {
  if (const auto found = states_.find(id); found != states_.end()) {
    found->second.health.handle_bytes(now);
    found->second.bytes_at = now;
  }
}

void Selector::handle_outcome(ReplicaId id, const Want& want, const Outcome& outcome,
                              base::TimePoint now) {
  const auto found = states_.find(id);
  if (found == states_.end()) {
    return;
  }
  State& state = found->second;
  if (const auto* served = std::get_if<Served>(&outcome)) {
    state.health.handle_success(Health::Witness::Request, now);
    content_.set_present(id, want.key, now);
    if (served->size_bytes >= kThroughputBytesMin && served->span > base::Duration::zero()) {
      const double rate = static_cast<double>(served->size_bytes) /
                          std::chrono::duration<double>(served->span).count();
      const bool is_fresh =
          state.throughput_bytes_per_s && now - state.throughput_at <= kThroughputForgotten;
      state.throughput_bytes_per_s =
          is_fresh ? *state.throughput_bytes_per_s * 0.5 + rate * 0.5 : rate;
      state.throughput_at = now;
    }
  } else if (std::holds_alternative<NotFound>(outcome)) {
    state.health.handle_success(Health::Witness::Request, now);
    content_.set_missing(id, want.key, want.is_digest ? kMissingDigestFor : kMissingTagFor, now);
  } else if (std::holds_alternative<Denied>(outcome)) {
    state.health.handle_success(Health::Witness::Request, now);
  } else if (const auto* busy = std::get_if<Busy>(&outcome)) {
    state.busy_until = now + std::clamp<base::Duration>(busy->retry_after, 1s, kBusyMax);
  } else if (const auto* failed = std::get_if<Failed>(&outcome)) {
    state.health.handle_failure(Health::Witness::Request, failed->why, now);
  } else if (std::holds_alternative<WrongBytes>(outcome)) {
    content_.set_banned(id, want.key, now);
    state.health.handle_failure(Health::Witness::Request, "wrong bytes for " + want.key, now);
  } else if (std::holds_alternative<Unfit>(outcome)) {
    content_.set_missing(id, want.key, want.is_digest ? kMissingDigestFor : kMissingTagFor, now);
  }
  for (const auto& [source, preference] : preferences_) {
    update_preference(source, /*is_path_longer=*/false, /*is_round=*/false, now);
  }
}

bool Selector::is_usable(const State& state, base::TimePoint now) const {
  const Health::State health = state.health.state(now);
  return health == Health::State::Healthy || health == Health::State::Suspect;
}

// Order before anything is measured: the own site first. After: by class, and inside a class by
// rendezvous, so that hosts spread over equals.
bool Selector::is_nearer(const State& a, const State& b, base::TimePoint now) const {
  const auto key = [&](const State& state) {
    const auto lowest = state.latency.lowest(now);
    const bool is_own_site = !map_.site.empty() && state.replica.site == map_.site;
    // Not measured yet: a replica in the own site is presumably near, others not.
    const int rtt_class = lowest ? latency_class(*lowest) : (is_own_site ? 0 : kClassNotMeasured);
    return std::make_tuple(rtt_class, !is_own_site, state.rank);
  };
  return key(a) < key(b);
}

const Selector::State* Selector::nearest(const std::string& source, base::TimePoint now) const {
  const State* best = nullptr;
  for (const auto& [id, state] : states_) {
    if (state.replica.serves(source) && is_usable(state, now) &&
        (best == nullptr || is_nearer(state, *best, now))) {
      best = &state;
    }
  }
  return best;
}

void Selector::update_preference(const std::string& source, bool is_path_longer, bool is_round,
                                 base::TimePoint now) {
  Preference& preference = preferences_[source];
  const State* const best = nearest(source, now);
  if (best == nullptr || preference.current == best->replica.id) {
    preference.rounds_better = 0;
    return;  // nothing usable: keep what was, for when it comes back
  }
  const auto current = preference.current ? states_.find(*preference.current) : states_.end();
  if (!preference.current) {
    switch_to(source, preference, best->replica.id, "first choice", now);
    return;
  }
  if (current == states_.end() || !current->second.replica.serves(source)) {
    switch_to(source, preference, best->replica.id, "the current one is gone from the site map",
              now);
    return;
  }
  if (!is_usable(current->second, now)) {
    switch_to(source, preference, best->replica.id,
              "the current one is ejected: " + current->second.health.last_failure(), now);
    return;
  }
  const auto best_rtt = best->latency.lowest(now);
  const auto current_rtt = current->second.latency.lowest(now);
  const bool is_better = best_rtt && current_rtt && is_better_by_rule(*best_rtt, *current_rtt);
  // So far it was a guess: one round is enough to correct it.
  if (is_settling() && is_round && (is_better || !current_rtt)) {
    switch_to(source, preference, best->replica.id, "nearest in the first rounds", now);
    return;
  }
  if (!is_better) {
    preference.rounds_better = is_round ? 0 : preference.rounds_better;
    return;
  }
  const bool is_rested = !preference.switched_at || now - *preference.switched_at >= kSwitchPause;
  if (is_path_longer && is_rested) {
    switch_to(source, preference, best->replica.id,
              "the path to the current one became longer: " + format_ms(*current_rtt), now);
    return;
  }
  if (!is_round) {
    return;
  }
  preference.rounds_better =
      preference.challenger == best->replica.id ? preference.rounds_better + 1 : 1;
  preference.challenger = best->replica.id;
  if (preference.rounds_better >= kSwitchRounds && is_rested) {
    switch_to(source, preference, best->replica.id,
              "nearer in " + std::to_string(preference.rounds_better) +
                  " rounds: " + format_ms(*best_rtt) + " against " + format_ms(*current_rtt),
              now);
  }
}

void Selector::switch_to(const std::string& source, Preference& preference, ReplicaId to,
                         std::string why, base::TimePoint now) {
  switches_.push_back({now, source, preference.current, to, std::move(why)});
  if (switches_.size() > kSwitchesShownMax) {
    switches_.pop_front();
  }
  // The first choice is a guess, not a switch to rest from.
  const bool is_guess = !preference.current || is_settling();
  preference.current = to;
  preference.rounds_better = 0;
  if (!is_guess) {
    preference.switched_at = now;
  }
}

// For a large body the predicted time decides, if both are measured and the gain is clear.
void Selector::put_faster_first(std::vector<const State*>& usable, const Want& want,
                                base::TimePoint now) const {
  if (usable.size() < 2 || !want.size_bytes || *want.size_bytes < kThroughputBytesMin) {
    return;
  }
  const auto rate = [&](const State* state) {
    const bool is_fresh =
        state->throughput_bytes_per_s && now - state->throughput_at <= kThroughputForgotten;
    return is_fresh ? *state->throughput_bytes_per_s : 0.0;
  };
  const auto fastest = std::max_element(usable.begin(), usable.end(),
                                        [&](auto* a, auto* b) { return rate(a) < rate(b); });
  const double first_rate = rate(usable.front());
  if (first_rate > 0 && rate(*fastest) >= kThroughputGain * first_rate) {
    std::rotate(usable.begin(), fastest, fastest + 1);
  }
}

std::string Selector::reason_of(const State& state, const Want& want, bool is_preferred,
                                base::TimePoint now) const {
  std::string out = is_preferred ? "preferred" : "alternative";
  const auto lowest = state.latency.lowest(now);
  out += lowest ? ", " + format_ms(*lowest) : ", not measured yet";
  if (!map_.site.empty() && state.replica.site == map_.site) {
    out += ", in own site";
  }
  if (content_.find(state.replica.id, want.key, now) == ContentIndex::Knowledge::Present) {
    out += ", has it";
  }
  if (state.throughput_bytes_per_s && now - state.throughput_at <= kThroughputForgotten) {
    out += ", " + format_rate(*state.throughput_bytes_per_s);
  }
  const Health::State health = state.health.state(now);
  if (health != Health::State::Healthy) {
    out += ", " + std::string(mirror::name_of(health)) + ": " + state.health.last_failure();
  }
  return out;
}

Choice Selector::choose(const Want& want, base::TimePoint now) {
  Choice choice;
  std::vector<const State*> usable;
  std::vector<const State*> later;  // busy or half open: asked when the others have failed
  std::vector<State*> ejected;
  std::size_t serving = 0;
  for (auto& [id, state] : states_) {
    if (!state.replica.serves(want.source)) {
      continue;
    }
    ++serving;
    const auto knowledge = content_.find(id, want.key, now);
    if (knowledge == ContentIndex::Knowledge::Missing) {
      choice.refused.push_back({id, false, "does not have it"});
    } else if (knowledge == ContentIndex::Knowledge::Banned) {
      choice.refused.push_back({id, false, "sent wrong bytes for it"});
    } else if (state.health.state(now) == Health::State::Ejected) {
      ejected.push_back(&state);
    } else if (state.health.state(now) == Health::State::HalfOpen ||
               (state.busy_until && now < *state.busy_until)) {
      later.push_back(&state);
    } else {
      usable.push_back(&state);
    }
  }
  const auto preference = preferences_.find(want.source);
  const auto current = preference != preferences_.end() ? preference->second.current : std::nullopt;
  const auto by_order = [&](const State* a, const State* b) {
    const bool is_a_current = current == a->replica.id;
    const bool is_b_current = current == b->replica.id;
    return is_a_current != is_b_current ? is_a_current : is_nearer(*a, *b, now);
  };
  std::sort(usable.begin(), usable.end(), by_order);
  put_faster_first(usable, want, now);
  std::sort(later.begin(), later.end(), by_order);
  std::sort(ejected.begin(), ejected.end(), by_order);
  usable.insert(usable.end(), later.begin(), later.end());
  for (const State* state : usable) {
    choice.candidates.push_back(
        {state->replica.id, false, reason_of(*state, want, current == state->replica.id, now)});
  }
  const bool is_panic = ejected.size() * 2 > serving;
  for (State* state : ejected) {
    const bool is_due = !state->trial_at || now - *state->trial_at >= kTrialInterval;
    if (is_panic && is_due) {
      state->trial_at = now;
      choice.candidates.push_back(
          {state->replica.id, true, "trial, most are ejected: " + state->health.last_failure()});
    } else {
      choice.refused.push_back(
          {state->replica.id, false, "ejected: " + state->health.last_failure()});
    }
  }
  return choice;
}

std::vector<ReplicaId> Selector::round_targets(base::TimePoint now) {
  std::vector<ReplicaId> out;
  if (is_settling() || states_.size() <= kRoundTargetsMax) {
    for (const auto& [id, state] : states_) {
      out.push_back(id);
    }
    return out;
  }
  std::vector<const State*> order;
  for (const auto& [id, state] : states_) {
    order.push_back(&state);
  }
  std::sort(order.begin(), order.end(),
            [&](const State* a, const State* b) { return is_nearer(*a, *b, now); });
  std::set<ReplicaId> targets;
  for (const ReplicaId id : watch_targets(now)) {
    targets.insert(id);
  }
  for (const State* state : order) {
    if (targets.size() + 1 < kRoundTargetsMax) {
      targets.insert(state->replica.id);
    }
  }
  targets.insert(order[rounds_ % order.size()]->replica.id);  // the far ones in turn
  out.assign(targets.begin(), targets.end());
  return out;
}

std::vector<ReplicaId> Selector::watch_targets(base::TimePoint now) const {
  std::set<ReplicaId> targets;
  for (const auto& [source, preference] : preferences_) {
    if (preference.current && states_.contains(*preference.current)) {
      targets.insert(*preference.current);
    }
  }
  for (const auto& [id, state] : states_) {
    const Health::State health = state.health.state(now);
    if (health == Health::State::Suspect || health == Health::State::HalfOpen) {
      targets.insert(id);
    }
  }
  return {targets.begin(), targets.end()};
}

bool Selector::is_degraded(base::TimePoint now) const {
  return std::any_of(states_.begin(), states_.end(), [&](const auto& entry) {
    const Health::State health = entry.second.health.state(now);
    return health == Health::State::Suspect || health == Health::State::HalfOpen;
  });
}

std::optional<ReplicaId> Selector::preferred(const std::string& source) const {
  const auto found = preferences_.find(source);
  return found == preferences_.end() ? std::nullopt : found->second.current;
}

const Replica* Selector::find(ReplicaId id) const {
  const auto found = states_.find(id);
  return found == states_.end() ? nullptr : &found->second.replica;
}

std::optional<base::Duration> Selector::latency(ReplicaId id, base::TimePoint now) const {
  const auto found = states_.find(id);
  return found == states_.end() ? std::nullopt : found->second.latency.lowest(now);
}

std::vector<Selector::Report> Selector::report(base::TimePoint now) const {
  std::vector<Report> out;
  for (const auto& [id, state] : states_) {
    out.push_back({&state.replica, state.health.state(now), state.health.last_failure(),
                   state.latency.lowest(now), state.latency.smoothed(),
                   state.throughput_bytes_per_s});
  }
  return out;
}

}  // namespace mirror
