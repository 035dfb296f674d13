// linkspan: joins a server to a network, shows how it is, takes it out again, and talks to the
// coordinator for operators. This file only wires: every command is in a file of its own.
#include <cstdio>
#include <string>

#include "overlay/cli/admin.h"
#include "overlay/cli/command.h"
#include "overlay/cli/doctor.h"
#include "overlay/cli/gpus.h"
#include "overlay/cli/join.h"
#include "overlay/cli/leave.h"
#include "overlay/cli/mirror.h"
#include "overlay/cli/status.h"
#include "overlay/cli/unknown_command.h"
#include "overlay/crypto/random.h"
#include "overlay/loop/signals.h"

namespace {

constexpr const char* kDescription =
    "Joins servers in several data centres into one virtual network.\n"
    "\n"
    "On a server, as root:\n"
    "  linkspan join TOKEN --coordinator URL   join the network that the token is for\n"
    "  linkspan status                         what this server is and how it is doing\n"
    "  linkspan doctor                         what is wrong here, and what to do about it\n"
    "  linkspan mirror explain                 which replica images come from, and why\n"
    "  linkspan gpus                           the GPUs of this server, as their driver shows "
    "them\n"
    "  linkspan leave                          leave the network and undo everything\n"
    "\n"
    "Every command explains itself with --help.";

}  // namespace

int main(int argc, char** argv) {
  crypto::init();
  loop::ignore_broken_pipes();
  CLI::App app(kDescription, "linkspan");
  app.require_subcommand(1);
  app.set_version_flag("--version", LINKSPAN_VERSION);
  app.footer("Exit status: 0 done, 1 tried and failed, 2 wrong usage.");

  cli::Context context;
  cli::add_join_command(app, context);
  cli::add_status_command(app, context);
  cli::add_doctor_command(app, context);
  cli::add_gpus_command(app, context);
  cli::add_leave_command(app, context);
  cli::add_mirror_commands(app, context);
  cli::add_admin_commands(app, context);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {  // CLI11 reports even --help this way
    if (const std::string text = cli::unknown_command(app);
        error.get_exit_code() != 0 && !text.empty()) {
      std::fputs(text.c_str(), stderr);
      return cli::kExitUsage;
    }
    const int code = app.exit(error);
    return code == 0 ? cli::kExitOk : cli::kExitUsage;
  }
  return context.exit_code;
}
