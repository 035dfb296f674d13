#include "overlay/cli/status_text.h"

#include <array>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "overlay/cli/output.h"

namespace cli {
namespace {

std::string joined_by_space(const std::vector<std::string>& texts) {
  std::string all;
  for (const auto& text : texts) {
    all += (all.empty() ? "" : " ") + text;
  }
  return all;
}

std::string coordinator_line(const StatusReport& report) {
  const agent::Status& status = report.status;
  std::string line = status.coordinator;
  line += status.is_connected && report.is_running ? ", connected" : ", not connected";
  if (status.heard_at) {
    line += ", last heard " + format_age(report.now - *status.heard_at) + " ago";
  }
  return line;
}

std::string up_line(const StatusReport& report) {
  const agent::Status& status = report.status;
  if (!report.is_running) {
    return "not known while the agent does not run";
  }
  if (!status.is_up) {
    return status.first_ping_ms ? "no more" : "no";
  }
  if (status.is_alone) {
    return "yes, alone so far";
  }
  std::string line = "yes";
  if (status.ping_us) {
    const std::uint64_t tenths = *status.ping_us / 100;
    line += ", " + status.ping_peer + " answers in " + std::to_string(tenths / 10) + "." +
            std::to_string(tenths % 10) + " ms";
  }
  if (status.first_ping_ms) {
    line += ", first answer after " + std::to_string(*status.first_ping_ms) + " ms";
  }
  return line;
}

std::string peers_table(const StatusReport& report) {
  Table table(
      {"PEER", "SITE", "ROLE", "ADDRESS", "VIA", "ENDPOINT", "HANDSHAKE", "RECEIVED", "SENT"});
  for (const auto& peer : report.status.peers) {
    std::vector<std::string> row = {
        peer.name, peer.site, peer.role, peer.address, peer.interface, "", "?", "", ""};
    const auto found = report.traffic.find({peer.interface, peer.key});
    if (found != report.traffic.end()) {
      const PeerTraffic& traffic = found->second;
      row[5] = traffic.endpoint;
      row[6] = traffic.handshake_age_s
                   ? format_age(std::chrono::seconds(*traffic.handshake_age_s)) + " ago"
                   : "never";
      row[7] = format_bytes(traffic.received_bytes);
      row[8] = format_bytes(traffic.sent_bytes);
    }
    table.add(std::move(row));
  }
  return table.empty() ? std::string() : "\n" + table.text();
}

}  // namespace

std::string format_age(base::Duration age) {
  const auto seconds =
      std::max<std::int64_t>(std::chrono::duration_cast<std::chrono::seconds>(age).count(), 0);
  if (seconds < 120) {
    return std::to_string(seconds) + " s";
  }
  if (seconds < 120 * 60) {
    return std::to_string(seconds / 60) + " min";
  }
  if (seconds < 48 * 3600) {
    return std::to_string(seconds / 3600) + " h";
  }
  return std::to_string(seconds / 86400) + " d";
}

std::string format_bytes(std::uint64_t count) {
  static constexpr std::array<const char*, 5> kUnits = {"B", "KiB", "MiB", "GiB", "TiB"};
  std::size_t unit = 0;
  std::uint64_t tenths = 0;
  while (count >= 1024 && unit + 1 < kUnits.size()) {
    tenths = count % 1024 * 10 / 1024;
    count /= 1024;
    ++unit;
  }
  std::string text = std::to_string(count);
  if (count < 10 && tenths > 0) {
    text += "." + std::to_string(tenths);
  }
  return text + " " + kUnits.at(unit);
}

std::string format_status(const StatusReport& report) {
  const agent::Status& status = report.status;
  Table table({"", ""});
  table.add({"node", status.name + " (" + status.node + ")"});
  table.add({"network", status.network});
  table.add({"site", status.site});
  table.add({"role", status.role});
  table.add({"addresses", joined_by_space(status.addresses)});
  table.add({"agent", report.is_running ? "running, process " + std::to_string(status.pid)
                                        : "not running; packets flow on as they were set up"});
  table.add({"up", up_line(report)});
  table.add({"coordinator", coordinator_line(report)});
  table.add({"view", status.view + " at sequence " + std::to_string(status.sequence) +
                         (status.is_applied ? ", applied" : ", not applied yet")});
  table.add({"mirror", status.mirror +
                           (status.sources.empty() ? "" : ": " + joined_by_space(status.sources))});
  if (!status.error.empty()) {
    table.add({"error", status.error});
  }
  for (const auto& problem : status.problems) {
    table.add({"problem", problem});
  }
  return table.text() + peers_table(report);
}

std::string format_status_json(const StatusReport& report) {
  using Json = nlohmann::json;
  Json json = Json::parse(agent::encode(report.status), nullptr, /*allow_exceptions=*/false);
  json["joined"] = true;
  json["running"] = report.is_running;
  if (!report.is_running) {
    json["connected"] = false;
    json["up"] = false;  // nobody has measured it since
    json["ping_us"] = nullptr;
    json["ping_peer"] = "";
  }
  for (auto& peer : json["peers"]) {
    const auto found =
        report.traffic.find({peer["interface"].get<std::string>(), peer["key"].get<std::string>()});
    if (found == report.traffic.end()) {
      continue;
    }
    const PeerTraffic& traffic = found->second;
    peer["endpoint"] = traffic.endpoint;
    peer["handshake_age_s"] =
        traffic.handshake_age_s ? Json(*traffic.handshake_age_s) : Json(nullptr);
    peer["received_bytes"] = traffic.received_bytes;
    peer["sent_bytes"] = traffic.sent_bytes;
  }
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace cli
