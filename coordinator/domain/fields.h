// The fields of every record and event, named once for writing and reading alike: fields(codec,
// value) calls codec(name, field) for each in the order of the encoding. Private to this folder.
//
// T is Record or const Record, so one list serves an encoder and a decoder.
#pragma once

#include <concepts>
#include <type_traits>

#include "coordinator/domain/event.h"

namespace coordinator {

template <typename T, typename Plain>
concept Like = std::same_as<std::remove_const_t<T>, Plain>;

void fields(auto& c, Like<Network> auto& v) {
  c("id", v.id);
  c("name", v.name);
  c("topology", v.topology);
  c("prefixes", v.prefixes);
  c("pod_prefixes", v.pod_prefixes);
  c("mtu", v.mtu);
  c("keepalive_s", v.keepalive_s);
  c("created_at", v.created_at);
  c("changed_at", v.changed_at);
}

void fields(auto& c, Like<Site> auto& v) {
  c("id", v.id);
  c("network", v.network);
  c("name", v.name);
  c("prefixes", v.prefixes);
  c("is_lan_native", v.is_lan_native);
  c("next_offset", v.next_offset);
  c("created_at", v.created_at);
  c("changed_at", v.changed_at);
}

void fields(auto& c, Like<Node> auto& v) {
  c("id", v.id);
  c("network", v.network);
  c("site", v.site);
  c("name", v.name);
  c("role", v.role);
  c("rank", v.rank);
  c("identity_key", v.identity_key);
  c("wireguard_key", v.wireguard_key);
  c("offset", v.offset);
  c("offset_free_since", v.offset_free_since);
  c("listen_port", v.listen_port);
  c("lan_addresses", v.lan_addresses);
  c("public_endpoints", v.public_endpoints);
  c("machine_id", v.machine_id);
  c("boot_id", v.boot_id);
  c("agent_version", v.agent_version);
  c("labels", v.labels);
  c("token", v.token);
  c("joined_at", v.joined_at);
  c("changed_at", v.changed_at);
}

void fields(auto& c, Like<Token> auto& v) {
  c("id", v.id);
  c("network", v.network);
  c("site", v.site);
  c("role", v.role);
  c("secret_hash", v.secret_hash);
  c("uses", v.uses);
  c("uses_left", v.uses_left);
  c("is_revoked", v.is_revoked);
  c("labels", v.labels);
  c("created_at", v.created_at);
  c("expires_at", v.expires_at);
}

void fields(auto& c, Like<Replica> auto& v) {
  c("id", v.id);
  c("network", v.network);
  c("site", v.site);
  c("url", v.url);
  c("sources", v.sources);
  c("created_at", v.created_at);
  c("changed_at", v.changed_at);
}

void fields(auto& c, Like<ApiKey> auto& v) {
  c("id", v.id);
  c("name", v.name);
  c("role", v.role);
  c("secret_hash", v.secret_hash);
  c("created_at", v.created_at);
}

void fields(auto& c, Like<AuditEntry> auto& v) {
  c("id", v.id);
  c("at", v.at);
  c("actor", v.actor);
  c("remote", v.remote);
  c("action", v.action);
  c("target", v.target);
}

void fields(auto& c, Like<Subject> auto& v) {
  c("kind", v.kind);
  c("id", v.id);
}

void fields(auto& c, Like<Idempotency> auto& v) {
  c("key", v.key);
  c("request", v.request);
  c("subject", v.subject);
  c("expires_at", v.expires_at);
}

void fields(auto& c, Like<Tombstone> auto& v) {
  c("sequence", v.sequence);
  c("kind", v.key.kind);
  c("id", v.key.id);
  c("network", v.network);
  c("site", v.site);
  c("role", v.role);
}

void fields(auto& c, Like<Counters> auto& v) {
  c("network", v.network);
  c("site", v.site);
  c("node", v.node);
  c("replica", v.replica);
  c("audit", v.audit);
  c("tombstone", v.tombstone);
  c("tombstone_floor", v.tombstone_floor);
}

void fields(auto& c, Like<Confirmation> auto& v) {
  c("epoch", v.epoch);
  c("sequence", v.sequence);
}

void fields(auto& c, Like<ReleasedKey> auto& v) {
  c("site", v.site);
  c("at", v.at);
  c("offset", v.offset);
}

void fields(auto& c, Like<NetworkCreated> auto& v) {
  c("network", v.network);
}
void fields(auto& c, Like<NetworkRemoved> auto& v) {
  c("id", v.id);
}
void fields(auto& c, Like<SiteCreated> auto& v) {
  c("site", v.site);
}
void fields(auto& c, Like<SiteRemoved> auto& v) {
  c("id", v.id);
}
void fields(auto& c, Like<TokenCreated> auto& v) {
  c("token", v.token);
}
void fields(auto& c, Like<TokenRevoked> auto& v) {
  c("id", v.id);
}
void fields(auto& c, Like<TokenForgotten> auto& v) {
  c("id", v.id);
}
void fields(auto& c, Like<NodeEnrolled> auto& v) {
  c("node", v.node);
  c("name_suffix", v.name_suffix);
}
void fields(auto& c, Like<NodeUpdated> auto& v) {
  c("id", v.id);
  c("wireguard_key", v.wireguard_key);
  c("listen_port", v.listen_port);
  c("lan_addresses", v.lan_addresses);
  c("public_endpoints", v.public_endpoints);
  c("boot_id", v.boot_id);
  c("agent_version", v.agent_version);
}
void fields(auto& c, Like<NodeRemoved> auto& v) {
  c("id", v.id);
  c("at", v.at);
}
void fields(auto& c, Like<ReplicaCreated> auto& v) {
  c("replica", v.replica);
}
void fields(auto& c, Like<ReplicaRemoved> auto& v) {
  c("id", v.id);
}
void fields(auto& c, Like<ApiKeyCreated> auto& v) {
  c("key", v.key);
}
void fields(auto& c, Like<ApiKeyRevoked> auto& v) {
  c("id", v.id);
}
void fields(auto& c, Like<Audited> auto& v) {
  c("entry", v.entry);
}
void fields(auto& c, Like<IdempotencyKept> auto& v) {
  c("entry", v.entry);
}
void fields(auto& c, Like<RemovalsConfirmed> auto& v) {
  c("network", v.network);
  c("epoch", v.epoch);
}

}  // namespace coordinator
