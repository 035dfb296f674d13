#include "overlay/cli/path_options.h"

namespace cli {

void add_path_options(CLI::App& command, agent::Paths& paths) {
  constexpr const char* kGroup = "Directories";
  command.add_option("--state-dir", paths.state, "Keys, enrolment, the last good view")
      ->capture_default_str()
      ->group(kGroup);
  command.add_option("--run-dir", paths.run, "Status of this boot")
      ->capture_default_str()
      ->group(kGroup);
  command.add_option("--log-dir", paths.log, "Logs, where there is no systemd")
      ->capture_default_str()
      ->group(kGroup);
  command.add_option("--mirror-cache-dir", paths.mirror_cache, "What the mirror keeps")
      ->capture_default_str()
      ->group(kGroup);
}

}  // namespace cli
