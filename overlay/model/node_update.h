// Body of POST /v1/update (PROTOCOL.md, 3.1): where a node is reached, when that is not what the
// coordinator says of it any more.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "overlay/base/ip.h"
#include "overlay/base/result.h"
#include "overlay/model/facts.h"
#include "overlay/model/json_reader.h"

namespace model {

inline constexpr std::size_t kUpdateBytesMax = 16U * 1024;

struct NodeUpdate {
  std::uint16_t listen_port = 51820;
  std::vector<base::Address> lan_addresses{};
  std::optional<base::Endpoint> public_endpoint{};  // configured; else as the coordinator sees it

  friend bool operator==(const NodeUpdate&, const NodeUpdate&) = default;
};

std::string encode(const NodeUpdate& update);

// Strict. Errors: Malformed `update: field: value, expected ...`, LimitExceeded.
base::Result<NodeUpdate> decode_node_update(std::string_view json, FieldFailure* failure = nullptr);

// True if `fact` says what `update` does. Addresses are compared as sets.
bool is_told_by(const NodeUpdate& update, const NodeFact& fact);

}  // namespace model
