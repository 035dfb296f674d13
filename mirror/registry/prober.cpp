#include "mirror/registry/prober.h"

#include <algorithm>
#include <utility>

#include "mirror/select/parameters.h"

namespace mirror {
namespace {

// Why an answer to GET /v2/ does not count as life; empty if it does.
std::string complaint_about(const loop::HttpResponse& response) {
  const std::string* const type = response.find("content-type");
  if (type != nullptr && type->starts_with("text/html") && response.status < 400) {
    return "an HTML page at /v2/";  // a captive portal or a load balancer without its registry
  }
  const bool is_alive = response.status < 500;
  return is_alive ? "" : "status " + std::to_string(response.status) + " at /v2/";
}

}  // namespace

Prober::Prober(loop::Loop& loop, loop::HttpClient& client, Selector& selector,
               base::RandomSource& random, std::function<void()> on_result)
    : loop_(loop),
      client_(client),
      selector_(selector),
      plan_(selector, random),
      on_result_(std::move(on_result)),
      timer_(loop, [this] { pump(); }) {
  timer_.start_after(base::Duration::zero());
}

void Prober::hurry(ReplicaId id) {
  plan_.hurry(id, loop_.now());
  timer_.start_after(base::Duration::zero());
}

void Prober::restart_round() {
  plan_.hurry_round(loop_.now());
  timer_.start_after(base::Duration::zero());
}

void Prober::pump() {
  for (const ReplicaId id : plan_.poll_probes(loop_.now())) {
    const bool is_known = selector_.latency(id, loop_.now()).has_value();
    start(id, {is_known ? 1 : kFirstSamples, false, {}});
  }
  timer_.start_at(plan_.next_timeout());
}

void Prober::start(ReplicaId id, Sampling sampling) {
  const Replica* const replica = selector_.find(id);
  if (replica == nullptr) {
    running_.erase(id);
    plan_.handle_failure(id, "gone from the site map", loop_.now());
    return;
  }
  loop::HttpRequest request;
  request.url = replica->url + "/v2/";
  request.connect_timeout = kProbeTimeout;
  request.total_timeout = kProbeTimeout;
  request.body_bytes_max = 64U << 10;
  request.http1_only = true;
  running_[id] =
      client_.send(std::move(request), [this, id, sampling, sent_at = loop_.now()](
                                           const base::Result<loop::HttpResponse>& response) {
        handle_answer(id, sampling, sent_at, response);
      });
}

void Prober::handle_answer(ReplicaId id, Sampling sampling, base::TimePoint sent_at,
                           const base::Result<loop::HttpResponse>& response) {
  const base::TimePoint now = loop_.now();
  const std::string complaint =
      response.ok() ? complaint_about(response.value()) : response.error().text();
  if (complaint.empty()) {
    const bool has_connected = response.value().connect_time > base::Duration::zero();
    if (!has_connected || sampling.is_warm) {
      sampling.lowest = std::min(sampling.lowest.value_or(now - sent_at), now - sent_at);
      --sampling.left;
    }
    sampling.is_warm = true;
    if (sampling.left > 0) {
      start(id, sampling);
      return;
    }
    plan_.handle_success(id, *sampling.lowest, now);
  } else {
    plan_.handle_failure(id, complaint, now);
  }
  on_result_();
  timer_.start_at(plan_.next_timeout());
}

}  // namespace mirror
