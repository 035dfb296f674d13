// Records as the API shows them: JSON bodies. Pure.
#pragma once

#include <string>

#include <nlohmann/json.hpp>

#include "coordinator/domain/state.h"
#include "coordinator/server/fleet.h"
#include "overlay/base/time.h"

namespace coordinator {

nlohmann::json to_json(const State& state, const Network& network);
nlohmann::json to_json(const State& state, const Site& site);
// Without the secret, which nobody has any more. `now` tells expired from active.
nlohmann::json to_json(const State& state, const Token& token, base::WallTime now);
nlohmann::json to_json(const State& state, const Node& node, const Fleet& fleet,
                       base::WallTime now);
nlohmann::json to_json(const State& state, const Replica& replica);
// One entry of Prometheus's HTTP service discovery: the node's first overlay address, with `port`.
nlohmann::json prometheus_target(const State& state, const Node& node, const Fleet& fleet,
                                 base::WallTime now, std::uint16_t port);
nlohmann::json to_json(const ApiKey& key);
nlohmann::json to_json(const AuditEntry& entry);

std::string_view name_of(KeyRole role);
// Errors: Malformed, listing what there is.
base::Result<KeyRole> parse_key_role(std::string_view text);

}  // namespace coordinator
