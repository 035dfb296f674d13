#include "overlay/agent/status.h"

#include <algorithm>
#include <utility>

#include <nlohmann/json.hpp>

#include "overlay/model/json_reader.h"

namespace agent {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kTextMax = 1024;
constexpr std::size_t kListMax = 4096;

Json optional_number(const std::optional<std::uint64_t>& value) {
  return value ? Json(*value) : Json(nullptr);
}

Json encode_peers(const std::vector<Status::Peer>& peers) {
  Json list = Json::array();
  for (const auto& peer : peers) {
    if (list.size() == kStatusPeersMax) {
      break;
    }
    list.push_back({{"name", peer.name},
                    {"role", peer.role},
                    {"site", peer.site},
                    {"address", peer.address},
                    {"interface", peer.interface},
                    {"key", peer.key}});
  }
  return list;
}

base::Result<std::vector<Status::Peer>> decode_peers(const Json& list) {
  std::vector<Status::Peer> peers;
  if (!list.is_array() || list.size() > kStatusPeersMax) {
    return base::Error(base::Errc::Malformed, "status: peers: expected a list of at most 1000");
  }
  for (const Json& item : list) {
    if (!item.is_object()) {
      return base::Error(base::Errc::Malformed, "status: peers: expected objects");
    }
    model::JsonReader reader("status: peers", item);
    Status::Peer peer;
    peer.name = reader.text("name", kTextMax);
    peer.role = reader.text("role", kTextMax);
    peer.site = reader.text("site", kTextMax);
    peer.address = reader.text("address", kTextMax);
    peer.interface = reader.text("interface", kTextMax);
    peer.key = reader.text("key", kTextMax);
    if (reader.failed()) {
      return reader.finish().error();
    }
    peers.push_back(std::move(peer));
  }
  return peers;
}

std::optional<base::WallTime> optional_time(model::JsonReader& reader, std::string_view field) {
  const auto ms = reader.optional_number(field, 0, model::kJsonNumberMax);
  if (!ms) {
    return std::nullopt;
  }
  return base::WallTime{static_cast<std::int64_t>(*ms)};
}

}  // namespace

std::string encode(const Status& status) {
  std::vector<std::string> problems = status.problems;
  problems.resize(std::min(problems.size(), kStatusProblemsMax));
  const Json json = {
      {"format", 1},
      {"version", status.version},
      {"pid", status.pid},
      {"written_at_ms", status.written_at.unix_ms},
      {"node", status.node},
      {"name", status.name},
      {"network", status.network},
      {"site", status.site},
      {"role", status.role},
      {"addresses", status.addresses},
      {"coordinator", status.coordinator},
      {"connected", status.is_connected},
      {"heard_at_ms", status.heard_at ? Json(status.heard_at->unix_ms) : Json(nullptr)},
      {"error", status.error},
      {"view", status.view},
      {"epoch", status.epoch},
      {"sequence", status.sequence},
      {"applied", status.is_applied},
      {"held_back", status.held_back},
      {"up", status.is_up},
      {"alone", status.is_alone},
      {"first_ping_ms", optional_number(status.first_ping_ms)},
      {"ping_us", optional_number(status.ping_us)},
      {"ping_peer", status.ping_peer},
      {"mirror", status.mirror},
      {"sources", status.sources},
      {"peers", encode_peers(status.peers)},
      {"problems", problems},
  };
  // Problems may quote tools' output, which need not be UTF-8.
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

base::Result<Status> decode_status(std::string_view text) {
  const auto json = model::parse_json("status", text, kStatusBytesMax);
  if (!json.ok()) {
    return json.error();
  }
  model::JsonReader reader("status", json.value());
  constexpr std::uint64_t kMax = model::kJsonNumberMax;
  Status status;
  status.version = reader.text("version", kTextMax);
  status.pid = static_cast<int>(reader.number("pid", 0, 1U << 30));
  status.written_at = optional_time(reader, "written_at_ms").value_or(base::WallTime{});
  status.node = reader.text("node", kTextMax);
  status.name = reader.text("name", kTextMax);
  status.network = reader.text("network", kTextMax);
  status.site = reader.text("site", kTextMax);
  status.role = reader.text("role", kTextMax);
  status.addresses = reader.texts("addresses", kListMax, kTextMax);
  status.coordinator = reader.text("coordinator", kTextMax);
  status.is_connected = reader.boolean("connected");
  status.heard_at = optional_time(reader, "heard_at_ms");
  status.error = reader.text("error", kTextMax * 4);
  status.view = reader.text("view", kTextMax);
  status.epoch = reader.number("epoch", 0, kMax);
  status.sequence = reader.number("sequence", 0, kMax);
  status.is_applied = reader.boolean("applied");
  status.held_back = reader.text("held_back", kTextMax * 4);
  status.is_up = reader.boolean("up");
  status.is_alone = reader.boolean("alone");
  status.first_ping_ms = reader.optional_number("first_ping_ms", 0, kMax);
  status.ping_us = reader.optional_number("ping_us", 0, kMax);
  status.ping_peer = reader.text("ping_peer", kTextMax);
  status.mirror = reader.text("mirror", kTextMax);
  status.sources = reader.texts("sources", kListMax, kTextMax);
  status.problems = reader.texts("problems", kStatusProblemsMax, kTextMax * 4);
  const Json* const peers = reader.any("peers");
  if (reader.failed()) {
    return reader.finish().error();
  }
  auto decoded = decode_peers(*peers);
  if (!decoded.ok()) {
    return decoded.error();
  }
  status.peers = std::move(decoded).value();
  return status;
}

}  // namespace agent
