// Putting records into a State with all their indexes: shared by apply(), which gets them from
// events, and by the snapshot decoder, which gets them from bytes. Private to this folder.
#pragma once

#include "coordinator/domain/state.h"

namespace coordinator {

// Each refuses (Malformed) what would break an invariant of State, and then has changed nothing.
base::Status add_network(State& state, const Network& network);
base::Status add_site(State& state, const Site& site);
base::Status add_node(State& state, const Node& node);  // its offset must be below next_offset
base::Status add_token(State& state, const Token& token);
base::Status add_replica(State& state, const Replica& replica);
base::Status add_api_key(State& state, const ApiKey& key);
base::Status add_released(State& state, const ReleasedKey& key,
                          const crypto::IdentityPublicKey& last_holder);
// Drops the oldest of its kind if they are too many.
void add_audit(State& state, const AuditEntry& entry);
base::Status add_idempotency(State& state, const Idempotency& entry);

// The inverses, for what exists and has nothing standing on it.
void drop_network(State& state, const Network& network);
void drop_site(State& state, const Site& site);  // with its tokens and released offsets
void drop_node(State& state, const Node& node);
void drop_token(State& state, const Token& token);
void drop_replica(State& state, const Replica& replica);
void drop_released(State& state, const ReleasedKey& key);

// A node's facts weigh `after` bytes and no longer `before`.
void change_fact_bytes(State& state, const Node& node, std::size_t before, std::size_t after);

base::Error damaged(std::string text);

}  // namespace coordinator
