#pragma once

#include <optional>
#include <string>

#include "overlay/base/time.h"

namespace mirror {

// Whether a replica may be asked.
//
//             failure               second in a row
//   Healthy ----------> Suspect ----------------------> Ejected (30 s, 60 s, ... 10 min)
//      ^                   |                               |  time is over
//      |      success      |                               v
//      +-------------------+<----- request succeeds --- HalfOpen --- any failure ---> Ejected
//                                or kProbesToRecover probes do
//
// HalfOpen is asked after all healthy ones, Ejected only when there is nothing else.
class Health {
 public:
  enum class State { Healthy, Suspect, Ejected, HalfOpen };
  enum class Witness { Probe, Request };

  // `jitter` in 0..1 spreads the end of ejections: hosts that lost a replica together do not come
  // back together.
  explicit Health(double jitter) : jitter_(jitter) {}

  void handle_success(Witness witness, base::TimePoint now);
  // `why` is kept for people.
  void handle_failure(Witness witness, std::string why, base::TimePoint now);
  // Bytes of a real pull arrived: for kEvidenceOfLife a lost probe means nothing.
  void handle_bytes(base::TimePoint now) { bytes_at_ = now; }

  State state(base::TimePoint now) const;
  const std::string& last_failure() const { return last_failure_; }
  std::optional<base::TimePoint> ejected_until() const { return ejected_until_; }

 private:
  void eject(base::TimePoint now);

  double jitter_;
  int failures_ = 0;   // in a row
  int ejections_ = 0;  // since it was last healthy for kEjectionForgotten
  int probes_ok_ = 0;  // in a row while half open
  std::optional<base::TimePoint> ejected_until_;
  std::optional<base::TimePoint> healthy_since_;
  std::optional<base::TimePoint> bytes_at_;
  std::string last_failure_;
};

std::string_view name_of(Health::State state);

}  // namespace mirror
