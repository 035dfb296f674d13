#include "overlay/cli/join.h"

#include <cstdlib>
#include <optional>
#include <string>
#include <utility>

#include <unistd.h>

#include "overlay/agent/coordinator_api.h"
#include "overlay/agent/daemon.h"
#include "overlay/agent/enrolment.h"
#include "overlay/agent/identity.h"
#include "overlay/agent/paths.h"
#include "overlay/agent/status.h"
#include "overlay/base/backoff.h"
#include "overlay/cli/host_check.h"
#include "overlay/cli/membership_lock.h"
#include "overlay/cli/output.h"
#include "overlay/cli/path_options.h"
#include "overlay/cli/service.h"
#include "overlay/cli/wait.h"
#include "overlay/loop/files.h"
#include "overlay/model/names.h"

namespace cli {
namespace {

constexpr base::Duration kPollInterval = std::chrono::milliseconds(50);
constexpr base::Duration kProgressInterval = std::chrono::seconds(5);
constexpr base::Duration kMirrorWaitMax = std::chrono::seconds(20);
constexpr int kEnrolAttemptsMax = 4;
constexpr base::Duration kEnrolRetryFirst = std::chrono::milliseconds(500);
constexpr base::Duration kEnrolRetryMax = std::chrono::seconds(8);

struct JoinFlags {
  std::string token;
  std::string coordinator;
  std::string network;
  std::string name;
  std::string public_endpoint;
  std::uint16_t listen_port = 51820;
  bool is_mirror_declined = false;
  int wait_s = 60;
  agent::Paths paths;
};

// What the flags say, checked.
struct JoinRequest {
  model::JoinToken token;
  std::string coordinator;
  std::optional<base::Endpoint> public_endpoint;
  agent::EnrolOptions options;
};

base::Result<JoinRequest> check_flags(const JoinFlags& flags) {
  auto token = model::JoinToken::parse(flags.token);
  if (!token.ok()) {
    return token.error().within("this is not a whole token");
  }
  auto coordinator = agent::parse_coordinator_url(flags.coordinator);
  if (!coordinator.ok()) {
    return coordinator.error().within("--coordinator");
  }
  JoinRequest request{std::move(token).value(), std::move(coordinator).value(), {}, {}};
  if (!flags.network.empty()) {
    if (auto status = model::check_name(flags.network); !status.ok()) {
      return status.error().within("--network");
    }
    request.options.network = flags.network;
  }
  if (!flags.name.empty()) {
    if (auto status = model::check_name(flags.name); !status.ok()) {
      return status.error().within("--name");
    }
  }
  if (!flags.public_endpoint.empty()) {
    auto endpoint = base::Endpoint::parse(flags.public_endpoint);
    if (!endpoint.ok()) {
      return endpoint.error().within("--public-endpoint");
    }
    request.public_endpoint = endpoint.value();
  }
  return request;
}

class Join {
 public:
  Join(JoinFlags flags, JoinRequest request)
      : flags_(std::move(flags)), request_(std::move(request)), client_(loop_) {}

  int run();

 private:
  std::optional<int> check_existing(MembershipLock& lock);
  base::Status prepare();
  base::Status greet();
  base::Status enrol();
  void forget_pending();
  bool wait_until_up();
  void wait_for_mirror();
  void print_summary() const;

  const std::string& state_dir() const { return flags_.paths.state; }

  JoinFlags flags_;
  JoinRequest request_;
  loop::Loop loop_;
  loop::HttpClient client_;
  crypto::SystemRandom random_;
  agent::Host host_;
  std::optional<agent::Identity> identity_;
  bool was_state_dir_there_ = false;
  bool is_continued_ = false;  // with keys that an earlier run may have sent
};

int Join::run() {
  auto taken = MembershipLock::take(flags_.paths);
  if (!taken.ok()) {
    print_error(taken.error().text());
    return kExitFailed;
  }
  MembershipLock lock = std::move(taken).value();
  if (const auto code = check_existing(lock)) {
    return *code;
  }
  for (auto step : {&Join::prepare, &Join::greet, &Join::enrol}) {
    if (auto status = (this->*step)(); !status.ok()) {
      print_error(status.error().text());
      return kExitFailed;
    }
  }
  print_line("joined network " + identity_->enrolment->network + ", site " +
             identity_->enrolment->site + ", as " +
             std::string(model::name_of(identity_->enrolment->role)) + " " + identity_->name);
  lock.keep_directory();
  if (auto status = start_agent(loop_, flags_.paths); !status.ok()) {
    print_error("joined, but the agent does not start: " + status.error().text());
    return kExitFailed;
  }
  const bool is_up = wait_until_up();
  if (is_up) {
    wait_for_mirror();
  }
  print_summary();
  return is_up ? kExitOk : kExitFailed;
}

// Joining again is harmless: it only makes sure that the agent runs.
std::optional<int> Join::check_existing(MembershipLock& lock) {
  auto existing = agent::load_identity(flags_.paths.identity());
  if (!existing.ok()) {
    if (existing.error().code() == base::Errc::NotFound) {
      return std::nullopt;
    }
    print_error(existing.error().text());
    return kExitFailed;
  }
  identity_ = std::move(existing).value();
  const auto& enrolment = identity_->enrolment;
  const std::string where = enrolment ? enrolment->network : std::string("?");
  const bool is_other_network =
      request_.options.network && enrolment && *request_.options.network != enrolment->network;
  if (identity_->pin != request_.token.pin || is_other_network) {
    print_error("this server is in network " + where + " of " + identity_->coordinator +
                " already; run 'linkspan leave' first to join another");
    return kExitFailed;
  }
  if (const auto host = agent::read_host(); host.ok() && is_copied(*identity_, host.value())) {
    print_error("this server has the identity of node " + identity_->name +
                ", which joined from another machine: its disk looks like a copy; run "
                "'linkspan leave' here, which leaves that node alone, and join again");
    return kExitFailed;
  }
  print_line("already joined network " + where + ", nothing to change");
  lock.keep_directory();
  if (auto status = start_agent(loop_, flags_.paths); !status.ok()) {
    print_error("the agent does not start: " + status.error().text());
    return kExitFailed;
  }
  const bool is_up = wait_until_up();
  print_summary();
  return is_up ? kExitOk : kExitFailed;
}

// Everything that can be refused without asking anybody.
base::Status Join::prepare() {
  if (auto status = check_host(flags_.listen_port); !status.ok()) {
    return status;
  }
  auto host = agent::read_host();
  if (!host.ok()) {
    return host.error();
  }
  host_ = std::move(host).value();
  auto pending = agent::load_identity(flags_.paths.pending_identity());
  was_state_dir_there_ = !pending.ok() && loop::path_exists(state_dir());
  // Only the same token: with another one the coordinator may have made another node of these keys.
  if (pending.ok() && pending.value().pin == request_.token.pin &&
      pending.value().token == request_.token.id && !is_copied(pending.value(), host_)) {
    print_line("going on with a join that was not answered before");
    identity_ = std::move(pending).value();
    is_continued_ = true;
  } else {
    identity_ = agent::make_identity();
    identity_->host = host_.id;
  }
  identity_->coordinator = request_.coordinator;
  identity_->pin = request_.token.pin;
  identity_->token = request_.token.id;
  identity_->listen_port = flags_.listen_port;
  identity_->public_endpoint = request_.public_endpoint;
  identity_->is_mirror_wanted = !flags_.is_mirror_declined;
  identity_->joined_at = loop_.wall_now();
  return {};
}

// Before anything is written here: is this the coordinator that the token is for, and is it there?
base::Status Join::greet() {
  loop::HttpRequest request;
  request.url = request_.coordinator + "/healthz";
  request.pinned_spki = request_.token.pin;
  request.connect_timeout = agent::kRequestTimeout;
  request.total_timeout = agent::kRequestTimeout;
  request.body_bytes_max = std::size_t{64} << 10;
  const auto answer = send_and_wait(loop_, client_, std::move(request));
  if (answer.ok()) {
    return {};
  }
  const auto outcome = agent::judge_enrolment(answer.error(), request_.coordinator);
  const auto* const refused = std::get_if<agent::Refused>(&outcome);
  const auto* const unknown = std::get_if<agent::Unknown>(&outcome);
  // Keys of an earlier run stay: it is still unknown whether the coordinator took them.
  return base::Error(answer.error().code(), refused != nullptr ? refused->why : unknown->why);
}

base::Status Join::enrol() {
  identity_->name = !flags_.name.empty() ? flags_.name : host_.name;
  if (identity_->name.empty()) {
    return base::Error(base::Errc::Malformed,
                       "this server's host name gives no usable name; give one with --name");
  }
  identity_->machine_id = host_.id.machine_id;
  if (auto status = agent::save_identity(flags_.paths.pending_identity(), *identity_);
      !status.ok()) {
    return status;
  }
  const std::string body = model::encode(agent::make_enrol_request(
      *identity_, {.id = request_.token.id, .secret = request_.token.secret.copy()}, host_,
      request_.options, LINKSPAN_VERSION));
  base::Backoff backoff(kEnrolRetryFirst, kEnrolRetryMax, random_);
  agent::RequestClock clock;
  for (int attempt = 1;; ++attempt) {
    const auto answer = send_and_wait(
        loop_, client_,
        agent::signed_post(*identity_, "/v1/enrol", body, clock.next(loop_.wall_now())));
    auto outcome = agent::judge_enrolment(answer, request_.coordinator);
    if (auto* const accepted = std::get_if<agent::Accepted>(&outcome)) {
      identity_->enrolment = std::move(accepted->response);
      break;
    }
    if (const auto* const refused = std::get_if<agent::Refused>(&outcome)) {
      // Without an answer (a wrong pin) nothing is said about a request that was sent before.
      const bool was_sent_before = is_continued_ || attempt > 1;
      if (answer.ok() || !was_sent_before) {
        forget_pending();
      }
      return base::Error(base::Errc::Conflict, refused->why);
    }
    const std::string& why = std::get<agent::Unknown>(outcome).why;
    if (attempt == kEnrolAttemptsMax) {
      return base::Error(base::Errc::Unavailable,
                         why + "; run the same line again, it goes on where this one stopped");
    }
    print_line(why + "; trying again");
    wait_for(loop_, backoff.next());
  }
  if (auto status = agent::save_identity(flags_.paths.identity(), *identity_); !status.ok()) {
    return status;
  }
  return loop::remove_file(flags_.paths.pending_identity());
}

// The host is as it was.
void Join::forget_pending() {
  static_cast<void>(loop::remove_file(flags_.paths.pending_identity()).ok());
  if (!was_state_dir_there_) {
    ::rmdir(state_dir().c_str());  // fails, as it should, when something else is in it
  }
}

bool Join::wait_until_up() {
  bool is_up = false;
  base::TimePoint told_at = loop_.now();
  wait_until(loop_, std::chrono::seconds(flags_.wait_s), kPollInterval, [&] {
    const auto status = agent::live_status(flags_.paths);
    is_up = status && status->is_up;
    if (!is_up && loop_.now() - told_at >= kProgressInterval) {
      told_at = loop_.now();
      std::string what = "starting the agent";
      if (status) {
        what = !status->is_applied      ? "waiting for this network's view"
               : !status->error.empty() ? status->error
                                        : "waiting for the first answer over the overlay";
      }
      print_line(what + " ...");
    }
    return is_up;
  });
  return is_up;
}

void Join::wait_for_mirror() {
  const bool is_there = wait_until(loop_, kMirrorWaitMax, kPollInterval, [&] {
    const auto status = agent::live_status(flags_.paths);
    return !status || status->mirror != "starting";
  });
  if (!is_there) {
    print_error("the mirror is not up yet; pulls go to their original registries meanwhile");
  }
}

void Join::print_summary() const {
  const auto status = agent::live_status(flags_.paths);
  if (!status) {
    print_error("the agent does not run; see 'linkspan doctor'");
    return;
  }
  Table table({"", ""});
  std::string addresses;
  for (const auto& address : status->addresses) {
    addresses += (addresses.empty() ? "" : " ") + address;
  }
  table.add({"network", status->network + ", site " + status->site + ", " + status->role});
  table.add({"addresses", addresses});
  std::string up = "not yet; the agent goes on trying, see 'linkspan status'";
  if (status->is_up) {
    up = status->is_alone ? "yes, alone so far"
                          : "yes, " + status->ping_peer + " answers in " +
                                std::to_string(status->ping_us.value_or(0) / 1000) + " ms";
  }
  table.add({"up", up});
  table.add({"mirror", status->mirror});
  for (const auto& problem : status->problems) {
    table.add({"problem", problem});
  }
  std::string text = table.text();
  text.pop_back();
  print_line(text);
}

int run_join(const JoinFlags& flags) {
  auto request = check_flags(flags);
  // What is started from here on outlives the join by far, and has no business with the token.
  ::unsetenv("LINKSPAN_TOKEN");  // NOLINT(concurrency-mt-unsafe): no other thread runs yet
  if (!request.ok()) {
    print_error(request.error().text());
    return kExitFailed;
  }
  if (::geteuid() != 0) {
    print_error("joining changes network interfaces and needs root");
    return kExitFailed;
  }
  return Join(flags, std::move(request).value()).run();
}

}  // namespace

void add_join_command(CLI::App& app, Context& context) {
  auto* const command = app.add_subcommand("join", "Join this server to the network of a token");
  auto flags = std::make_shared<JoinFlags>();  // owned by the callbacks, as long as the app
  command->add_option("TOKEN", flags->token, "What 'linkspan token create' printed")
      ->envname("LINKSPAN_TOKEN")
      ->required();
  command
      ->add_option("--coordinator", flags->coordinator,
                   "Where the coordinator is: https://HOST[:PORT]")
      ->envname("LINKSPAN_COORDINATOR")
      ->required();
  command->add_option("--network", flags->network, "Refuse unless the token is for this network");
  command->add_option("--name", flags->name, "This server's name; default: from the host name");
  command->add_option(
      "--public-endpoint", flags->public_endpoint,
      "IP:PORT at which other sites reach this gateway; default: as the coordinator "
      "sees it");
  command
      ->add_option("--listen-port", flags->listen_port,
                   "First UDP port for WireGuard; up to three after it may be used as well")
      ->check(CLI::Range(1, 65532))
      ->capture_default_str();
  command->add_flag("--no-mirror", flags->is_mirror_declined,
                    "Leave the container runtime alone: no image mirror on this server");
  command->add_option("--wait", flags->wait_s, "Seconds to wait until it is up")
      ->check(CLI::Range(0, 3600))
      ->capture_default_str();
  add_path_options(*command, flags->paths);
  command->footer(
      "Joins this server to the network that TOKEN is for: makes its keys here, enrols it with "
      "the\n"
      "coordinator, starts the agent, and waits until the overlay answers.\n"
      "\n"
      "Needs root. Running it again is harmless. A join that is refused changes nothing on this\n"
      "server; one that was not answered goes on when the same line is run again.\n"
      "\n"
      "Exit status: 0 joined and up, 1 refused or not up, 2 wrong usage.\n"
      "Environment: LINKSPAN_TOKEN, LINKSPAN_COORDINATOR in place of TOKEN and --coordinator.");
  command->callback([flags, &context] { context.exit_code = run_join(*flags); });
}

}  // namespace cli
