#include "coordinator/domain/address_pool.h"

#include <algorithm>
#include <array>

#include "overlay/base/check.h"

namespace coordinator {
namespace {

// The block of the same length behind `block`, or nothing at the end of the address space.
std::optional<base::Prefix> next_block(const base::Prefix& block) {
  if (block.length() == 0) {
    return std::nullopt;
  }
  const auto bytes = block.address().bytes();
  std::array<std::uint8_t, 16> sum{};
  std::ranges::copy(bytes, sum.begin());
  // Adds 1 at the last bit of the prefix and carries to the left.
  const std::size_t last = (block.length() - 1U) / 8U;
  std::uint32_t carry = 1U << (7U - (block.length() - 1U) % 8U);
  for (std::size_t i = last + 1; i-- > 0 && carry != 0;) {
    const std::uint32_t value = sum[i] + carry;
    sum[i] = static_cast<std::uint8_t>(value & 0xffU);
    carry = value >> 8U;
  }
  if (carry != 0) {
    return std::nullopt;
  }
  if (block.family() == base::Family::V6) {
    return base::Prefix(base::Address::v6(sum), block.length());
  }
  std::uint32_t v4 = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    v4 = v4 << 8U | sum[i];
  }
  return base::Prefix(base::Address::v4(v4), block.length());
}

// What sites have and what is in quarantine, of the network and within `within`; sorted. Taken
// blocks of sites are disjoint; a retired one may lie inside another retired one.
std::vector<base::Prefix> taken_blocks(const State& state, model::NetworkId network,
                                       const base::Prefix& within, base::WallTime retired_until) {
  std::vector<base::Prefix> taken;
  for (auto it = state.site_by_name.lower_bound({network, ""});
       it != state.site_by_name.end() && it->first.first == network; ++it) {
    for (const base::Prefix& prefix : state.sites.find(it->second)->prefixes) {
      if (prefix.overlaps(within)) {
        taken.push_back(prefix);
      }
    }
  }
  for (auto it = state.retired_blocks.lower_bound({network, {}});
       it != state.retired_blocks.end() && it->first.first == network; ++it) {
    if (it->second > retired_until && it->first.second.overlaps(within)) {
      taken.push_back(it->first.second);
    }
  }
  std::sort(taken.begin(), taken.end());
  return taken;
}

}  // namespace

base::WallTime quarantine_start(base::WallTime now, base::Duration quarantine) {
  return now + -quarantine;
}

OffsetChoice choose_offset(const State& state, const Site& site,
                           const crypto::IdentityPublicKey& identity, base::WallTime now,
                           base::Duration quarantine) {
  const ReleasedKey* had = state.released_by_identity.find(identity);
  if (had != nullptr && had->site == site.id) {
    return {.offset = had->offset, .free_since = had->at, .next_free = {}};
  }
  if (site.next_offset <= pool_size(site)) {
    return {.offset = site.next_offset, .free_since = {}, .next_free = {}};
  }
  const auto oldest = state.released.lower_bound({.site = site.id, .at = {}, .offset = 0});
  if (oldest == state.released.end() || oldest->first.site != site.id) {
    return {};
  }
  const ReleasedKey& key = oldest->first;
  if (key.at > quarantine_start(now, quarantine)) {
    return {.offset = 0, .free_since = {}, .next_free = key.at + quarantine};
  }
  return {.offset = key.offset, .free_since = key.at, .next_free = {}};
}

std::optional<base::Prefix> choose_block(const State& state, model::NetworkId network,
                                         const base::Prefix& within, std::uint8_t length,
                                         base::WallTime retired_until) {
  CHECK(within.length() <= length && length <= within.address().bits());
  const std::vector<base::Prefix> taken = taken_blocks(state, network, within, retired_until);
  std::optional<base::Prefix> block = base::Prefix(within.address(), length);
  auto next_taken = taken.begin();
  while (block.has_value() && within.contains(*block)) {
    // Whatever ends before the block stays behind for good, since blocks only move on.
    while (next_taken != taken.end() && next_taken->address() < block->address() &&
           !next_taken->overlaps(*block)) {
      ++next_taken;
    }
    if (next_taken == taken.end() || !next_taken->overlaps(*block)) {
      return block;
    }
    block = next_block(*block);
  }
  return std::nullopt;
}

std::uint8_t default_block_length(const base::Prefix& within) {
  const bool is_v4 = within.family() == base::Family::V4;
  const auto sixteenth = static_cast<std::uint8_t>(within.length() + 4);
  return is_v4 ? std::max<std::uint8_t>(20, sixteenth) : std::max<std::uint8_t>(64, sixteenth);
}

}  // namespace coordinator
