#pragma once

#include <functional>
#include <map>
#include <optional>

#include "mirror/select/probe_plan.h"
#include "mirror/select/selector.h"
#include "overlay/base/random.h"
#include "overlay/loop/http_client.h"
#include "overlay/loop/loop.h"
#include "overlay/loop/timer.h"

namespace mirror {

// Carries out what ProbePlan asks for: GET /v2/ at each replica, timed on a connection that is
// already open, so that only the round trip counts: a request that had to connect is repeated at
// once and its own time thrown away. A replica that was never measured gets kFirstSamples requests
// in a row, of which the least counts: the first choice must not hang on one that was delayed. It
// uses the same client as the pulls: a probe over another path proves nothing.
//
// 401, 403, 404 and 405 are alive; 429 is alive; 5xx, HTML and no answer are failures.
class Prober {
 public:
  static constexpr int kFirstSamples = 4;

  // Keeps all references, which must outlive it. Begins with the first round in the next turn.
  // `on_result` runs after each probe that changed something.
  Prober(loop::Loop& loop, loop::HttpClient& client, Selector& selector, base::RandomSource& random,
         std::function<void()> on_result);
  Prober(const Prober&) = delete;
  Prober& operator=(const Prober&) = delete;

  // A real request to `id` failed: look now.
  void hurry(ReplicaId id);
  // The site map changed.
  void restart_round();

 private:
  void pump();
  // What is left to measure of one probe, and the best so far.
  struct Sampling {
    int left = 1;
    bool is_warm = false;
    std::optional<base::Duration> lowest;
  };
  void start(ReplicaId id, Sampling sampling);
  void handle_answer(ReplicaId id, Sampling sampling, base::TimePoint sent_at,
                     const base::Result<loop::HttpResponse>& response);

  loop::Loop& loop_;
  loop::HttpClient& client_;
  Selector& selector_;
  ProbePlan plan_;
  std::function<void()> on_result_;
  std::map<ReplicaId, loop::RequestHandle> running_;
  loop::Timer timer_;
};

}  // namespace mirror
