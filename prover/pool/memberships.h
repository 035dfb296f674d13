#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "overlay/base/random.h"
#include "overlay/base/time.h"
#include "prover/pool/share_ledger.h"
#include "prover/pool/stratum.h"

namespace prover {

// Who may resume what: session ids, with the nonces that each searches and the target it had. Pure.
//
// Nonce prefixes have kPrefixBytes: the first tells the pool's lives apart, so that a pool that
// restarts in the middle of an epoch sends nobody where somebody was; the others count up. One is
// used again only when all others of this life were.
class Memberships {
 public:
  static constexpr base::Duration kResumeFor = std::chrono::minutes(10);  // after a session left
  static constexpr std::size_t kMembershipsMax = 32'768;  // with those that left; oldest go first
  static constexpr std::size_t kPrefixBytes = 3;

  struct Membership {
    std::string id;
    NoncePrefix prefix;
    std::optional<std::uint64_t> target;     // that it had last
    std::optional<SessionNumber> displaced;  // that held the same id until now
  };

  Memberships(std::uint64_t life, base::RandomSource& random) : life_(life), random_(random) {}

  // Gives `session` the membership called `id` if there is one, or a new one. Requires fewer than
  // kMembershipsMax sessions.
  Membership join(SessionNumber session, const std::optional<std::string>& id, base::TimePoint now);
  // The target that whoever resumes begins with. Like leave(), for a session that was displaced
  // nothing.
  void note_target(SessionNumber session, const std::string& id, std::uint64_t target);
  void leave(SessionNumber session, const std::string& id, base::TimePoint now);

  std::size_t size() const { return members_.size(); }

 private:
  struct Member {
    NoncePrefix prefix;
    std::optional<SessionNumber> holder;
    base::TimePoint left_at{};
    std::uint64_t target = 0;
  };

  void forget_oldest();
  void forget_old(base::TimePoint now);
  NoncePrefix make_prefix();

  std::uint64_t life_;
  base::RandomSource& random_;
  std::map<std::string, Member> members_;
  std::deque<std::pair<base::TimePoint, std::string>> left_;  // oldest first; may be outdated
  std::deque<NoncePrefix> free_;                              // longest unused first
  std::uint64_t prefixes_made_ = 0;
};

}  // namespace prover
