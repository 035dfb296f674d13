#include "overlay/cli/doctor.h"

#include <memory>
#include <string>
#include <utility>

#include <unistd.h>

#include "overlay/agent/view_cache.h"
#include "overlay/cli/doctor_checks.h"
#include "overlay/cli/host_check.h"
#include "overlay/cli/output.h"
#include "overlay/cli/path_options.h"

namespace cli {
namespace {

constexpr std::uint16_t kDefaultListenPort = 51820;

struct DoctorFlags {
  agent::Paths paths;
  bool is_json = false;
};

void check_not_joined(Findings& findings) {
  findings.push_back(ok("network", "this server is in no network"));
  if (auto status = check_host(kDefaultListenPort); !status.ok()) {
    findings.push_back(fail("join", status.error().text(), ""));
  }
}

void check_joined(Findings& findings, const agent::Identity& identity, const agent::Paths& paths) {
  const auto& enrolment = *identity.enrolment;
  findings.push_back(ok("network", enrolment.network + ", site " + enrolment.site + ", " +
                                       std::string(model::name_of(enrolment.role)) + " " +
                                       identity.name));
  check_agent(findings, paths);
  loop::Loop loop;
  check_coordinator(findings, loop, identity);
  Joined joined{identity, {}};
  auto cached = agent::load_view_cache(paths.view(), enrolment.signing_key, enrolment.view);
  if (cached.ok()) {
    joined.view = cached.value().follower.view();
    findings.push_back(ok("view", "the last good view is on disk, sequence " +
                                      std::to_string(cached.value().follower.cursor().sequence)));
  } else {
    findings.push_back(warn("view", cached.error().text(),
                            "this server would not come up after a boot without the coordinator"));
  }
  check_forwarding(findings, joined);
  check_mtu(findings, joined);
  check_overlaps(findings, joined);
  check_mirror(findings, loop, joined);
}

int run_doctor(const DoctorFlags& flags) {
  if (::geteuid() != 0) {
    print_error("the doctor looks into places that need root");
    return kExitFailed;
  }
  Findings findings;
  check_tools(findings);
  check_wireguard(findings);
  const auto identity = agent::load_identity(flags.paths.identity());
  if (identity.ok() && identity.value().enrolment) {
    check_joined(findings, identity.value(), flags.paths);
  } else if (identity.ok() || identity.error().code() == base::Errc::NotFound) {
    check_not_joined(findings);
  } else {
    findings.push_back(
        fail("identity", identity.error().text(), "run 'linkspan leave', then join anew"));
  }
  std::string text = flags.is_json ? format_findings_json(findings) : format_findings(findings);
  text.pop_back();
  print_line(text);
  return has_failure(findings) ? kExitFailed : kExitOk;
}

}  // namespace

void add_doctor_command(CLI::App& app, Context& context) {
  auto* const command =
      app.add_subcommand("doctor", "Find what is wrong here, and what to do about it");
  auto flags = std::make_shared<DoctorFlags>();  // owned by the callback, as long as the app
  command->add_flag("--json", flags->is_json, "Print JSON");
  add_path_options(*command, flags->paths);
  command->footer(
      "Checks, one line each: the tools, WireGuard, the agent, the overlay, the coordinator with "
      "its\n"
      "pinned key and its clock, forwarding on a gateway, MTU, overlapping networks, the "
      "container\n"
      "runtime and the mirror. Needs root; changes nothing.\n"
      "\n"
      "Exit status: 0 when no check failed; 1 otherwise.");
  command->callback([flags, &context] { context.exit_code = run_doctor(*flags); });
}

}  // namespace cli
