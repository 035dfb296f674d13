// What says which epoch a pool works on while there is no network: a recorded chain played again,
// or a chain that is made up. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "overlay/base/result.h"
#include "overlay/base/time.h"
#include "prover/puzzle/challenge.h"

namespace prover {

inline constexpr std::uint32_t kBlocksPerEpoch = 256;

// Of the work on top of the latest block.
constexpr std::uint32_t epoch_number(std::uint32_t latest_height) {
  return latest_height / kBlocksPerEpoch;
}

struct Epoch {
  std::uint32_t number = 0;
  Bytes32 block_hash{};  // of block 256 * number - 1; zero for epoch 0

  friend bool operator==(const Epoch&, const Epoch&) = default;
};

class EpochDriver {
 public:
  static constexpr std::size_t kRecordsMax = 1'000'000;

  // When an epoch ends: after a time, after so many accepted shares, whichever is first. Zero: not
  // for that reason.
  struct Pace {
    base::Duration length{0};
    std::uint64_t shares = 0;
  };
  // An epoch that was worked on before a restart.
  struct Living {
    Epoch epoch;
    base::Duration age{0};
    std::uint64_t shares = 0;
  };

  // Epochs `first`, `first` + 1, ... whose block hash is the hash of `seed` and the number.
  static EpochDriver make_chain(std::uint64_t seed, std::uint32_t first, Pace pace);
  // The epochs of a recorded chain, one block a line as "HEIGHT HASH", heights ascending, the hash
  // as "ab1..." or as 64 hex digits; "#" begins a remark. Block 256 e - 1 gives epoch e its hash,
  // any block below 256 gives epoch 0. The last epoch does not end.
  //
  // Errors: Malformed with the line's number; LimitExceeded above kRecordsMax lines.
  static base::Result<EpochDriver> replay(std::string_view text, Pace pace);

  // Begins with the first epoch, or goes on where `living` was if this chain has that epoch; then
  // epochs that would have ended meanwhile have ended. Call once, first.
  void begin(const std::optional<Living>& living, base::TimePoint now);

  void handle_share(base::TimePoint now);
  void handle_time(base::TimePoint now);

  // The epoch to work on; changes in the handlers.
  const Epoch& epoch() const { return epoch_; }
  base::TimePoint started_at() const { return started_at_; }
  // When time alone ends the epoch.
  std::optional<base::TimePoint> next_timeout() const;

 private:
  EpochDriver(Pace pace, std::uint64_t seed, std::uint32_t first, std::vector<Epoch> recorded);

  Epoch made(std::uint32_t number) const;
  std::optional<Epoch> following() const;
  bool has(const Epoch& epoch) const;
  bool advance(base::TimePoint started_at);

  Pace pace_;
  std::uint64_t seed_;
  std::uint32_t first_;
  std::vector<Epoch> recorded_;  // ascending; empty: a made chain
  Epoch epoch_;
  base::TimePoint started_at_{};
  std::uint64_t shares_ = 0;
};

}  // namespace prover
