// The half of Agent that tells people and the coordinator how it is.
#include <algorithm>
#include <utility>

#include <unistd.h>

#include "overlay/agent/agent.h"
#include "overlay/base/log.h"
#include "overlay/loop/files.h"
#include "overlay/model/report.h"

namespace agent {
namespace {

std::string site_name(const model::View& view, model::SiteId id) {
  const model::SiteFact* const site = view.site(id);
  return site != nullptr ? site->name : std::string();
}

// Peers as the plan has them, under the names that the view gives their keys.
std::vector<Status::Peer> peers_of(const model::View& view, const base::DeviceState& devices) {
  std::map<base::TunnelKey, const model::NodeFact*> by_key;
  for (const model::NodeFact* const node : view.nodes()) {
    by_key.emplace(node->key.bytes, node);
  }
  std::vector<Status::Peer> peers;
  for (const auto& [interface, tunnel] : devices.interfaces) {
    for (const auto& [key, peer] : tunnel.peers) {
      if (peers.size() == kStatusPeersMax) {
        return peers;
      }
      Status::Peer shown{.name = {},
                         .role = {},
                         .site = {},
                         .address = {},
                         .interface = interface,
                         .key = crypto::WireguardPublicKey{key}.text()};
      if (const auto found = by_key.find(key); found != by_key.end()) {
        const model::NodeFact& node = *found->second;
        shown.name = node.name;
        shown.role = std::string(model::name_of(node.role));
        shown.site = site_name(view, node.site);
        shown.address = node.addresses.empty() ? "" : node.addresses.front().text();
      }
      peers.push_back(std::move(shown));
    }
  }
  return peers;
}

}  // namespace

std::vector<std::string> Agent::problems() const {
  std::vector<std::string> all;
  if (!device_error_.empty()) {
    all.push_back("devices: " + device_error_);
  }
  if (!device_problem_.empty()) {
    all.push_back(device_problem_);
  }
  if (!stream_.held_back().empty()) {
    all.push_back("view held back: " + stream_.held_back());
  }
  if (is_store_broken_) {
    all.emplace_back("view cache: cannot be written");
  }
  if (!mirror_.problem().empty()) {
    all.push_back("mirror: " + mirror_.problem());
  }
  if (!gpu_watch_.problem().empty()) {
    all.push_back(gpu_watch_.problem());
  }
  if (ping_.misses() >= 2 * FirstPing::kAttemptsPerTarget) {
    all.push_back("no answer to the last " + std::to_string(ping_.misses()) +
                  " pings over the overlay");
  }
  if (const plan::Plan* const plan = stream_.plan(); plan != nullptr) {
    all.insert(all.end(), plan->problems.begin(), plan->problems.end());
  }
  all.resize(std::min(all.size(), model::kReportProblemsMax));
  for (auto& problem : all) {
    problem = model::report_problem(problem);
  }
  return all;
}

Status Agent::make_status() const {
  const auto& enrolment = *identity_.enrolment;
  Status status;
  status.version = options_.version;
  status.pid = ::getpid();
  status.written_at = loop_.wall_now();
  status.node = model::text_of(enrolment.node_id);
  status.name = identity_.name;
  status.network = enrolment.network;
  status.site = enrolment.site;
  status.role = std::string(model::name_of(enrolment.role));
  for (const auto& address : enrolment.addresses) {
    status.addresses.push_back(address.text());
  }
  status.coordinator = identity_.coordinator;
  status.is_connected = stream_.state() == ViewStream::State::Open;
  if (const auto heard_at = stream_.heard_at()) {
    status.heard_at = started_wall_ + (*heard_at - started_at_);
  }
  status.error = status.is_connected ? report_error_ : stream_.error();
  status.view = enrolment.view.text();
  status.epoch = stream_.applied().epoch;
  status.sequence = stream_.applied().sequence;
  status.is_applied = reconciler_.is_applied();
  status.held_back = stream_.held_back();
  status.is_up = ping_.is_up();
  status.is_alone = ping_.is_alone();
  status.first_ping_ms = first_ping_ms_;
  if (ping_.rtt()) {
    status.ping_us = static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::microseconds>(*ping_.rtt()).count());
    status.ping_peer = ping_.answered_by()->name;
  }
  status.mirror = mirror_.status();
  status.sources = mirror_.sources();
  if (stream_.view() != nullptr) {
    status.peers = peers_of(*stream_.view(), stream_.plan()->device);
  }
  status.problems = problems();
  return status;
}

void Agent::mark_status() {
  if (!std::exchange(is_status_dirty_, true) && !is_status_writing_) {
    status_timer_.start_after(kStatusGap);
  }
}

void Agent::write_status() {
  if (is_status_writing_) {
    return;
  }
  is_status_dirty_ = false;
  struct Write {
    std::string path;
    std::string text;
    base::Status status;
  };
  // Shared: the owners are the job's two halves, which run one after the other.
  auto write = std::make_shared<Write>(
      Write{options_.paths.status(), encode(make_status()), base::Status()});
  const auto queued = status_queue_.submit(
      [write] { write->status = loop::write_file_atomic(write->path, write->text, 0644); },
      [this, write] {
        is_status_writing_ = false;
        if (!write->status.ok()) {
          base::log_warning(write->status.error().text());
        }
        status_timer_.start_after(is_status_dirty_ ? kStatusGap : kStatusInterval);
      });
  is_status_writing_ = queued.ok();
}

}  // namespace agent
