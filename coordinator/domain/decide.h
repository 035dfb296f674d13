// The coordinator's decisions: which events a command becomes, or why it becomes none.
#pragma once

#include <string>
#include <vector>

#include "coordinator/domain/command.h"
#include "coordinator/domain/event.h"
#include "coordinator/domain/state.h"
#include "overlay/base/random.h"
#include "overlay/base/result.h"
#include "overlay/base/time.h"

namespace coordinator {

// Why a command was refused, in one sentence, and which field and value of it were the reason.
struct Refusal {
  base::Errc code = base::Errc::Malformed;
  std::string field;  // as the API names it; empty if no one field is to blame
  std::string value;  // as it was given, shortened; empty for secrets
  std::string text;   // "site: \"fra\" exists already in network \"default\""
};

// Either `refusal` has a text, or `events` are what shall happen. No events and no refusal: what
// was wanted is already so.
struct Decision {
  std::vector<Event> events;
  Subject subject;         // what was made or changed
  bool is_replay = false;  // an Idempotency-Key seen before: `subject` is what it made then
  Refusal refusal;

  bool ok() const { return refusal.text.empty(); }
};

// What decisions depend on besides the state.
struct Circumstances {
  base::WallTime now;
  base::Duration quarantine = std::chrono::hours(24);  // of an address after its release
};

// Decides `request` on `state`. Changes nothing; applying the events is the caller's part. The
// events of one decision belong together: all are appended in one record or none.
//
// Cost: O(log n) in everything that grows with the fleet. Only making a network or a site looks at
// all networks, or at all sites of one network.
Decision decide(const State& state, const Request& request, const Circumstances& circumstances,
                base::RandomSource& random);

}  // namespace coordinator
