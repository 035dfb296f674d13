#include "overlay/cli/leave.h"

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <unistd.h>

#include "overlay/agent/coordinator_api.h"
#include "overlay/agent/daemon.h"
#include "overlay/agent/enrolment.h"
#include "overlay/agent/identity.h"
#include "overlay/agent/paths.h"
#include "overlay/agent/programs.h"
#include "overlay/cli/membership_lock.h"
#include "overlay/cli/output.h"
#include "overlay/cli/path_options.h"
#include "overlay/cli/service.h"
#include "overlay/cli/wait.h"
#include "overlay/device/device.h"
#include "overlay/device/leftovers.h"
#include "overlay/loop/files.h"
#include "overlay/loop/tool.h"

namespace cli {
namespace {

constexpr base::Duration kToolTimeout = std::chrono::seconds(60);
constexpr int kCopyStatus = 409;  // PROTOCOL.md, 4: another server lives under this identity
constexpr std::size_t kCacheEntriesMax = 100'000;

struct LeaveFlags {
  agent::Paths paths;
};

// Tells the coordinator, so that the address is quarantined and peers forget this node. Leaving
// goes on without it: a server that cannot reach the coordinator must still be able to leave.
void tell_coordinator(const agent::Identity& identity) {
  loop::Loop loop;
  loop::HttpClient client(loop);
  agent::RequestClock clock;
  const auto answer = send_and_wait(
      loop, client, agent::signed_post(identity, "/v1/leave", "{}", clock.next(loop.wall_now())));
  std::string why;
  if (!answer.ok()) {
    why = answer.error().text();
  } else if (const int status = answer.value().status; status == 404 || status == 410) {
    print_line("the coordinator does not know this node any more");
    return;
  } else if (status == kCopyStatus) {
    print_line("the coordinator keeps the node, as this is not the server that speaks for it: " +
               agent::refusal_text(status, answer.value().body));
    return;
  } else if (status >= 300) {
    why = agent::refusal_text(status, answer.value().body);
  } else {
    print_line("told the coordinator");
    return;
  }
  print_error("the coordinator could not be told (" + why +
              "); leaving all the same. An operator " +
              "can take the node out with: linkspan node delete " +
              model::text_of(identity.enrolment->node_id));
}

// A join that was not answered: whether there is a node of these keys only the coordinator knows,
// and it takes a leave from nobody who does not know the node's number.
void tell_of_pending(const agent::Identity& pending) {
  print_error("the coordinator at " + pending.coordinator +
              " never answered this server's join, and may know it as node " + pending.name +
              "; if 'linkspan node list' shows that, an operator has to take it out with: " +
              "linkspan node delete ID");
}

// The node is another machine's, which goes on being it.
void tell_of_copy(const agent::Identity& identity) {
  print_line("node " + identity.name +
             " joined from another machine, of whose disk this one is a copy: it stays in its "
             "network, the coordinator is not told");
}

void tell_coordinator_or_people(const agent::Paths& paths) {
  const auto identity = agent::load_identity(paths.identity());
  const auto host = agent::read_host();
  if (identity.ok() && identity.value().enrolment) {
    if (host.ok() && is_copied(identity.value(), host.value())) {
      tell_of_copy(identity.value());
    } else {
      tell_coordinator(identity.value());
    }
  } else if (const auto pending = agent::load_identity(paths.pending_identity()); pending.ok()) {
    tell_of_pending(pending.value());
  }
}

base::Status remove_mirror_configuration(const agent::Paths& paths) {
  if (!loop::path_exists(paths.mirror_runtime()) || !agent::find_program("linkspan-mirror")) {
    return {};
  }
  const auto output = loop::run_tool(
      {.argv = {"linkspan-mirror", "runtime", "remove", "--state-dir", paths.mirror_runtime()},
       .timeout = kToolTimeout});
  return output.ok() ? base::Status() : base::Status(output.error());
}

// What the mirror kept is of no use to a server that has left; its package's directory stays.
base::Status empty_mirror_cache(const agent::Paths& paths) {
  const auto names = loop::list_directory(paths.mirror_cache, kCacheEntriesMax);
  if (!names.ok()) {
    return {};  // not installed here
  }
  for (const auto& name : names.value()) {
    if (auto status = loop::remove_tree(paths.mirror_cache + "/" + name); !status.ok()) {
      return status;
    }
  }
  return {};
}

base::Status undo_devices(const agent::Paths& paths) {
  auto device = device::Device::open({.journal_path = paths.journal(), .private_key = {}});
  if (!device.ok()) {
    return device.error();
  }
  device::Device opened = std::move(device).value();
  if (auto status = opened.undo(); !status.ok()) {
    return status;
  }
  // What no journal knows of: one that was lost, or made by a copied disk.
  const auto left = device::find_leftovers();
  if (!left.ok()) {
    return left.error();
  }
  for (const auto& name : left.value().names()) {
    print_line("left over, taken away: " + name);
  }
  return device::remove_leftovers(left.value());
}

base::Status remove_files(const agent::Paths& paths) {
  // The lock is in the run directory: nobody joins before the state is gone.
  for (const auto& directory : {paths.log, paths.state, paths.run}) {
    if (auto status = loop::remove_tree(directory); !status.ok()) {
      return status;
    }
  }
  return {};
}

bool is_anything_left(const agent::Paths& paths) {
  const auto left = device::find_leftovers();
  return loop::path_exists(paths.state) || agent::running_agent(paths) || !left.ok() ||
         !left.value().empty();
}

int run_leave(const LeaveFlags& flags) {
  if (::geteuid() != 0) {
    print_error("leaving changes network interfaces and needs root");
    return kExitFailed;
  }
  const auto lock = MembershipLock::take(flags.paths);
  if (!lock.ok()) {
    print_error(lock.error().text());
    return kExitFailed;
  }
  if (!is_anything_left(flags.paths)) {
    print_line("this server is in no network, nothing to undo");
    return kExitOk;
  }
  const bool was_state_there = loop::path_exists(flags.paths.state);
  const auto identity = agent::load_identity(flags.paths.identity());
  tell_coordinator_or_people(flags.paths);
  // In this order: nothing re-makes what is taken away, and the runtime is turned away from the
  // proxy before the proxy's files go. After an error the state directory is still there, so that
  // running this again goes on.
  struct Step {
    const char* what;
    base::Status (*run)(const agent::Paths&);
  };
  for (const Step& step :
       {Step{"stop the agent", &stop_agent},
        Step{"restore the container runtime's configuration", &remove_mirror_configuration},
        Step{"empty the mirror's cache", &empty_mirror_cache},
        Step{"take away interfaces, routes and rules", &undo_devices},
        Step{"remove keys and state", &remove_files}}) {
    if (auto status = step.run(flags.paths); !status.ok()) {
      print_error(std::string(step.what) + ": " + status.error().text() +
                  "; run 'linkspan leave' again when that is mended");
      return kExitFailed;
    }
  }
  if (identity.ok() && identity.value().enrolment) {
    print_line("left network " + identity.value().enrolment->network);
  } else if (was_state_there) {
    print_line("removed what an unfinished join had left");
  } else {
    print_line(
        "removed what was left of a network whose state is lost; settings below net. stay, "
        "what they were before is not known");
  }
  return kExitOk;
}

}  // namespace

void add_leave_command(CLI::App& app, Context& context) {
  auto* const command = app.add_subcommand("leave", "Take this server out of its network");
  auto flags = std::make_shared<LeaveFlags>();  // owned by the callback, as long as the app
  add_path_options(*command, flags->paths);
  command->footer(
      "Takes this server out of its network and undoes everything that joining did: interfaces,\n"
      "routes, rules, settings, the container runtime's configuration, keys and state.\n"
      "\n"
      "Needs root. Works without the coordinator, and says so. Running it again is harmless.\n"
      "\n"
      "On a server whose state was lost it takes away what bears Linkspan's names. On one whose\n"
      "disk is a copy of a node's it leaves that node alone.\n"
      "\n"
      "Exit status: 0 left, or in no network; 1 something could not be undone.");
  command->callback([flags, &context] { context.exit_code = run_leave(*flags); });
}

}  // namespace cli
