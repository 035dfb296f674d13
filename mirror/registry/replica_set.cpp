#include "mirror/registry/replica_set.h"

#include <algorithm>
#include <utility>

#include "mirror/select/explain.h"
#include "overlay/base/check.h"
#include "overlay/base/log.h"

namespace mirror {
namespace {

loop::HttpClient::Options client_options() {
  loop::HttpClient::Options options;
  options.idle_connections_max = 64;
  options.user_agent = "linkspan-mirror";
  return options;
}

base::Duration connect_timeout_of(const Candidate& candidate) {
  return candidate.is_trial ? ReplicaSet::kTrialConnectTimeout : ReplicaSet::kConnectTimeout;
}

const char* label_of(const Outcome& outcome) {
  struct Labels {
    const char* operator()(const Served&) const { return "served"; }
    const char* operator()(const NotFound&) const { return "not_found"; }
    const char* operator()(const Denied&) const { return "denied"; }
    const char* operator()(const Busy&) const { return "busy"; }
    const char* operator()(const Failed&) const { return "failed"; }
    const char* operator()(const WrongBytes&) const { return "wrong_bytes"; }
    const char* operator()(const Unfit&) const { return "unfit"; }
  };
  return std::visit(Labels{}, outcome);
}

}  // namespace

Want want_of(const Target& target, std::optional<std::uint64_t> size_bytes) {
  if (target.digest) {
    return {target.source, target.digest->text(), true, size_bytes};
  }
  return {target.source, target.source + "/" + target.repository + ":" + target.tag, false,
          size_bytes};
}

ReplicaSet::ReplicaSet(loop::Loop& loop, base::RandomSource& random, base::Metrics& metrics)
    : loop_(loop),
      metrics_(metrics),
      client_(loop, client_options()),
      prober_(loop, client_, selector_, random, [this] { log_switches(); }),
      logged_until_(loop.now()) {}

void ReplicaSet::set_site_map(SiteMap map) {
  selector_.set_site_map(std::move(map), loop_.now());
  prober_.restart_round();
  log_switches();
}

bool ReplicaSet::serves(const std::string& source) const {
  const auto& replicas = site_map().replicas;
  return std::any_of(replicas.begin(), replicas.end(),
                     [&](const Replica& replica) { return replica.serves(source); });
}

void ReplicaSet::report(ReplicaId id, const Want& want, const Outcome& outcome) {
  metrics_
      .counter("linkspan_mirror_replica_requests_total", "Requests to replicas by outcome",
               {{"replica", std::to_string(id.value)}, {"outcome", label_of(outcome)}})
      .add();
  selector_.handle_outcome(id, want, outcome, loop_.now());
  if (const auto* const failed = std::get_if<Failed>(&outcome)) {
    base::log_info("replica " + std::to_string(id.value) + ": " + failed->why);
    prober_.hurry(id);
  } else if (const auto* const unfit = std::get_if<Unfit>(&outcome)) {
    base::log_info("replica " + std::to_string(id.value) + ": of no use for " + want.key + ": " +
                   unfit->why);
  } else if (std::holds_alternative<WrongBytes>(outcome)) {
    base::log_warning("replica " + std::to_string(id.value) + ": wrong bytes for " + want.key +
                      ", not asked for it again for 10 minutes");
  }
  log_switches();
}

std::unique_ptr<BlobFetch> ReplicaSet::fetch_blob(const Candidate& candidate, const Target& target,
                                                  BlobFetch::Options options,
                                                  BlobFetch::Callbacks callbacks) {
  const Replica* const replica = find(candidate.id);
  CHECK(replica != nullptr);
  options.connect_timeout = connect_timeout_of(candidate);
  return std::make_unique<BlobFetch>(loop_, client_, *replica, target, options,
                                     std::move(callbacks));
}

loop::RequestHandle ReplicaSet::fetch_manifest(const Candidate& candidate, const Target& target,
                                               OnManifest on_manifest) {
  const Replica* const replica = find(candidate.id);
  CHECK(replica != nullptr);
  return mirror::fetch_manifest(loop_, client_, *replica, target, connect_timeout_of(candidate),
                                std::move(on_manifest));
}

std::string ReplicaSet::explain() const {
  return explain_json(selector_, loop_.now());
}

// Every switch once, with its cause: the first thing anybody asks about a mirror.
void ReplicaSet::log_switches() {
  for (const Switch& one : selector_.switches()) {
    if (one.at <= logged_until_) {
      continue;
    }
    base::log_info("source " + one.source + ": replica " +
                   (one.from ? std::to_string(one.from->value) + " -> " : std::string()) +
                   std::to_string(one.to.value) + ", " + one.why);
    metrics_.counter("linkspan_mirror_switches_total", "Changes of the preferred replica").add();
  }
  if (!selector_.switches().empty()) {
    logged_until_ = std::max(logged_until_, selector_.switches().back().at);
  }
}

}  // namespace mirror
