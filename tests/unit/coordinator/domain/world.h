// A small coordinator without a log: a state, a clock and hands to drive it with.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "coordinator/domain/decide.h"
#include "coordinator/domain/state.h"
#include "overlay/base/random.h"

namespace coordinator {

inline crypto::Digest256 digest_of(std::uint8_t byte) {
  crypto::Digest256 digest{};
  digest.fill(byte);
  return digest;
}

inline base::Prefix prefix(std::string_view text) {
  return base::Prefix::parse(text).value();
}

class World {
 public:
  // Decides and, if that is what comes out, applies as one record of its own.
  Decision run(Command command) {
    return run(Request{std::move(command), "test", "192.0.2.1", std::nullopt});
  }

  Decision run(const Request& request) {
    Decision decision = decide(state, request, circumstances, random);
    if (!decision.events.empty()) {
      touched.clear();
      begin_record(state);
      for (const Event& event : decision.events) {
        const auto status = apply_event(state, event, &touched);
        EXPECT_TRUE(status.ok()) << status.error().text();
      }
      state.commit();
    }
    return decision;
  }

  model::NetworkId make_network(const std::string& name = "default",
                                model::Topology topology = model::Topology::Site) {
    CreateNetwork command;
    command.name = name;
    command.topology = topology;
    const Decision decision = run(std::move(command));
    EXPECT_TRUE(decision.ok()) << decision.refusal.text;
    return {static_cast<std::uint32_t>(decision.subject.id)};
  }

  model::SiteId make_site(model::NetworkId network, const std::string& name,
                          std::vector<base::Prefix> prefixes = {}) {
    const Decision decision = run(CreateSite{network, name, std::move(prefixes), false});
    EXPECT_TRUE(decision.ok()) << decision.refusal.text;
    return {static_cast<std::uint32_t>(decision.subject.id)};
  }

  model::TokenId make_token(model::SiteId site, std::uint32_t uses = 1'000'000,
                            model::Role role = model::Role::Member) {
    CreateToken command;
    command.network = state.sites.find(site)->network;
    command.site = site;
    command.role = role;
    command.uses = uses;
    command.secret_hash = digest_of(7);
    const Decision decision = run(std::move(command));
    EXPECT_TRUE(decision.ok()) << decision.refusal.text;
    return {decision.subject.id};
  }

  // What server number `n` sends: everything about it follows from its number.
  static Enrol enrol(model::TokenId token, std::uint32_t n) {
    Enrol command;
    command.token = token;
    command.secret_hash = digest_of(7);
    Joiner& joiner = command.joiner;
    const auto key = [n](std::uint8_t kind) {
      std::array<std::uint8_t, 32> bytes{};
      bytes[0] = kind;
      bytes[1] = static_cast<std::uint8_t>(n >> 16U);
      bytes[2] = static_cast<std::uint8_t>(n >> 8U);
      bytes[3] = static_cast<std::uint8_t>(n);
      return bytes;
    };
    joiner.identity_key = {key(1)};
    joiner.wireguard_key = {key(2)};
    joiner.name = "host-" + std::to_string(n);
    joiner.machine_id = "machine-" + std::to_string(n);
    joiner.boot_id = "boot";
    joiner.listen_port = 51820;
    joiner.lan_addresses = {base::Address::v4((172U << 24U | 20U << 16U) + n)};
    joiner.agent_version = "1";
    command.observed = base::Address::v4(192U << 24U | 2U << 8U | 9U);
    return command;
  }

  // The node that joins, or nullptr.
  const Node* join(model::TokenId token, std::uint32_t n) { return join(enrol(token, n)); }
  const Node* join(Enrol command) {
    const Decision decision = run(std::move(command));
    EXPECT_TRUE(decision.ok()) << decision.refusal.text;
    return decision.ok() ? state.nodes.find({decision.subject.id}) : nullptr;
  }

  State state;
  Circumstances circumstances{.now = {1'764'000'000'000}};
  base::SeededRandom random{1};
  std::vector<Touch> touched;
};

}  // namespace coordinator
