// Every number that decides which replica is used, with its reason. Names and defaults in one
// place: the simulator and the programs run on the same.
#pragma once

#include <cstddef>

#include "overlay/base/time.h"

namespace mirror {

// Latency: the least of recent samples is the path, the rest is queueing.
inline constexpr std::size_t kLatencySamplesMax = 8;
inline constexpr base::Duration kLatencyWindow = std::chrono::minutes(5);
// Two samples in a row at least this far above the least one mean that the path itself changed.
// Noise of +-20 % is far below.
inline constexpr int kShiftSamples = 2;
inline constexpr double kShiftRatio = 2.0;
inline constexpr base::Duration kShiftMin = std::chrono::milliseconds(10);
// So long after bytes of a pull a probe may still have waited behind them: its own timeout, and as
// much for a queue to drain.
inline constexpr base::Duration kBesideTransfer = std::chrono::seconds(2);

// Probing.
inline constexpr base::Duration kRoundIntervalMin =
    std::chrono::seconds(20);  // uniform in 20..30 s: hosts that started
inline constexpr base::Duration kRoundIntervalMax =
    std::chrono::seconds(30);  // together do not probe together
inline constexpr base::Duration kRoundIntervalDegraded = std::chrono::seconds(5);
// After a replica has appeared, this many rounds follow closely and each may correct the choice
// without further proof: the first probe on a new path also pays for the tunnel's handshake.
inline constexpr int kSettlingRounds = 3;
inline constexpr base::Duration kRoundIntervalSettling = std::chrono::seconds(1);
// The replica in use is watched between rounds, so that one that dies is left within 10 s:
// at most 3 s until it is asked, two timeouts of 1 s, one second in between.
inline constexpr base::Duration kWatchInterval = std::chrono::seconds(3);
inline constexpr base::Duration kReprobeAfterFailure = std::chrono::seconds(1);
inline constexpr base::Duration kProbeTimeout = std::chrono::seconds(1);
// A host probes few replicas; in the first rounds all.
inline constexpr std::size_t kRoundTargetsMax = 5;

// Switching: Tailscale's rule, held for three rounds (its own compares a 5 minute minimum with one
// sample and so leaves on one spike).
inline constexpr double kSwitchRatio = 2.0 / 3.0;
inline constexpr base::Duration kSwitchGainMin = std::chrono::milliseconds(2);
inline constexpr base::Duration kSwitchGainMinFar =
    std::chrono::milliseconds(10);  // when the current one is beyond kFar
inline constexpr base::Duration kFar = std::chrono::milliseconds(30);
inline constexpr double kSwitchGainPart = 0.1;
inline constexpr int kSwitchRounds = 3;
inline constexpr base::Duration kSwitchPause =
    std::chrono::seconds(60);  // between two switches of choice, not of need

// Health.
inline constexpr int kFailuresToEject = 2;
inline constexpr base::Duration kEjectionFirst = std::chrono::seconds(30);
inline constexpr base::Duration kEjectionMax = std::chrono::minutes(10);
inline constexpr base::Duration kEjectionForgotten =
    std::chrono::minutes(10);  // healthy for so long: counted anew
inline constexpr int kProbesToRecover = 3;
inline constexpr base::Duration kEvidenceOfLife =
    std::chrono::seconds(8);  // bytes of a real pull outweigh a lost probe
inline constexpr base::Duration kTrialInterval =
    std::chrono::seconds(2);  // between requests to an ejected replica
inline constexpr base::Duration kBusyMax =
    std::chrono::seconds(30);  // longest Retry-After that is honoured

// Content.
inline constexpr base::Duration kMissingTagFor = std::chrono::seconds(5);
inline constexpr base::Duration kMissingDigestFor =
    std::chrono::seconds(30);  // replication brings it soon
inline constexpr base::Duration kPresentFor = std::chrono::minutes(10);
inline constexpr base::Duration kBannedFor =
    std::chrono::minutes(10);  // wrong bytes under that digest
inline constexpr std::size_t kContentEntriesMax = 65536;

// Throughput outranks latency for large bodies, by this factor, so that it does not flap either.
inline constexpr std::uint64_t kThroughputBytesMin = 8U << 20;
inline constexpr double kThroughputGain = 2.0;
inline constexpr base::Duration kThroughputForgotten = std::chrono::minutes(10);
inline constexpr double kSmoothing = 1.0 / 8.0;  // RFC 6298's alpha

inline constexpr std::size_t kSwitchesShownMax = 32;

}  // namespace mirror
