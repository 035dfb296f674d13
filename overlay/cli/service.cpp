#include "overlay/cli/service.h"

#include "overlay/agent/daemon.h"
#include "overlay/agent/programs.h"
#include "overlay/loop/tool.h"

namespace cli {
namespace {

constexpr base::Duration kSystemctlTimeout = std::chrono::seconds(120);
constexpr base::Duration kStopWaitMax = std::chrono::seconds(10);
// For the answers under way of a mirror that is told to end: whoever leaves does not wait for a
// whole image layer.
constexpr base::Duration kMirrorStopWaitMax = std::chrono::seconds(10);

// Units are only for the default directories; anything else is a test or a second installation.
bool uses_units(const agent::Paths& paths) {
  return agent::is_systemd_running() && paths.state == agent::Paths().state;
}

// The links of the init script, which has the unit's name, are the package's and stay as they are.
base::Status systemctl(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), {"env", "SYSTEMCTL_SKIP_SYSV=1", "systemctl", "--quiet"});
  const auto output = loop::run_tool({.argv = std::move(arguments), .timeout = kSystemctlTimeout});
  return output.ok() ? base::Status() : base::Status(output.error());
}

}  // namespace

base::Status start_agent(loop::Loop& loop, const agent::Paths& paths) {
  if (uses_units(paths)) {
    return systemctl({"enable", "--now", "linkspan-agent.service"});
  }
  return agent::start_daemon(loop, paths, {"linkspan-agent"});
}

base::Status stop_agent(const agent::Paths& paths) {
  if (uses_units(paths)) {
    // A unit that was never installed is as good as stopped.
    static_cast<void>(systemctl({"disable", "--now", "linkspan-mirror.service"}).ok());
    if (auto status = systemctl({"disable", "--now", "linkspan-agent.service"}); !status.ok()) {
      return status;
    }
  }
  if (auto status = agent::stop_daemon(paths, kStopWaitMax); !status.ok()) {
    return status;
  }
  return agent::stop_mirror(paths, kMirrorStopWaitMax);
}

}  // namespace cli
