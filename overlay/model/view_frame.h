// The frames of a view stream (PROTOCOL.md, 5): u32 length, u8 type, body. Snapshots and deltas are
// signed by the coordinator, once for a view; ping and drain carry no state and rest on the pinned
// TLS connection alone.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <vector>

#include "overlay/base/result.h"
#include "overlay/base/time.h"
#include "overlay/crypto/keys.h"
#include "overlay/model/view.h"

namespace model {

inline constexpr std::size_t kFrameBytesMax = 16U << 20;    // what the length field may say
inline constexpr std::size_t kChangesBytesMax = 64U << 20;  // changes after decompression
inline constexpr std::size_t kCompressBytesMin = 512;       // shorter changes are sent as they are
inline constexpr std::uint64_t kSequenceMax = (1ULL << 53) - 1;  // exact in JSON everywhere
inline constexpr base::Duration kRetryAfterMax = std::chrono::hours(1);

enum class FrameType : std::uint8_t { Snapshot = 1, Delta = 2, Ping = 3, Drain = 4 };

// Where a follower stands in a view's log. Sequences of different epochs cannot be compared.
struct Cursor {
  std::uint64_t epoch = 0;  // 0: holds nothing
  std::uint64_t sequence = 0;

  friend bool operator==(const Cursor&, const Cursor&) = default;
};

// A snapshot (from nothing to `sequence`) or a delta (from any cursor in base_sequence..sequence).
struct ViewUpdate {
  bool is_snapshot = false;
  std::uint64_t epoch = 0;
  std::uint64_t base_sequence = 0;  // 0 in a snapshot
  std::uint64_t sequence = 0;
  StateHash state_hash{};  // of the view after the update
  bool is_mass_removal_meant = false;
  std::vector<FactChange> changes{};  // strictly ascending by key; a snapshot has upserts only

  friend bool operator==(const ViewUpdate&, const ViewUpdate&) = default;
};

// One whole frame without its length field: type and body.
struct Frame {
  FrameType type = FrameType::Ping;
  std::vector<std::uint8_t> bytes{};  // bytes[0] is the type
};

// Encodes with the length field, ready for the stream; compresses and signs, so do it once per
// view. Requires changes as ViewUpdate says (sort_changes() makes them so) that pass check_fact().
// Errors: LimitExceeded above kChangesBytesMax or kFrameBytesMax.
base::Result<std::vector<std::uint8_t>> encode_signed(const crypto::IdentityKey& key,
                                                      const ViewId& view, const ViewUpdate& update);
// Appends the signature to everything of an update before it, type byte first. encode_signed() does
// this; by itself it is for tests that sign what no coordinator would.
std::vector<std::uint8_t> sign_update_content(const crypto::IdentityKey& key,
                                              std::vector<std::uint8_t> content);

std::vector<std::uint8_t> encode_ping();
// Asks the follower to come back after `retry_after` (clamped to 0..kRetryAfterMax, milliseconds).
std::vector<std::uint8_t> encode_drain(base::Duration retry_after);

// Sorts by key and makes facts canonical; of several changes with one key the last stays.
void sort_changes(std::vector<FactChange>& changes);

// Verifies, then decompresses and decodes a snapshot or delta. Nothing is decompressed before the
// signature holds.
// Errors: Unauthenticated for a wrong signature; Conflict when it is another view's; Malformed,
// Truncated, LimitExceeded.
base::Result<ViewUpdate> open_update(std::span<const std::uint8_t> frame,
                                     const crypto::IdentityPublicKey& signer, const ViewId& view);

// How long a drain asks to wait. Errors: Malformed.
base::Result<base::Duration> decode_drain(std::span<const std::uint8_t> frame);

// Cuts a byte stream into frames. Feed what arrived, then poll until empty.
class FrameReader {
 public:
  // Errors: Malformed for an unknown type, LimitExceeded for a length above kFrameBytesMax. The
  // stream cannot be followed after an error: every later call gives it again.
  base::Status feed(std::span<const std::uint8_t> bytes);
  std::optional<Frame> poll_frame();

 private:
  base::Status cut();

  std::vector<std::uint8_t> pending_;  // less than one frame
  std::deque<Frame> frames_;
  std::optional<base::Error> failure_;
};

}  // namespace model
