#include "mirror/registry/manifest_source.h"

#include <utility>

namespace mirror {

ManifestSource::ManifestSource(ReplicaSet& replicas, Target target, OnEnd on_end)
    : replicas_(replicas),
      target_(std::move(target)),
      want_(want_of(target_, std::nullopt)),
      on_end_(std::move(on_end)),
      timer_(replicas.loop(), [this] { pump(); }) {
  timer_.start_after(base::Duration::zero());
}

void ManifestSource::pump() {
  if (!is_started_) {
    is_started_ = true;
    Choice choice = replicas_.choose(want_);
    // Those left out because they are ejected might have it.
    for (const Candidate& candidate : choice.refused) {
      has_failure_ = has_failure_ || candidate.reason.starts_with("ejected");
    }
    race_ = Race(std::move(choice.candidates));
  }
  while (const auto candidate = race_.poll_start(replicas_.loop().now())) {
    start(*candidate);
  }
  if (race_.is_lost()) {
    const auto on_end = std::move(on_end_);
    const base::Errc code = has_failure_ ? base::Errc::Unavailable : base::Errc::NotFound;
    on_end(base::Error(code, want_.key + ": no replica delivers it"));
  } else if (const auto at = race_.next_timeout()) {
    timer_.start_at(*at);
  }
}

void ManifestSource::start(const Candidate& candidate) {
  const ReplicaId id = candidate.id;
  if (replicas_.find(id) == nullptr) {
    race_.handle_loss(id);
    return;
  }
  attempts_[id] = replicas_.fetch_manifest(candidate, target_, [this, id](ManifestAnswer answer) {
    handle_answer(id, std::move(answer));
  });
}

void ManifestSource::handle_answer(ReplicaId id, ManifestAnswer answer) {
  attempts_.erase(id);
  if (auto* const manifest = std::get_if<StoredManifest>(&answer)) {
    replicas_.report(id, want_, Served{manifest->bytes.size(), base::Duration::zero()});
    attempts_.clear();
    timer_.stop();
    const auto on_end = std::move(on_end_);
    on_end(std::move(*manifest));
    return;
  }
  const Outcome& outcome = *std::get_if<Outcome>(&answer);
  // Unfit is an answer too, and from the next question on it counts as "does not have it".
  has_failure_ = has_failure_ || !(std::holds_alternative<NotFound>(outcome) ||
                                   std::holds_alternative<Unfit>(outcome));
  replicas_.report(id, want_, outcome);
  race_.handle_loss(id);
  pump();
}

}  // namespace mirror
