// The bytes that the event log keeps: batches chained by MACs, snapshot headers, the epoch's seal
// and the fingerprint's line. Pure.
//
// A batch is authentic on its own (its MAC covers its numbers, its events and the chain value
// before it) and in its place (the chain value before it is the MAC of the batch before). So an
// entry that was altered, moved, left out or written by somebody without the key is found when it
// is read. All integers are big-endian:
//
//   u8 version 1 | u64 first | u8[32] previous | u64 nonce | u32 count | count x { u32 size, bytes
//   } | u8[32] MAC = BLAKE2b-256(key, "linkspan-log-batch-1\n" + everything before)
//
// The nonce makes batches with equal events differ, so that a writer can tell its own from
// another's.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "coordinator/store/event_log.h"
#include "overlay/base/result.h"
#include "overlay/crypto/digest.h"
#include "overlay/crypto/secret.h"

namespace coordinator {

using LogKey = crypto::Secret<32>;

struct LogBatch {
  std::uint64_t first = 0;  // number of the first event, from 1
  crypto::Digest256 previous{};
  std::uint64_t nonce = 0;
  std::vector<EventBytes> events;  // 1..EventLog::kBatchEventsMax

  std::uint64_t last() const { return first + events.size() - 1; }
};

struct SealedBatch {
  std::string bytes;
  LogPosition end;  // behind it
};

// The chain value at sequence 0.
crypto::Digest256 chain_start(const LogKey& key);

SealedBatch seal_batch(const LogKey& key, const LogBatch& batch);

struct OpenedBatch {
  LogBatch batch;
  crypto::Digest256 chain{};  // behind it
};
// Errors: Unauthenticated when the MAC is wrong, before anything else is looked at but the size;
// Malformed when the key's holder wrote nonsense.
base::Result<OpenedBatch> open_batch(const LogKey& key, std::span<const std::uint8_t> bytes);

// The head of a log: what compare-and-set compares.
struct LogHead {
  Epoch epoch;
  LogPosition position;
};

crypto::Digest256 epoch_seal(const LogKey& key, const Epoch& epoch);

// Why `known` is not in the history of `head`, or nothing. `next` is the log's first entry whose
// last event is known.position.sequence or a later one, if there is any. What was trimmed is
// trusted.
std::optional<std::string> missing_history(const LogKey& key, const Fingerprint& known,
                                           const LogHead& head,
                                           std::optional<std::string_view> next);

struct Advance {
  std::vector<StoredEvent> events;
  LogPosition end;
};
// Reads `entries`, as they follow in the log, from `cursor` on until `limit` events are reached.
// Errors as EventLog::read().
base::Result<Advance> advance(const LogKey& key, const LogPosition& cursor, const LogHead& head,
                              const std::vector<std::string>& entries, std::size_t limit);

struct SnapshotHeader {
  static constexpr std::size_t kChunkBytes = 1U << 20;

  LogPosition position;
  std::uint64_t size_bytes = 0;
  crypto::Digest256 seal{};  // keyed BLAKE2b-256 of the content

  std::size_t chunk_count() const {
    return static_cast<std::size_t>((size_bytes + kChunkBytes - 1) / kChunkBytes);
  }
};
SnapshotHeader make_snapshot_header(const LogKey& key, const LogPosition& position,
                                    std::span<const std::uint8_t> content);
std::string encode(const LogKey& key, const SnapshotHeader& header);
base::Result<SnapshotHeader> decode_snapshot_header(const LogKey& key,
                                                    std::span<const std::uint8_t> bytes);
base::Status check_snapshot(const LogKey& key, const SnapshotHeader& header,
                            std::span<const std::uint8_t> content);

// "1 <epoch> <sequence> <chain>\n", hexadecimal but for the sequence.
std::string format_fingerprint(const Fingerprint& fingerprint);
base::Result<Fingerprint> parse_fingerprint(std::string_view text);

}  // namespace coordinator
