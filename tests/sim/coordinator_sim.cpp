#include "tests/sim/coordinator_sim.h"

#include <algorithm>
#include <set>
#include <utility>

#include <gtest/gtest.h>

#include "coordinator/domain/codec.h"
#include "overlay/model/membership.h"
#include "tests/unit/coordinator/domain/world.h"

namespace coordinator {
namespace {

LogKey log_key() {
  return LogKey(std::vector<std::uint8_t>(32, 5));
}

crypto::IdentityKey signing_key() {
  return crypto::IdentityKey::from_seed(crypto::Secret<32>(std::vector<std::uint8_t>(32, 6)));
}

// The state has exactly the indexes that its records give, and no two nodes have one address.
void check_state(const State& state) {
  const auto rebuilt = decode_snapshot(encode_snapshot(state));
  ASSERT_TRUE(rebuilt.ok()) << rebuilt.error().text();
  ASSERT_TRUE(rebuilt.value() == state) << "indexes do not follow from the records";
  std::set<base::Address> held;
  for (const auto& [id, node] : state.nodes) {
    const Site& site = *state.sites.find(node.site);
    for (const base::Address& address : addresses_of(site, node.offset)) {
      ASSERT_TRUE(held.insert(address).second) << address.text() << " is held twice";
    }
  }
  for (const auto& [id, site] : state.sites) {
    std::uint32_t released = 0;
    for (auto it = state.released.lower_bound({.site = id, .at = {}, .offset = 0});
         it != state.released.end() && it->first.site == id; ++it) {
      ++released;
    }
    ASSERT_EQ(site.next_offset, 1 + released + state.site_use.find(id)->nodes)
        << "an offset is lost or doubled";
  }
}

// Every fact of the network that the view holds, straight from the records.
model::View view_from(const State& state, const model::ViewId& id) {
  const model::Topology topology = state.networks.find(id.network)->topology;
  std::vector<model::FactChange> changes;
  const auto add = [&](const model::Fact& fact) {
    if (model::holds(id, topology, fact)) {
      changes.push_back(model::upsert(fact));
    }
  };
  add(fact_of(*state.networks.find(id.network)));
  for (const auto& [site_id, site] : state.sites) {
    add(fact_of(site));
  }
  for (const auto& [replica_id, replica] : state.replicas) {
    add(fact_of(replica));
  }
  for (const auto& [node_id, node] : state.nodes) {
    add(fact_of(node, *state.sites.find(node.site)));
    if (node.role == model::Role::Gateway) {
      add(gateway_fact_of(node));
    }
  }
  model::View view;
  EXPECT_TRUE(view.apply(changes).ok());
  return view;
}

}  // namespace

Simulation::Simulation(std::uint64_t seed, std::size_t coordinators)
    : random_(seed), signing_key_(signing_key()) {
  observer_.log = std::make_unique<MemoryLog>(store_, log_key(), random_);
  observer_.log->open(std::nullopt, [](const auto& opened) { ASSERT_TRUE(opened.ok()); });
  store_.run_all();
  coordinators_.resize(coordinators);
  for (std::size_t i = 0; i < coordinators; ++i) {
    start(i);
  }
  lay_out();
  for (std::uint32_t n = 0; n < kServers; ++n) {
    servers_.push_back({.number = n});
  }
  for (std::size_t i = 0; i < kSites; ++i) {
    for (const model::Role role : {model::Role::Member, model::Role::Gateway}) {
      agents_.push_back({.view = model::view_of(network_, model::Topology::Site, sites_[i], role)});
    }
  }
}

Simulation::~Simulation() = default;

void Simulation::start(std::size_t index) {
  Coordinator& one = coordinators_[index];
  one.life = ++lives_;
  one.log = std::make_unique<MemoryLog>(store_, log_key(), random_);
  one.committer = std::make_unique<Committer>(
      *one.log, signing_key_, random_,
      Committer::Surroundings{
          .now = [this] { return now_; },
          .after =
              [this, index](base::Duration wait, std::function<void()> act) {
                coordinators_[index].timers.push_back({now_ + wait, std::move(act)});
              },
          .on_phase = {},
          .on_touched =
              [this, index](const std::vector<model::ViewId>& views, const std::vector<Touch>&) {
                for (const model::ViewId& view : views) {
                  // Some at once, some later, as the hub's tick does.
                  if (random_.below(2) == 0) {
                    coordinators_[index].committer->views()->publish(view);
                  }
                }
              }},
      Committer::Options{
          .quarantine = kQuarantine, .known = std::nullopt, .snapshot_bytes_min = 30'000});
  one.committer->start();
}

void Simulation::crash(std::size_t index) {
  Coordinator& one = coordinators_[index];
  conflicts_ += one.committer->counters().conflicts;
  one.timers.clear();
  one.committer.reset();
  one.log.reset();
  for (Server& server : servers_) {
    if (server.is_asking && server.number % coordinators_.size() == index) {
      server.is_asking = false;  // the answer will not come: it may or may not have been done
      server.is_certain = false;
    }
  }
  start(index);
}

bool Simulation::is_ready(std::size_t index) const {
  return coordinators_[index].committer->phase() == Committer::Phase::Ready;
}

std::size_t Simulation::any_coordinator() {
  return random_.below(coordinators_.size());
}

void Simulation::run_timers() {
  for (Coordinator& one : coordinators_) {
    const std::uint64_t life = one.life;
    for (Timed& timed : std::exchange(one.timers, {})) {
      if (timed.at > now_) {
        one.timers.push_back(std::move(timed));
      } else if (one.life == life) {
        timed.act();
      }
    }
  }
}

void Simulation::lay_out() {
  settle();
  const auto make = [this](Command command) {
    std::uint64_t id = 0;
    EXPECT_TRUE(coordinators_[0]
                    .committer
                    ->submit(
                        {std::move(command), "sim", "", std::nullopt},
                        [&id](const State&, const Decision& decision) {
                          EXPECT_TRUE(decision.ok()) << decision.refusal.text;
                          id = decision.subject.id;
                        },
                        [](const base::Status& durable) { EXPECT_TRUE(durable.ok()); })
                    .ok());
    settle();
    return id;
  };
  CreateNetwork network;
  network.name = "default";
  network_ = {static_cast<std::uint32_t>(make(network))};
  for (std::size_t i = 0; i < kSites; ++i) {
    // Six addresses for eight servers: quarantine and full sites are met.
    const std::string block = "10.192." + std::to_string(i) + ".0/29";
    sites_.push_back({static_cast<std::uint32_t>(
        make(CreateSite{network_, "s" + std::to_string(i), {prefix(block)}, false}))});
    CreateToken token;
    token.network = network_;
    token.site = sites_.back();
    token.uses = kTokenUsesMax;
    token.lifetime = std::chrono::hours(1000);
    token.secret_hash = digest_of(7);
    token.role = model::Role::Member;
    tokens_.push_back({make(token)});
  }
}

void Simulation::ask_enrol(Server& server, std::size_t index) {
  Enrol command = World::enrol(tokens_[server.number % kSites], server.number);
  if (random_.below(4) == 0) {
    command.joiner.boot_id = "boot-" + std::to_string(random_.below(100));
    command.joiner.listen_port = static_cast<std::uint16_t>(50'000 + random_.below(1000));
  }
  struct Answer {
    std::string refusal;
    std::uint64_t node = 0;
    std::vector<base::Address> addresses;
  };
  const auto answer = std::make_shared<Answer>();  // of the two callbacks of one command
  const std::uint32_t number = server.number;
  const auto status = coordinators_[index].committer->submit(
      {std::move(command), "sim", "", std::nullopt},
      [answer](const State& state, const Decision& decision) {
        *answer = {};
        answer->refusal = decision.refusal.text;
        if (decision.ok()) {
          const Node& node = *state.nodes.find({decision.subject.id});
          answer->node = node.id.value;
          answer->addresses = addresses_of(*state.sites.find(node.site), node.offset);
        }
      },
      [this, number, index, answer](const base::Status& durable) {
        Server& one = servers_[number];
        one.is_asking = false;
        if (!durable.ok()) {
          one.is_certain = false;
          return;
        }
        ++acknowledged_;
        EXPECT_TRUE(coordinators_[index].log->is_confirmed()) << "no replica has it";
        if (!answer->refusal.empty()) {
          EXPECT_NE(answer->refusal.find("no free address"), std::string::npos) << answer->refusal;
          one.is_certain = true;
          one.node = std::nullopt;
          return;
        }
        if (one.is_certain && one.node.has_value()) {
          EXPECT_EQ(*one.node, answer->node) << "the same identity became another node";
          EXPECT_EQ(one.addresses, answer->addresses);
        }
        one.is_certain = true;
        one.node = answer->node;
        one.addresses = answer->addresses;
      });
  server.is_asking = status.ok();
}

void Simulation::ask_leave(Server& server, std::size_t index) {
  const std::uint32_t number = server.number;
  const auto status = coordinators_[index].committer->submit(
      {RemoveNode{{*server.node}}, "sim", "", std::nullopt},
      [](const State&, const Decision& decision) {
        EXPECT_TRUE(decision.ok()) << decision.refusal.text;
      },
      [this, number](const base::Status& durable) {
        Server& one = servers_[number];
        one.is_asking = false;
        one.is_certain = durable.ok();
        one.node = std::nullopt;
        acknowledged_ += durable.ok() ? 1U : 0U;
      });
  server.is_asking = status.ok();
}

void Simulation::ask_replica(std::size_t index) {
  const State& state = coordinators_[index].committer->latest();
  Command command = CreateReplica{network_,
                                  sites_[random_.below(kSites)],
                                  "http://r" + std::to_string(random_.below(100)) + ":5000",
                                  {"docker.io"}};
  if (!state.replicas.empty() && random_.below(2) == 0) {
    command = RemoveReplica{state.replicas.begin()->first};
  }
  // It does not matter whether it is done, only that all agree on it.
  (void)coordinators_[index].committer->submit(
      {std::move(command), "sim", "", std::nullopt}, [](const State&, const Decision&) {},
      [](const base::Status&) {});
}

void Simulation::agent_reads(Agent& agent) {
  if (random_.below(10) == 0) {
    agent.coordinator = any_coordinator();  // it lost its connection and found another
    agent.cursor = agent.follower.cursor();
  }
  Committer& committer = *coordinators_[agent.coordinator].committer;
  if (!is_ready(agent.coordinator) || !committer.is_idle()) {
    return;
  }
  ASSERT_TRUE(committer.views()->open(committer.latest(), agent.view));
  while (const SharedFrame frame = committer.views()->next(agent.view, agent.cursor)) {
    const auto update = model::open_update(std::span<const std::uint8_t>(*frame).subspan(4),
                                           signing_key_.public_key(), agent.view);
    ASSERT_TRUE(update.ok()) << update.error().text();
    if (const auto status = agent.follower.handle_update(update.value()); !status.ok()) {
      // A coordinator that lags, or a crash in between: begin anew.
      ASSERT_EQ(status.error().code(), base::Errc::Conflict) << status.error().text();
      ASSERT_EQ(status.error().text().find("hash"), std::string::npos) << status.error().text();
      agent.cursor = {};
      return;
    }
  }
}

void Simulation::step() {
  const std::uint64_t dice = random_.below(100);
  if (dice < 30) {
    Server& server = servers_[random_.below(servers_.size())];
    // Each server speaks to one coordinator, so that a crash is known to concern it.
    const std::size_t index = server.number % coordinators_.size();
    if (!server.is_asking && is_ready(index)) {
      if (server.is_certain && server.node.has_value() && random_.below(3) == 0) {
        ask_leave(server, index);
      } else {
        ask_enrol(server, index);
      }
    }
  } else if (dice < 33) {
    ask_replica(any_coordinator());
  } else if (dice < 75) {
    store_.run_one();
  } else if (dice < 85) {
    now_ = now_ + std::chrono::milliseconds(random_.below(3000));
  } else if (dice < 94) {
    agent_reads(agents_[random_.below(agents_.size())]);
  } else if (dice < 96) {
    store_.fail_next(1 + random_.below(3), random_.below(2) == 0);
    store_.lack_replicas(random_.below(4) == 0);
  } else if (dice < 98) {
    crash(any_coordinator());
  } else {
    for (Agent& agent : agents_) {
      if (is_ready(agent.coordinator)) {
        coordinators_[agent.coordinator].committer->views()->publish(agent.view);
      }
    }
  }
  run_timers();
  observe();
}

void Simulation::settle() {
  store_.fail_next(0);
  store_.lack_replicas(false);
  for (int turn = 0; turn < 200; ++turn) {
    store_.run_all();
    now_ = now_ + std::chrono::milliseconds(100);
    run_timers();
    observe();
  }
  store_.run_all();
  for (std::size_t i = 0; i < coordinators_.size(); ++i) {
    ASSERT_TRUE(is_ready(i)) << coordinators_[i].committer->trouble();
    ASSERT_TRUE(coordinators_[i].committer->is_idle());
  }
}

void Simulation::observe() {
  if (std::exchange(observer_.is_reading, true)) {
    return;
  }
  observer_.log->read(
      observer_.log->position().sequence, 100, [this](const base::Result<EventLog::Read>& read) {
        observer_.is_reading = false;
        if (!read.ok()) {  // an injected fault hit the observer: next time
          ASSERT_EQ(read.error().code(), base::Errc::Unavailable) << read.error().text();
          return;
        }
        for (const StoredEvent& stored : read.value().events) {
          const auto record = decode_record(stored.bytes);
          ASSERT_TRUE(record.ok()) << record.error().text();
          observe_record(record.value());
        }
      });
}

void Simulation::observe_record(const Record& record) {
  for (const Event& event : record.events) {
    if (const auto* enrolled = std::get_if<NodeEnrolled>(&event); enrolled != nullptr) {
      const Node& node = enrolled->node;
      const auto key = std::pair(node.site.value, node.offset);
      const auto released = observer_.released.find(key);
      if (released != observer_.released.end() && observer_.last_holder[key] != node.identity_key) {
        ASSERT_GE((node.joined_at - released->second).count(), kQuarantine.count())
            << "offset " << node.offset << " was given to another during its quarantine";
      }
      observer_.last_holder[key] = node.identity_key;
    }
    if (const auto* removed = std::get_if<NodeRemoved>(&event); removed != nullptr) {
      const Node& node = *observer_.state.nodes.find(removed->id);
      observer_.released[{node.site.value, node.offset}] = removed->at;
    }
  }
  const auto status = apply(observer_.state, record, nullptr);
  ASSERT_TRUE(status.ok()) << status.error().text();
  observer_.state.commit();
}

void Simulation::check_safety() {
  check_state(observer_.state);
}

void Simulation::check_agreement() {
  for (const Coordinator& one : coordinators_) {
    ASSERT_TRUE(one.committer->latest() == observer_.state)
        << "a coordinator at record " << one.committer->latest().sequence.get()
        << " does not agree with the log at " << observer_.state.sequence.get();
  }
}

void Simulation::check_acknowledged() {
  for (const Server& server : servers_) {
    const Enrol enrol = World::enrol(tokens_[0], server.number);
    const auto* id = observer_.state.node_by_identity.find(enrol.joiner.identity_key);
    if (!server.is_certain || server.is_asking) {
      continue;
    }
    ASSERT_EQ(server.node.has_value(), id != nullptr) << "server " << server.number;
    if (id != nullptr) {
      const Node& node = *observer_.state.nodes.find(*id);
      ASSERT_EQ(node.id.value, *server.node) << "server " << server.number;
      ASSERT_EQ(addresses_of(*observer_.state.sites.find(node.site), node.offset),
                server.addresses);
    }
  }
}

void Simulation::check_views() {
  for (Agent& agent : agents_) {
    for (std::size_t i = 0; i < coordinators_.size(); ++i) {
      Committer& committer = *coordinators_[i].committer;
      ASSERT_TRUE(committer.views()->open(committer.latest(), agent.view));
      committer.views()->publish(agent.view);
    }
    // Twice: one that was refused begins anew.
    agent_reads(agent);
    agent_reads(agent);
    const model::View expected = view_from(observer_.state, agent.view);
    ASSERT_EQ(agent.follower.view().hash(), expected.hash()) << agent.view.text();
    ASSERT_EQ(agent.follower.view().facts(), expected.facts()) << agent.view.text();
    // And whoever begins now gets the same.
    Agent fresh{.view = agent.view, .coordinator = agent.coordinator};
    agent_reads(fresh);
    agent_reads(fresh);
    ASSERT_EQ(fresh.follower.view().hash(), expected.hash());
  }
}

}  // namespace coordinator
