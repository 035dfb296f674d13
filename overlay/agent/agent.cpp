#include "overlay/agent/agent.h"

#include <algorithm>
#include <utility>

#include "overlay/agent/enrolment.h"
#include "overlay/agent/gpu_child.h"
#include "overlay/agent/notify.h"
#include "overlay/agent/ping_targets.h"
#include "overlay/agent/view_cache.h"
#include "overlay/base/bytes.h"
#include "overlay/base/check.h"
#include "overlay/base/log.h"
#include "overlay/loop/files.h"
#include "overlay/model/node_update.h"
#include "overlay/model/report.h"

namespace agent {
namespace {

constexpr std::size_t kRefusalBodyMax = std::size_t{16} << 10;
constexpr std::size_t kJobsMax = 1;
constexpr const char* kCommandLine = "linkspan";  // of the same package

template <typename... Times>
std::optional<base::TimePoint> earliest(Times... times) {
  std::optional<base::TimePoint> first;
  for (const std::optional<base::TimePoint>& time : {times...}) {
    if (time && (!first || *time < *first)) {
      first = time;
    }
  }
  return first;
}

// The coordinator takes the address of its requests for where others reach it.
bool is_seen_from_outside(const Identity& identity) {
  const model::EnrolResponse& enrolment = *identity.enrolment;
  const bool is_mesh = enrolment.view.site.value == 0;
  return !identity.public_endpoint && (enrolment.role == model::Role::Gateway || is_mesh);
}

}  // namespace

Agent::Agent(loop::Loop& loop, Options options, const Identity& identity, device::Device& device)
    : loop_(loop),
      options_(std::move(options)),
      identity_(identity),
      device_(device),
      started_at_(loop.now()),
      started_wall_(loop.wall_now()),
      stream_({.signer = identity.enrolment->signing_key,
               .view = identity.enrolment->view,
               .self = identity.enrolment->node_id},
              random_),
      reconciler_(random_),
      reporter_(random_),
      host_watch_({.is_observed = is_seen_from_outside(identity)}, random_),
      mirror_(loop, random_,
              {.paths = options_.paths,
               .is_wanted = identity.is_mirror_wanted,
               .is_systemd = options_.is_systemd,
               .program = "linkspan-mirror",
               .user = "linkspan-mirror"},
              [this] { mark_status(); }),
      client_(loop, {.requests_max = 8,
                     .connections_max = 4,
                     .connections_per_host_max = 4,
                     .idle_connections_max = 2,
                     .user_agent = "linkspan-agent/" + options_.version}),
      pinger_(loop),
      device_queue_(loop, kJobsMax),
      disk_queue_(loop, kJobsMax),
      status_queue_(loop, kJobsMax),
      host_queue_(loop, kJobsMax),
      pump_timer_(loop, [this] { pump(); }),
      ready_timer_(loop, [this] { become_ready(); }),
      status_timer_(loop, [this] { write_status(); }) {}

void Agent::start() {
  restore_view();
  if (stream_.view() == nullptr) {
    is_stream_started_ = true;
    stream_.start(loop_.now());
  }
  ready_timer_.start_after(kReadyWaitMax);
  gpu_watch_.start(loop_.now());
  mark_status();
  pump();
}

void Agent::restore_view() {
  const auto& enrolment = *identity_.enrolment;
  auto cached = load_view_cache(options_.paths.view(), enrolment.signing_key, enrolment.view);
  if (!cached.ok()) {
    is_first_run_after_join_ = cached.error().code() == base::Errc::NotFound;
    if (!is_first_run_after_join_) {
      base::log_warning(cached.error().text());
    }
    return;
  }
  if (auto status = stream_.restore(std::move(cached).value()); !status.ok()) {
    base::log_warning(status.error().within(options_.paths.view()).text());
    return;
  }
  base::log_info("view " + enrolment.view.text() + " restored at sequence " +
                 std::to_string(stream_.applied().sequence));
  act(ViewStream::Adopt{});
}

// Carries out everything that the machines want, then sleeps until one of them wants more. Runs
// after every feed; feeds from inside it are picked up by its loop.
void Agent::pump() {
  if (std::exchange(is_pumping_, true)) {
    return;
  }
  const base::TimePoint now = loop_.now();
  stream_.handle_timeout(now);
  reconciler_.handle_timeout(now);
  ping_.handle_timeout(now);
  reporter_.handle_timeout(now);
  host_watch_.handle_timeout(now);
  gpu_watch_.handle_timeout(now);
  note_gpus();
  while (auto action = stream_.poll_action()) {
    std::visit([this](auto& what) { act(std::move(what)); }, *action);
  }
  // What an action has made due is done in the same turn.
  reconciler_.handle_timeout(now);
  if (reconciler_.poll_run()) {
    run_reconciler();
  }
  ping_.handle_timeout(now);
  if (const auto target = ping_.poll_ping()) {
    send_ping(*target);
  }
  reporter_.handle_timeout(now);
  if (reporter_.poll_send()) {
    send_report();
  }
  if (host_watch_.poll_read()) {
    read_addresses();
  }
  if (const auto update = host_watch_.poll_send()) {
    send_update(*update);
  }
  if (gpu_watch_.poll_ask()) {
    ask_for_gpus();
  }
  is_pumping_ = false;
  sleep();
}

void Agent::sleep() {
  const auto wake_at =
      earliest(stream_.next_timeout(), reconciler_.next_timeout(), ping_.next_timeout(),
               reporter_.next_timeout(), host_watch_.next_timeout(), gpu_watch_.next_timeout());
  if (wake_at) {
    pump_timer_.start_at(*wake_at);
  } else {
    pump_timer_.stop();
  }
}

void Agent::act(ViewStream::Connect connect) {
  stream_status_ = 0;
  stream_refusal_.clear();
  auto request = signed_view_request(identity_, connect.cursor, clock_.next(loop_.wall_now()));
  stream_request_ = client_.stream(
      std::move(request),
      {.on_head =
           [this](const loop::HttpHead& head) {
             stream_status_ = head.status;
             if (head.status == 200) {
               stream_.handle_open(loop_.now());
               reporter_.handle_connected(loop_.now());
               host_watch_.handle_connected(loop_.now());
               mark_status();
               pump();
             }
           },
       .on_data =
           [this](std::span<const std::uint8_t> bytes) {
             if (stream_status_ == 200) {
               stream_.handle_data(loop_.now(), bytes);
               pump();
             } else if (stream_refusal_.size() + bytes.size() <= kRefusalBodyMax) {
               stream_refusal_.append(bytes.begin(), bytes.end());
             }
           },
       .on_end =
           [this](const base::Status& status) {
             std::string why =
                 status.ok() ? "the coordinator ended the stream" : status.error().text();
             if (stream_status_ != 0 && stream_status_ != 200) {
               why = "the coordinator refused: " + refusal_text(stream_status_, stream_refusal_);
             }
             if (why != stream_.error()) {
               base::log_info("view stream: " + why);  // once, not at every retry
             }
             stream_.handle_end(loop_.now(), std::move(why));
             mark_status();
             pump();
           }});
}

void Agent::act(ViewStream::Disconnect /*disconnect*/) {
  stream_request_.cancel();
  base::log_info(stream_.error().empty() ? "view stream: opened anew" : stream_.error());
  mark_status();
}

void Agent::act(ViewStream::Store store) {
  stores_.push_back(std::move(store));
  store_next();
}

void Agent::store_next() {
  while (!stores_.empty() && is_store_broken_ && !stores_.front().is_replacement) {
    stores_.pop_front();
  }
  if (is_storing_ || stores_.empty()) {
    return;
  }
  struct Write {
    std::string path;
    ViewStream::Store store;
    base::Status status;
  };
  // Shared: the owners are the job's two halves, which run one after the other.
  auto write = std::make_shared<Write>(
      Write{options_.paths.view(), std::move(stores_.front()), base::Status()});
  stores_.pop_front();
  const auto queued = disk_queue_.submit(
      [write] {
        const auto text = base::as_text(write->store.frames);
        write->status = write->store.is_replacement
                            ? loop::write_file_atomic(write->path, text, 0600)
                            : loop::append_file(write->path, text, 0600);
      },
      [this, write] {
        is_storing_ = false;
        is_store_broken_ = !write->status.ok();
        if (is_store_broken_) {
          // What is on disk stays a good, only older view: nothing is appended after a gap.
          base::log_warning("view cache: " + write->status.error().text());
        }
        stream_.handle_stored(loop_.now(), write->status.ok());
        store_next();
        pump();
      });
  CHECK(queued.ok());  // one job at a time
  is_storing_ = true;
}

void Agent::act(ViewStream::Adopt /*adopt*/) {
  base::log_debug("view at sequence " + std::to_string(stream_.applied().sequence));
  reconciler_.set_wanted(loop_.now());
  mirror_.update(model::make_site_map(*stream_.view(), identity_.enrolment->node_id));
  if (const auto* const self = stream_.view()->node(identity_.enrolment->node_id)) {
    host_watch_.set_known(loop_.now(), *self);
  }
  mark_status();
}

void Agent::run_reconciler() {
  struct Run {
    base::DeviceState wanted;
    ReconcileOutcome outcome;
  };
  // Shared: the owners are the job's two halves, which run one after the other.
  auto run = std::make_shared<Run>(Run{stream_.plan()->device, {}});
  const auto queued = device_queue_.submit(
      [run, &device = device_, now = loop_.wall_now()] {
        run->outcome = reconcile_once(device, std::move(run->wanted), now);
      },
      [this, run] { handle_reconciled(run->outcome); });
  CHECK(queued.ok());  // one run at a time
}

void Agent::handle_reconciled(const ReconcileOutcome& outcome) {
  const base::TimePoint now = loop_.now();
  const bool was_applied = reconciler_.is_applied();
  reconciler_.handle_done(now, outcome.status.ok());
  if (outcome.changes > 0) {
    std::string text = "devices: " + std::to_string(outcome.changes) + " changes";
    for (const auto& step : outcome.steps) {
      text += "; " + step;
    }
    base::log_info(text);
  }
  const std::string error = outcome.status.ok() ? "" : outcome.status.error().text();
  if (error != device_error_) {
    device_error_ = error;
    if (!error.empty()) {
      base::log_warning("devices: " + error);
    }
    reporter_.mark_changed(now);
  }
  if (outcome.problem != device_problem_) {
    device_problem_ = outcome.problem;
    if (!device_problem_.empty()) {
      base::log_warning("devices: " + device_problem_);
    }
    reporter_.mark_changed(now);
  }
  if (outcome.status.ok()) {
    become_ready();
    ping_.set_targets(now, choose_ping_targets(*stream_.view(), identity_.enrolment->node_id));
    note_up();
  }
  if (reconciler_.is_applied() && !was_applied) {
    reporter_.mark_changed(now);
  }
  if (!std::exchange(is_stream_started_, true)) {
    stream_.start(now);
  }
  mark_status();
  pump();
}

void Agent::send_ping(const FirstPing::Target& target) {
  const auto answered = [this](const base::Result<base::Duration>& rtt) {
    ping_.handle_reply(loop_.now(), rtt.ok() ? std::optional(rtt.value()) : std::nullopt);
    note_up();
    pump();
  };
  const auto sent = pinger_.ping(
      {.address = target.address, .interface = {}, .timeout = FirstPing::kReplyTimeout}, answered);
  if (!sent.ok()) {
    // No route yet, or no right to: fed as a lost answer, from the loop.
    loop_.post([answered, error = sent.error()] { answered(error); });
  }
}

// Tells everybody when this server has come up, or is up no more.
void Agent::note_up() {
  if (ping_.is_up() == std::exchange(is_up_noted_, ping_.is_up())) {
    return;
  }
  if (!ping_.is_up()) {
    base::log_warning("down: no answer to the last " + std::to_string(ping_.misses()) +
                      " pings over the overlay");
  } else if (!std::exchange(was_up_, true)) {
    note_first_up();
  } else {
    base::log_info(ping_.is_alone() ? "up again: nobody else is in reach of this view"
                                    : "up again: answer from " + ping_.answered_by()->name);
  }
  reporter_.mark_changed(loop_.now());
  mark_status();
}

void Agent::note_first_up() {
  if (!ping_.is_alone()) {
    const base::Duration since_start = is_first_run_after_join_
                                           ? loop_.wall_now() - identity_.joined_at
                                           : loop_.now() - started_at_;
    const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(since_start).count();
    first_ping_ms_ = static_cast<std::uint64_t>(std::max<std::int64_t>(ms, 0));
  }
  base::log_info(ping_.is_alone() ? "up: nobody else is in reach of this view yet"
                                  : "up: first answer from " + ping_.answered_by()->name +
                                        " after " + std::to_string(*first_ping_ms_) + " ms");
}

void Agent::send_report() {
  const model::NodeReport report{
      .applied_epoch = stream_.applied().epoch,
      .applied_sequence = stream_.applied().sequence,
      .state_hash = stream_.view() != nullptr ? stream_.view()->hash() : model::StateHash(),
      .up = ping_.is_up(),
      .first_ping_ms = first_ping_ms_ ? std::optional(static_cast<std::uint32_t>(
                                            std::min<std::uint64_t>(*first_ping_ms_, UINT32_MAX)))
                                      : std::nullopt,
      .agent_version = options_.version,
      .problems = problems(),
      .gpus = gpu_watch_.known()};
  report_request_ = client_.send(
      signed_post(identity_, "/v1/report", model::encode(report), clock_.next(loop_.wall_now())),
      [this](const base::Result<loop::HttpResponse>& answer) {
        std::string error;
        if (!answer.ok()) {
          error = answer.error().text();
        } else if (answer.value().status >= 300) {
          error = "report: " + refusal_text(answer.value().status, answer.value().body);
        }
        if (error != report_error_) {
          report_error_ = std::move(error);
          mark_status();
        }
        reporter_.handle_sent(loop_.now(), report_error_.empty());
        pump();
      });
}

void Agent::read_addresses() {
  // Shared: the owners are the job's two halves, which run one after the other.
  auto facts = std::make_shared<std::optional<base::Result<device::HostFacts>>>();
  const auto queued =
      host_queue_.submit([facts] { *facts = device::read_host_facts(); },
                         [this, facts] {
                           std::optional<model::NodeUpdate> seen;
                           if ((*facts)->ok()) {
                             seen = make_node_update(identity_, (*facts)->value());
                           } else {
                             base::log_debug("this host's networks: " + (*facts)->error().text());
                           }
                           host_watch_.handle_read(loop_.now(), std::move(seen));
                           pump();
                         });
  CHECK(queued.ok());  // one reading at a time
}

void Agent::send_update(const model::NodeUpdate& update) {
  update_request_ = client_.send(
      signed_post(identity_, "/v1/update", model::encode(update), clock_.next(loop_.wall_now())),
      [this](const base::Result<loop::HttpResponse>& answer) {
        std::string error;
        if (!answer.ok()) {
          error = answer.error().text();
        } else if (answer.value().status >= 300) {
          error = refusal_text(answer.value().status, answer.value().body);
        }
        if (error != std::exchange(update_error_, error) && !error.empty()) {
          base::log_warning("this host's addresses: " + error);  // once, not at every retry
        }
        host_watch_.handle_sent(loop_.now(), error.empty());
        pump();
      });
}

void Agent::ask_for_gpus() {
  const auto answered = [this](const GpuAnswerResult& answer) {
    gpu_child_.reset();
    if (!answer.ok()) {
      base::log_debug(answer.error().text());
    }
    gpu_watch_.handle_answer(loop_.now(), answer);
    pump();
  };
  auto child = ask_gpus(loop_, kCommandLine, answered);
  if (!child.ok()) {
    loop_.post([answered, error = child.error()] { answered(error); });
    return;
  }
  gpu_child_ = std::move(child).value();
}

// Tells the coordinator and people when what is known of the GPUs is another than before.
void Agent::note_gpus() {
  const bool is_news = std::exchange(gpus_noted_, gpu_watch_.known()) != gpu_watch_.known();
  const bool is_problem_news =
      std::exchange(gpu_problem_noted_, gpu_watch_.problem()) != gpu_watch_.problem();
  if (is_problem_news && !gpu_watch_.problem().empty()) {
    base::log_warning(gpu_watch_.problem());
  }
  if (!is_news && !is_problem_news) {
    return;
  }
  // Before that the first report is still to come.
  if (reconciler_.is_applied()) {
    reporter_.mark_changed(loop_.now());
  }
  mark_status();
}

void Agent::become_ready() {
  if (std::exchange(is_ready_, true)) {
    return;
  }
  ready_timer_.stop();
  if (auto status = notify_service_manager("READY=1"); !status.ok()) {
    base::log_warning(status.error().text());
  }
}

}  // namespace agent
