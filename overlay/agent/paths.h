// Where the agent keeps what. Programs and tests make one and pass it on.
#pragma once

#include <string>

namespace agent {

struct Paths {
  std::string state = "/var/lib/linkspan";  // 0700: survives reboots; `linkspan leave` removes it
  std::string run = "/run/linkspan";        // 0755: of this boot, read by others
  std::string log = "/var/log/linkspan";    // 0755: only where there is no systemd
  std::string mirror_cache = "/var/cache/linkspan-mirror";  // made by the mirror's package

  // Keys and enrolment (0600). There exactly while the server is joined.
  std::string identity() const { return state + "/identity.json"; }
  // The same, while it is not known whether the coordinator has taken the enrolment.
  std::string pending_identity() const { return state + "/identity.pending.json"; }
  // The last good view: signed frames as they came.
  std::string view() const { return state + "/view.bin"; }
  // What was made on this host, so that leaving can undo it.
  std::string journal() const { return state + "/journal.json"; }
  // What the container runtime's configuration was before ours.
  std::string mirror_runtime() const { return state + "/mirror-runtime"; }

  // There as long as any of it is changed; the mirror's.
  std::string mirror_runtime_journal() const { return mirror_runtime() + "/journal.json"; }

  std::string status() const { return run + "/status.json"; }
  std::string site_map() const { return run + "/site-map.json"; }
  // Each held, by a lock, as long as its process is there.
  std::string pid() const { return run + "/agent.pid"; }
  std::string keeper_pid() const { return run + "/keeper.pid"; }  // only without systemd
  std::string mirror_pid() const { return run + "/mirror.pid"; }  // only without systemd

  std::string agent_log() const { return log + "/agent.log"; }
  std::string mirror_log() const { return log + "/mirror.log"; }
};

}  // namespace agent
