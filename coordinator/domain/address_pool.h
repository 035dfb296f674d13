// Which addresses a joining node gets, and which block a new site gets. Pure: looks at the state
// and proposes; the event that carries the choice takes it.
//
// A site's nodes are numbered by offsets into its prefixes. An offset is
//
//   fresh      never held: those from Site::next_offset on
//   held       a node's
//   released   given back: in quarantine first, then free
#pragma once

#include <cstdint>
#include <optional>

#include "coordinator/domain/state.h"
#include "overlay/base/time.h"

namespace coordinator {

struct OffsetChoice {
  std::uint32_t offset = 0;   // 0: there is none
  base::WallTime free_since;  // of a released one, as `released` has it; zero for a fresh one
  // When there is none: the end of the earliest quarantine, or zero if all are held.
  base::WallTime next_free;
};

// The offset for a server with this identity: the one that it had last, even from quarantine, if
// nobody got it since; else the one that has been free for longest: a fresh one, or else the
// released one with the oldest release, if its quarantine is over. O(log n).
OffsetChoice choose_offset(const State& state, const Site& site,
                           const crypto::IdentityPublicKey& identity, base::WallTime now,
                           base::Duration quarantine);

// The first block of `length` bits in `within` that no site of the network has and that is not in
// quarantine. Requires within.length() <= length <= within.address().bits(). O(sites + blocks).
std::optional<base::Prefix> choose_block(const State& state, model::NetworkId network,
                                         const base::Prefix& within, std::uint8_t length,
                                         base::WallTime retired_until);

// What a site gets of a network's prefix if nobody says otherwise: a /20 or a /64, and 1/16 of a
// network that is smaller than sixteen of these.
std::uint8_t default_block_length(const base::Prefix& within);

// Blocks that were retired after this are still in quarantine.
base::WallTime quarantine_start(base::WallTime now, base::Duration quarantine);

}  // namespace coordinator
