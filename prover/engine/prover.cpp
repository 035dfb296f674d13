#include "prover/engine/prover.h"

#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <thread>
#include <utility>
#include <vector>

#include "prover/engine/parallel.h"
#include "prover/puzzle/commit.h"
#include "prover/puzzle/opening.h"

namespace prover {

struct Prover::State {
  using Epoch = std::shared_ptr<const EpochBases>;  // owners: this, the engine, queued hits

  struct Waiting {
    Engine::Hit hit;
    Assignment assignment;
    Epoch epoch;
  };

  Srs& srs;
  const unsigned threads;
  const Clock clock;
  const PointTransform transform;
  const Callbacks callbacks;

  mutable std::mutex mutex;  // of everything below it
  std::condition_variable changed;
  std::optional<Assignment> wanted_next;
  Epoch epoch;  // the latest prepared
  std::optional<Assignment> searching;
  std::deque<Waiting> hits;
  Stats counts;
  bool is_wanted_new = false;
  bool is_finishing = false;  // nothing new; the hits that are there are still checked
  bool is_ending = false;

  std::shared_mutex srs_mutex;  // exclusive while the basis of another degree is made
  std::atomic<bool> is_abandoned = false;
  std::unique_ptr<Engine> engine;
  std::jthread preparing;
  std::jthread checking;

  State(Srs& the_srs, const Options& options, Callbacks the_callbacks)
      : srs(the_srs),
        threads(options.preparing_threads),
        clock(options.clock),
        transform(options.transform),
        callbacks(std::move(the_callbacks)) {}

  void handle_hit(const Engine::Hit& hit) {
    const std::scoped_lock lock(mutex);
    const bool is_current = searching.has_value() && hit.challenge == searching->challenge &&
                            hit.solution.address == searching->address;
    if (!is_current || hits.size() >= kHitsMax) {
      ++counts.hits_dropped;
      return;
    }
    hits.push_back({hit, *searching, epoch});
    changed.notify_all();
  }

  // Thread `preparing`: makes an epoch's bases when an assignment needs others, then gives the
  // engine work.
  void prepare_epochs() {
    std::unique_lock lock(mutex);
    while (true) {
      changed.wait(lock, [this] { return is_ending || is_finishing || is_wanted_new; });
      if (is_ending || is_finishing) {
        return;
      }
      is_wanted_new = false;
      const Assignment wanted = *wanted_next;
      if (epoch == nullptr || epoch->challenge != wanted.challenge) {
        counts.is_preparing = true;
        if (wanted.is_clean) {
          engine->clear_work();
        }
        lock.unlock();
        const base::TimePoint began = clock();
        Epoch made = make_epoch(wanted.challenge);
        lock.lock();
        counts.is_preparing = false;
        if (is_ending || is_finishing) {
          return;
        }
        epoch = std::move(made);
        ++counts.epochs_prepared;
        counts.epoch_switch = clock() - began;
        if (is_wanted_new) {
          continue;  // replaced meanwhile
        }
      }
      searching = wanted;
      engine->set_work({.epoch = epoch, .address = wanted.address, .nonces = wanted.nonces});
    }
  }

  Epoch make_epoch(const EpochChallenge& challenge) {
    const auto parallel_for = make_parallel_for(threads);
    {
      const std::scoped_lock lock(srs_mutex);
      srs.prepare(challenge.degree, parallel_for);
    }
    const std::shared_lock lock(srs_mutex);
    return std::make_shared<const EpochBases>(
        make_epoch_bases(srs, challenge, parallel_for, transform));
  }

  // Thread `checking`: the literal route for every hit, then the opening.
  void check_hits() {
    std::unique_lock lock(mutex);
    while (true) {
      changed.wait(lock, [this] { return is_ending || !hits.empty(); });
      if (hits.empty() || is_abandoned) {
        return;
      }
      const Waiting waiting = std::move(hits.front());
      hits.pop_front();
      lock.unlock();
      const bool is_right = check(waiting);
      lock.lock();
      ++(is_right ? counts.solutions : counts.hits_wrong);
    }
  }

  bool check(const Waiting& waiting) {
    const PartialSolution& partial = waiting.hit.solution;
    const Polynomial polynomial =
        prover_polynomial(waiting.epoch->challenge, partial.address, partial.nonce);
    const std::shared_lock lock(srs_mutex);
    const G1Affine literal = commit_literally(srs, waiting.epoch->polynomial, polynomial);
    if (literal != partial.commitment) {
      engine->take_out(waiting.hit, "wrong: a commitment that the literal route does not give");
      callbacks.on_wrong_hit(waiting.hit, "the literal route gives another commitment");
      return false;
    }
    const Opening opening = open(*waiting.epoch, srs, polynomial, challenge_point(literal));
    callbacks.on_solution({.assignment = waiting.assignment,
                           .solution = {.partial = partial, .proof = opening.proof},
                           .target = waiting.hit.target});
    return true;
  }
};

Prover::Prover(Srs& srs, const Options& options, const MakeEngine& make_engine, Callbacks callbacks)
    : state_(std::make_unique<State>(srs, options, std::move(callbacks))) {
  State* state = state_.get();
  state->engine = make_engine([state](const Engine::Hit& hit) { state->handle_hit(hit); });
  state->preparing = std::jthread([state] { state->prepare_epochs(); });
  state->checking = std::jthread([state] { state->check_hits(); });
}

Prover::~Prover() {
  state_->is_abandoned = true;
  {
    const std::scoped_lock lock(state_->mutex);
    state_->is_ending = true;
    state_->changed.notify_all();
  }
  state_->preparing = {};  // joins
  state_->checking = {};   // speaks to the engine
  state_->engine.reset();  // its threads call handle_hit until here
}

base::Status Prover::assign(const Assignment& assignment) {
  if (assignment.challenge.degree > state_->srs.degree_max()) {
    return base::Error(base::Errc::LimitExceeded,
                       "degree " + std::to_string(assignment.challenge.degree) +
                           " exceeds what the reference string has powers for, " +
                           std::to_string(state_->srs.degree_max()));
  }
  const std::scoped_lock lock(state_->mutex);
  state_->wanted_next = assignment;
  state_->is_wanted_new = true;
  state_->changed.notify_all();
  return {};
}

void Prover::unassign() {
  const std::scoped_lock lock(state_->mutex);
  state_->wanted_next.reset();
  state_->is_wanted_new = false;
  state_->searching.reset();
  state_->engine->clear_work();
}

void Prover::set_target(std::uint64_t target) {
  state_->engine->set_target(target);
}

void Prover::finish() {
  {
    const std::scoped_lock lock(state_->mutex);
    state_->is_finishing = true;
    state_->changed.notify_all();
  }
  state_->preparing = {};  // joins
  state_->engine->finish();
  {
    const std::scoped_lock lock(state_->mutex);
    state_->is_ending = true;
    state_->changed.notify_all();
  }
  state_->checking = {};
}

Prover::Stats Prover::stats() const {
  const std::scoped_lock lock(state_->mutex);
  Stats out = state_->counts;
  out.engine = state_->engine->stats();
  return out;
}

std::vector<Engine::Unit> Prover::units() const {
  return state_->engine->units();
}

std::string Prover::describe() const {
  return state_->engine->describe();
}

}  // namespace prover
