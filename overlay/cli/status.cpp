#include "overlay/cli/status.h"

#include <algorithm>
#include <memory>
#include <set>
#include <string>
#include <utility>

#include "overlay/agent/daemon.h"
#include "overlay/agent/paths.h"
#include "overlay/agent/status.h"
#include "overlay/cli/output.h"
#include "overlay/cli/path_options.h"
#include "overlay/cli/status_text.h"
#include "overlay/crypto/keys.h"
#include "overlay/device/wireguard.h"
#include "overlay/loop/files.h"

namespace cli {
namespace {

struct StatusFlags {
  agent::Paths paths;
  bool is_json = false;
};

// Asks WireGuard. An interface that cannot be asked (no root, gone) leaves its peers' columns
// empty.
Traffic read_traffic(const agent::Status& status, base::WallTime now) {
  std::set<std::string> interfaces;
  for (const auto& peer : status.peers) {
    interfaces.insert(peer.interface);
  }
  Traffic traffic;
  for (const auto& interface : interfaces) {
    const auto tunnel = device::read_wireguard(interface);
    if (!tunnel.ok()) {
      continue;
    }
    for (const auto& [key, peer] : tunnel.value().peers) {
      PeerTraffic shown{.endpoint = peer.settings.endpoint ? peer.settings.endpoint->text() : "",
                        .handshake_age_s = std::nullopt,
                        .received_bytes = peer.received_bytes,
                        .sent_bytes = peer.sent_bytes};
      if (peer.last_handshake_unix_s > 0) {
        shown.handshake_age_s =
            std::max<std::int64_t>(now.unix_ms / 1000 - peer.last_handshake_unix_s, 0);
      }
      traffic[{interface, crypto::WireguardPublicKey{key}.text()}] = std::move(shown);
    }
  }
  return traffic;
}

int not_joined(bool is_json) {
  if (is_json) {
    print_line("{\"joined\": false, \"running\": false, \"up\": false}");
  } else {
    print_line("this server is in no network; 'linkspan join --help' says how to join one");
  }
  return kExitFailed;
}

int run_status(const StatusFlags& flags) {
  const auto text = loop::read_file(flags.paths.status(), agent::kStatusBytesMax);
  const auto pid = agent::running_agent(flags.paths);
  if (!text.ok()) {
    // The state directory is closed to others than root; the status is not.
    if (!pid && text.error().code() == base::Errc::NotFound &&
        !loop::path_exists(flags.paths.identity())) {
      return not_joined(flags.is_json);
    }
    print_error(pid ? "the agent is starting, it has written no status yet"
                    : "joined, but the agent has not run since boot; see 'linkspan doctor'");
    return kExitFailed;
  }
  auto status = agent::decode_status(text.value());
  if (!status.ok()) {
    print_error(status.error().within(flags.paths.status()).text());
    return kExitFailed;
  }
  loop::Loop loop;
  StatusReport report{.status = std::move(status).value(),
                      .is_running = pid.has_value(),
                      .traffic = {},
                      .now = loop.wall_now()};
  report.traffic = read_traffic(report.status, report.now);
  std::string shown = flags.is_json ? format_status_json(report) : format_status(report);
  shown.pop_back();
  print_line(shown);
  return report.is_running && report.status.is_up ? kExitOk : kExitFailed;
}

}  // namespace

void add_status_command(CLI::App& app, Context& context) {
  auto* const command =
      app.add_subcommand("status", "Show what this server is and how it is doing");
  auto flags = std::make_shared<StatusFlags>();  // owned by the callback, as long as the app
  command->add_flag("--json", flags->is_json, "Print JSON");
  add_path_options(*command, flags->paths);
  command->footer(
      "Shows this server's place in its network, whether it is up, whether the coordinator is in\n"
      "reach, and its peers with the age of their last handshake (with root).\n"
      "\n"
      "Exit status: 0 joined, running and up; 1 otherwise.");
  command->callback([flags, &context] { context.exit_code = run_status(*flags); });
}

}  // namespace cli
