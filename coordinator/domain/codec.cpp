#include "coordinator/domain/codec.h"

#include <iterator>
#include <optional>
#include <utility>

#include "coordinator/domain/field_codec.h"
#include "coordinator/domain/indexing.h"

namespace coordinator {
namespace {

// The event of kind `kind`, an index of the variant, with its fields read.
template <std::size_t Kind = 0>
Event read_event(Decoder& decoder, std::size_t kind) {
  if constexpr (Kind == std::variant_size_v<Event>) {
    decoder.reader().reject(
        base::Errc::Malformed, "kind",
        std::to_string(kind) + ", expected 0.." + std::to_string(std::variant_size_v<Event> - 1));
    return {};
  } else {
    if (kind != Kind) {
      return read_event<Kind + 1>(decoder, kind);
    }
    std::variant_alternative_t<Kind, Event> event;
    fields(decoder, event);
    return event;
  }
}

// Reads a version in `oldest`..`newest`.
std::uint8_t read_version(Decoder& decoder, std::uint8_t oldest, std::uint8_t newest) {
  std::uint8_t version = 0;
  decoder("version", version);
  if (version < oldest || version > newest) {
    decoder.reader().reject(base::Errc::Malformed, "version",
                            std::to_string(version) + ", expected " +
                                (oldest == newest ? "" : std::to_string(oldest) + "..") +
                                std::to_string(newest));
  }
  return version;
}

template <typename K, typename V>
void put_values(Encoder& encoder, const Table<K, V>& table) {
  encoder("count", static_cast<std::uint32_t>(table.size()));
  for (const auto& [key, value] : table) {
    encoder("value", value);
  }
}

// Reads a table of values in strictly ascending order of key_of(value) and gives each to `add`,
// whose refusal is the decoder's.
template <typename V, typename KeyOf, typename Add>
void get_values(Decoder& decoder, std::string_view what, KeyOf key_of, Add add) {
  std::uint32_t count = 0;
  decoder("count", count);
  std::optional<decltype(key_of(std::declval<V>()))> last;
  for (std::uint32_t i = 0; i < count && !decoder.failed(); ++i) {
    V value;
    decoder(what, value);
    if (decoder.failed()) {
      return;
    }
    auto key = key_of(std::as_const(value));
    if (last.has_value() && !(*last < key)) {
      decoder.reader().reject(base::Errc::Malformed, what, "not in ascending order");
      return;
    }
    last = std::move(key);
    if (const base::Status status = add(std::as_const(value)); !status.ok()) {
      decoder.reader().reject(base::Errc::Malformed, what, status.error().text());
    }
  }
}

// Tables whose key is not in their value.
struct Released {
  ReleasedKey key;
  crypto::IdentityPublicKey last_holder;
};
struct RetiredBlock {
  model::NetworkId network;
  base::Prefix prefix;
  base::WallTime at;
};
struct NameSuffix {
  model::NetworkId network;
  std::string stem;
  std::uint32_t suffix = 0;
};
struct NumberedTombstone {
  std::uint64_t number = 0;
  Tombstone tombstone;
};
void fields(auto& c, Like<Released> auto& v) {
  c("key", v.key);
  c("last_holder", v.last_holder);
}
void fields(auto& c, Like<RetiredBlock> auto& v) {
  c("network", v.network);
  c("prefix", v.prefix);
  c("at", v.at);
}
void fields(auto& c, Like<NameSuffix> auto& v) {
  c("network", v.network);
  c("stem", v.stem);
  c("suffix", v.suffix);
}
struct NetworkConfirmation {
  model::NetworkId network;
  Confirmation confirmation;
};
void fields(auto& c, Like<NetworkConfirmation> auto& v) {
  c("network", v.network);
  c("confirmation", v.confirmation);
}
void fields(auto& c, Like<NumberedTombstone> auto& v) {
  c("number", v.number);
  c("tombstone", v.tombstone);
}

template <typename Row, typename K, typename V, typename MakeRow>
void put_rows(Encoder& encoder, const Table<K, V>& table, MakeRow make_row) {
  encoder("count", static_cast<std::uint32_t>(table.size()));
  for (const auto& [key, value] : table) {
    const Row row = make_row(key, value);
    encoder("row", row);
  }
}

constexpr auto kIdOf = [](const auto& value) { return value.id; };
constexpr auto kKeyOf = [](const auto& value) { return value.key; };

void get_facts(Decoder& decoder, State& state) {
  get_values<Network>(decoder, "network", kIdOf,
                      [&](const Network& value) { return add_network(state, value); });
  get_values<Site>(decoder, "site", kIdOf,
                   [&](const Site& value) { return add_site(state, value); });
  get_values<Node>(decoder, "node", kIdOf,
                   [&](const Node& value) { return add_node(state, value); });
  get_values<Token>(decoder, "token", kIdOf,
                    [&](const Token& value) { return add_token(state, value); });
  get_values<Replica>(decoder, "replica", kIdOf,
                      [&](const Replica& value) { return add_replica(state, value); });
  get_values<ApiKey>(decoder, "api key", kIdOf,
                     [&](const ApiKey& value) { return add_api_key(state, value); });
}

void get_history(Decoder& decoder, State& state) {
  get_values<AuditEntry>(decoder, "audit", kIdOf, [&](const AuditEntry& value) -> base::Status {
    add_audit(state, value);
    return {};
  });
  get_values<Idempotency>(decoder, "idempotency", kKeyOf,
                          [&](const Idempotency& value) { return add_idempotency(state, value); });
  get_values<NumberedTombstone>(
      decoder, "tombstone", [](const NumberedTombstone& row) { return row.number; },
      [&](const NumberedTombstone& row) -> base::Status {
        state.tombstones.put(row.number, row.tombstone);
        return {};
      });
  get_values<Released>(decoder, "released", kKeyOf, [&](const Released& row) -> base::Status {
    if (state.released_by_identity.contains(row.last_holder)) {
      return damaged("is kept twice for one identity");
    }
    return add_released(state, row.key, row.last_holder);
  });
  get_values<RetiredBlock>(
      decoder, "retired block",
      [](const RetiredBlock& row) { return std::pair(row.network, row.prefix); },
      [&](const RetiredBlock& row) -> base::Status {
        state.retired_blocks.put({row.network, row.prefix}, row.at);
        return {};
      });
  get_values<NameSuffix>(
      decoder, "name suffix",
      [](const NameSuffix& row) { return State::Name(row.network, row.stem); },
      [&](const NameSuffix& row) -> base::Status {
        state.name_suffixes.put({row.network, row.stem}, row.suffix);
        return {};
      });
}

void get_confirmations(Decoder& decoder, State& state) {
  get_values<NetworkConfirmation>(
      decoder, "confirmation", [](const NetworkConfirmation& row) { return row.network; },
      [&](const NetworkConfirmation& row) -> base::Status {
        if (!state.networks.contains(row.network)) {
          return damaged("is of no network");
        }
        state.confirmations.put(row.network, row.confirmation);
        return {};
      });
}

// No id may be given twice.
void check_counters(Decoder& decoder, const State& state) {
  const Counters& next = state.counters.get();
  const auto is_above = [](auto number, const auto& table, auto id_of) {
    return table.empty() || number > id_of(std::prev(table.end())->first);
  };
  const auto value_of = [](auto id) { return id.value; };
  const auto itself = [](std::uint64_t number) { return number; };
  if (!is_above(next.network, state.networks, value_of) ||
      !is_above(next.site, state.sites, value_of) || !is_above(next.node, state.nodes, value_of) ||
      !is_above(next.replica, state.replicas, value_of) ||
      !is_above(next.audit, state.audit, itself) ||
      !is_above(next.tombstone, state.tombstones, itself) || next.network == 0 || next.site == 0 ||
      next.node == 0 || next.replica == 0) {
    decoder.reader().reject(base::Errc::Malformed, "counters", "not above the ids in use");
  }
}

}  // namespace

std::vector<std::uint8_t> encode(const Record& record) {
  CHECK(record.events.size() <= kRecordEventsMax);
  Encoder encoder;
  encoder("version", kRecordVersion);
  encoder("writer", record.writer);
  encoder("batch", record.batch);
  encoder("at", record.at);
  encoder("count", static_cast<std::uint16_t>(record.events.size()));
  for (const Event& event : record.events) {
    encoder("kind", static_cast<std::uint8_t>(event.index()));
    std::visit([&](const auto& value) { fields(encoder, value); }, event);
  }
  return std::move(encoder).bytes();
}

base::Result<Record> decode_record(std::span<const std::uint8_t> bytes) {
  Decoder decoder("record", bytes);
  read_version(decoder, kRecordVersion, kRecordVersion);
  Record record;
  decoder("writer", record.writer);
  decoder("batch", record.batch);
  decoder("at", record.at);
  std::uint16_t count = 0;
  decoder("count", count);
  if (count > kRecordEventsMax) {
    decoder.reader().reject(
        base::Errc::Malformed, "count",
        std::to_string(count) + ", at most " + std::to_string(kRecordEventsMax));
  }
  for (std::uint16_t i = 0; i < count && !decoder.failed(); ++i) {
    std::uint8_t kind = 0;
    decoder("kind", kind);
    record.events.push_back(read_event(decoder, kind));
  }
  if (auto status = decoder.reader().finish(); !status.ok()) {
    return status.error();
  }
  return record;
}

std::vector<std::uint8_t> encode_snapshot(const State& state) {
  Encoder encoder;
  encoder("version", kSnapshotVersion);
  encoder("sequence", state.sequence.get());
  encoder("counters", state.counters.get());
  put_values(encoder, state.networks);
  put_values(encoder, state.sites);
  put_values(encoder, state.nodes);
  put_values(encoder, state.tokens);
  put_values(encoder, state.replicas);
  put_values(encoder, state.api_keys);
  put_values(encoder, state.audit);
  put_values(encoder, state.idempotency);
  put_rows<NumberedTombstone>(encoder, state.tombstones,
                              [](std::uint64_t number, const Tombstone& tombstone) {
                                return NumberedTombstone{number, tombstone};
                              });
  put_rows<Released>(encoder, state.released, [](const ReleasedKey& key, const auto& last_holder) {
    return Released{key, last_holder};
  });
  put_rows<RetiredBlock>(encoder, state.retired_blocks, [](const auto& key, base::WallTime at) {
    return RetiredBlock{key.first, key.second, at};
  });
  put_rows<NameSuffix>(encoder, state.name_suffixes, [](const auto& key, std::uint32_t suffix) {
    return NameSuffix{key.first, key.second, suffix};
  });
  put_rows<NetworkConfirmation>(encoder, state.confirmations,
                                [](model::NetworkId network, const Confirmation& confirmation) {
                                  return NetworkConfirmation{network, confirmation};
                                });
  return std::move(encoder).bytes();
}

base::Result<State> decode_snapshot(std::span<const std::uint8_t> bytes) {
  Decoder decoder("snapshot", bytes);
  const std::uint8_t version = read_version(decoder, 1, kSnapshotVersion);
  State state;
  std::uint64_t sequence = 0;
  decoder("sequence", sequence);
  state.sequence.put(sequence);
  Counters counters;
  decoder("counters", counters);
  state.counters.put(counters);
  get_facts(decoder, state);
  get_history(decoder, state);
  if (version >= 2) {
    get_confirmations(decoder, state);
  }
  check_counters(decoder, state);
  if (auto status = decoder.reader().finish(); !status.ok()) {
    return status.error();
  }
  state.commit();
  return state;
}

}  // namespace coordinator
