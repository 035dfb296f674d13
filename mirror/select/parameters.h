// Every number that decides which replica is used, with its reason. Names and defaults in one
// place: the simulator and the programs run on the same.
#pragma once

#include <cstddef>

#include "overlay/base/time.h"

namespace mirror {

using namespace std::chrono_literals;

// Latency: the least of recent samples is the path, the rest is queueing.
inline constexpr std::size_t kLatencySamplesMax = 8;
inline constexpr base::Duration kLatencyWindow = 5min;
// Two samples in a row at least this far above the least one mean that the path itself changed.
// Noise of +-20 % is far below.
inline constexpr int kShiftSamples = 2;
inline constexpr double kShiftRatio = 2.0;
inline constexpr base::Duration kShiftMin = 10ms;

// Probing.
inline constexpr base::Duration kRoundIntervalMin = 20s;  // uniform in 20..30 s: hosts that started
inline constexpr base::Duration kRoundIntervalMax = 30s;  // together do not probe together
inline constexpr base::Duration kRoundIntervalDegraded = 5s;
// The replica in use is watched between rounds, so that one that dies is left within 10 s:
// at most 3 s until it is asked, two timeouts of 1 s, one second in between.
inline constexpr base::Duration kWatchInterval = 3s;
inline constexpr base::Duration kReprobeAfterFailure = 1s;
inline constexpr base::Duration kProbeTimeout = 1s;
inline constexpr std::size_t kRoundTargetsMax =
    5;  // a host probes few replicas; the first round all

// Switching: Tailscale's rule, held for three rounds (its own compares a 5 minute minimum with one
// sample and so leaves on one spike).
inline constexpr double kSwitchRatio = 2.0 / 3.0;
inline constexpr base::Duration kSwitchGainMin = 2ms;
inline constexpr base::Duration kSwitchGainMinFar = 10ms;  // when the current one is beyond kFar
inline constexpr base::Duration kFar = 30ms;
inline constexpr double kSwitchGainPart = 0.1;
inline constexpr int kSwitchRounds = 3;
inline constexpr base::Duration kSwitchPause = 60s;  // between two switches of choice, not of need

// Health.
inline constexpr int kFailuresToEject = 2;
inline constexpr base::Duration kEjectionFirst = 30s;
inline constexpr base::Duration kEjectionMax = 10min;
inline constexpr base::Duration kEjectionForgotten = 10min;  // healthy for so long: counted anew
inline constexpr int kProbesToRecover = 3;
inline constexpr base::Duration kEvidenceOfLife = 8s;  // bytes of a real pull outweigh a lost probe
inline constexpr base::Duration kTrialInterval = 2s;   // between requests to an ejected replica
inline constexpr base::Duration kBusyMax = 30s;        // longest Retry-After that is honoured

// Content.
inline constexpr base::Duration kMissingTagFor = 5s;
inline constexpr base::Duration kMissingDigestFor = 30s;  // replication brings it soon
inline constexpr base::Duration kPresentFor = 10min;
inline constexpr base::Duration kBannedFor = 10min;  // wrong bytes under that digest
inline constexpr std::size_t kContentEntriesMax = 65536;

// Throughput outranks latency for large bodies, by this factor, so that it does not flap either.
inline constexpr std::uint64_t kThroughputBytesMin = 8U << 20;
inline constexpr double kThroughputGain = 2.0;
inline constexpr base::Duration kThroughputForgotten = 10min;
inline constexpr double kSmoothing = 1.0 / 8.0;  // RFC 6298's alpha

inline constexpr std::size_t kSwitchesShownMax = 32;

}  // namespace mirror
