#include "overlay/cli/doctor_checks.h"

#include <algorithm>
#include <cctype>
#include <limits>
#include <string>

#include "overlay/agent/daemon.h"
#include "overlay/agent/programs.h"
#include "overlay/agent/status.h"
#include "overlay/cli/host_check.h"
#include "overlay/device/host_facts.h"
#include "overlay/device/sysctl.h"
#include "overlay/loop/files.h"

namespace cli {
namespace {

// WireGuard over IPv6: 40 (IPv6) + 8 (UDP) + 32 (WireGuard's header and tag).
constexpr int kTunnelOverhead = 80;

}  // namespace

void check_tools(Findings& findings) {
  findings.push_back(agent::find_program("wg")
                         ? ok("tools", "wg is installed")
                         : fail("tools", "wg is missing", "install the package wireguard-tools"));
  if (!agent::is_systemd_running() && !agent::find_program("setpriv")) {
    findings.push_back(
        warn("tools", "setpriv is missing, and there is no systemd",
             "install the package util-linux; the mirror is not started without it"));
  }
}

void check_wireguard(Findings& findings) {
  switch (find_wireguard()) {
    case WireguardKind::Kernel:
      findings.push_back(ok("wireguard", "the kernel has it"));
      return;
    case WireguardKind::Userspace:
      findings.push_back(ok("wireguard", "wireguard-go, the kernel has none"));
      return;
    case WireguardKind::None:
      break;
  }
  findings.push_back(
      loop::path_exists("/dev/net/tun")
          ? fail("wireguard", "the kernel has none, and wireguard-go is missing",
                 "install the package wireguard-go")
          : fail("wireguard", "the kernel has none, and there is no /dev/net/tun for wireguard-go",
                 "load the module wireguard or tun; in a container, pass the device /dev/net/tun "
                 "in"));
}

void check_agent(Findings& findings, const agent::Paths& paths) {
  const auto pid = agent::running_agent(paths);
  if (!pid) {
    findings.push_back(
        fail("agent", "not running",
             agent::is_systemd_running()
                 ? "systemctl start linkspan-agent; its log: journalctl -u linkspan-agent"
                 : "linkspan-agent --daemon; its log: " + paths.agent_log()));
    return;
  }
  findings.push_back(ok("agent", "running, process " + std::to_string(*pid)));
  const auto text = loop::read_file(paths.status(), agent::kStatusBytesMax);
  const auto status =
      text.ok() ? agent::decode_status(text.value()) : base::Result<agent::Status>(text.error());
  if (!status.ok()) {
    findings.push_back(warn("status", status.error().text(), "restart the agent"));
    return;
  }
  findings.push_back(status.value().is_up
                         ? ok("overlay", status.value().is_alone ? "up, alone so far" : "up")
                         : fail("overlay", "nobody answers over the overlay",
                                "see the problems below, and whether UDP leaves this server"));
  if (!status.value().error.empty()) {
    findings.push_back(warn("coordinator", status.value().error,
                            "packets flow on without it; see the check of the coordinator"));
  }
  for (const auto& problem : status.value().problems) {
    findings.push_back(warn("problem", problem, ""));
  }
}

void check_forwarding(Findings& findings, const Joined& joined) {
  if (joined.identity.enrolment->role != model::Role::Gateway) {
    return;
  }
  for (const char* const key : {"net.ipv4.ip_forward", "net.ipv6.conf.all.forwarding"}) {
    const auto value = device::read_sysctl(key);
    if (!value.ok()) {
      findings.push_back(warn("forwarding", value.error().text(), ""));
      continue;
    }
    const bool is_on = value.value() != "0";
    findings.push_back(
        is_on ? ok("forwarding", std::string(key) + " is on")
              : fail("forwarding", std::string(key) + " is off on a gateway",
                     "something switched it off after the agent; look in /etc/sysctl.d"));
  }
}

void check_mtu(Findings& findings, const Joined& joined) {
  const model::NetworkFact* const network = joined.view.network();
  const auto links = device::read_links();
  if (network == nullptr || !links.ok()) {
    return;
  }
  for (const auto& link : links.value()) {
    if (!link.is_up || device::is_virtual_link(link) || link.mtu == 0) {
      continue;
    }
    const int room = link.mtu - kTunnelOverhead;
    const std::string numbers = "link " + link.name + " carries " + std::to_string(link.mtu) +
                                " bytes, the overlay wants " + std::to_string(network->mtu) +
                                " and " + std::to_string(kTunnelOverhead) + " for WireGuard";
    findings.push_back(room >= network->mtu
                           ? ok("mtu", numbers)
                           : warn("mtu", numbers,
                                  "make the network with an mtu of " + std::to_string(room) +
                                      " or less, or raise that of the link"));
  }
}

void check_overlaps(Findings& findings, const Joined& joined) {
  const model::NetworkFact* const network = joined.view.network();
  const auto facts = device::read_host_facts();
  if (network == nullptr || !facts.ok()) {
    return;
  }
  bool is_clear = true;
  for (const auto& ours : network->prefixes) {
    for (const auto& local : facts.value().local_prefixes) {
      if (ours.overlaps(local)) {
        is_clear = false;
        findings.push_back(
            fail("overlap",
                 "this server's network " + local.text() + " overlaps the overlay's " + ours.text(),
                 "give one of them another range"));
      }
    }
  }
  if (is_clear) {
    findings.push_back(ok("overlap", "no network of this server overlaps the overlay"));
  }
}

bool names_hosts_directory(std::string_view containerd_config) {
  std::size_t at = 0;
  while (at < containerd_config.size()) {
    const std::size_t end = std::min(containerd_config.find('\n', at), containerd_config.size());
    std::string line;
    for (const char c : containerd_config.substr(at, end - at)) {
      if (std::isspace(static_cast<unsigned char>(c)) == 0) {
        line += c;
      }
    }
    constexpr std::string_view kKey = "config_path=";
    if (line.rfind(kKey, 0) == 0 && line.size() > kKey.size() + 2) {
      return true;
    }
    at = end + 1;
  }
  return false;
}

}  // namespace cli
