#include "overlay/cli/mirror.h"

#include <cerrno>
#include <cstring>
#include <memory>
#include <string>
#include <utility>

#include <unistd.h>

#include "overlay/agent/programs.h"
#include "overlay/cli/output.h"

namespace cli {
namespace {

constexpr const char* kMirror = "linkspan-mirror";

struct ExplainFlags {
  std::string listen = "127.0.0.1:7755";
  bool is_json = false;
};

// The mirror's own program takes this one's place, so what it prints and its exit status are the
// command's. Returns only if that cannot be.
int run_explain(const ExplainFlags& flags) {
  const auto program = agent::find_program(kMirror);
  if (!program) {
    print_error("there is no mirror on this server; install the package linkspan-mirror");
    return kExitFailed;
  }
  std::string path = *program;
  std::string name = kMirror;
  std::string command = "explain";
  std::string option = "--listen";
  std::string listen = flags.listen;
  std::string json = "--json";
  char* const argv[] = {name.data(),
                        command.data(),
                        option.data(),
                        listen.data(),
                        flags.is_json ? json.data() : nullptr,
                        nullptr};
  ::execv(path.c_str(), argv);
  print_error("run " + path + ": " + ::strerrordesc_np(errno));
  return kExitFailed;
}

}  // namespace

void add_mirror_commands(CLI::App& app, Context& context) {
  auto* const mirror = app.add_subcommand("mirror", "Ask the image mirror of this server");
  mirror->require_subcommand(1);
  auto* const explain = mirror->add_subcommand("explain", "Print which replica is used, and why");
  auto flags = std::make_shared<ExplainFlags>();  // owned by the callback, as long as the app
  explain->add_flag("--json", flags->is_json, "The whole document");
  explain->add_option("--listen", flags->listen, "Address and port of the running mirror")
      ->capture_default_str();
  explain->footer(
      "For each source of images: its replicas with what was measured of them, the one that is\n"
      "used, who is asked next, and why the choice last changed. Runs linkspan-mirror explain.\n"
      "\n"
      "Exit status: 0 printed; 1 no mirror is installed, or it does not answer; 2 wrong usage.");
  explain->callback([flags, &context] { context.exit_code = run_explain(*flags); });
}

}  // namespace cli
