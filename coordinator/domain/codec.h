// Bytes of records (for the log) and of the whole state (for snapshots). Big-endian, each with a
// version in front; there is one byte form of each value, so what decodes encodes to the same
// bytes.
//
//   record    u8 version, u64 writer, u64 batch, u64 at, u16 count, count x { u8 kind, fields }
//   snapshot  u8 version, u64 sequence, counters, then each table: u32 count, records by key
//             (version 1, which is read and no longer written, ends before the confirmations)
//
// Numbers are as wide as their C++ type; texts and lists have a u16 count; WallTime is a u64 of
// unix milliseconds; an Address is u8 family (4 or 6) and its bytes, a Prefix that and u8 length.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "coordinator/domain/event.h"
#include "coordinator/domain/state.h"
#include "overlay/base/result.h"

namespace coordinator {

inline constexpr std::uint8_t kRecordVersion = 1;
inline constexpr std::uint8_t kSnapshotVersion = 2;
inline constexpr std::size_t kRecordEventsMax = 16'384;

// Requires at most kRecordEventsMax events.
std::vector<std::uint8_t> encode(const Record& record);

// Errors: Truncated, Malformed: "record: offset 25: kind 99, expected 0..16". Whether the events
// fit a state is apply()'s to say.
base::Result<Record> decode_record(std::span<const std::uint8_t> bytes);

std::vector<std::uint8_t> encode_snapshot(const State& state);

// The state, with every index rebuilt and every reference checked; committed.
// Errors: Truncated, Malformed. O(n log n) in the state.
base::Result<State> decode_snapshot(std::span<const std::uint8_t> bytes);

}  // namespace coordinator
