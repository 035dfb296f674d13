// Body of POST /v1/report (PROTOCOL.md, 7): what a node says about itself. Not state: the
// coordinator keeps the latest in memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "overlay/base/result.h"
#include "overlay/model/gpu_inventory.h"
#include "overlay/model/json_reader.h"
#include "overlay/model/state_hash.h"

namespace model {

inline constexpr std::size_t kReportBytesMax = 16U * 1024;
inline constexpr std::size_t kReportProblemsMax = 16;
inline constexpr std::size_t kReportProblemBytesMax = 256;

struct NodeReport {
  std::uint64_t applied_epoch = 0;
  std::uint64_t applied_sequence = 0;
  StateHash state_hash{};
  bool up = false;                               // pings over the overlay are answered now
  std::optional<std::uint32_t> first_ping_ms{};  // from the start of join or agent to that ping
  std::string agent_version{};
  std::vector<std::string> problems{};  // sentences for people
  std::optional<GpuInventory> gpus{};   // none: not known; without devices: it has none

  friend bool operator==(const NodeReport&, const NodeReport&) = default;
};

// Any text as one of the problems: cut, and printable ASCII. What a program printed may be any
// bytes, and those that are no text would grow in JSON, beyond what a decoder takes.
std::string report_problem(std::string_view text);

std::string encode(const NodeReport& report);

// Strict. Errors: Malformed `report: field: value, expected ...`, LimitExceeded.
base::Result<NodeReport> decode_node_report(std::string_view json, FieldFailure* failure = nullptr);

}  // namespace model
