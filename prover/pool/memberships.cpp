#include "prover/pool/memberships.h"

#include <array>

#include "overlay/base/check.h"
#include "overlay/base/hex.h"

namespace prover {
namespace {

constexpr std::uint64_t kPrefixesPerLife = 1U << (8 * (Memberships::kPrefixBytes - 1));
static_assert(Memberships::kMembershipsMax < kPrefixesPerLife);

}  // namespace

NoncePrefix Memberships::make_prefix() {
  if (prefixes_made_ < kPrefixesPerLife) {
    return {(life_ & 0xff) * kPrefixesPerLife + prefixes_made_++, kPrefixBytes};
  }
  CHECK(!free_.empty());
  const NoncePrefix prefix = free_.front();
  free_.pop_front();
  return prefix;
}

// The first of left_; its member too, unless that came back meanwhile.
void Memberships::forget_oldest() {
  const auto [at, id] = std::move(left_.front());
  left_.pop_front();
  const auto found = members_.find(id);
  if (found != members_.end() && !found->second.holder && found->second.left_at == at) {
    free_.push_back(found->second.prefix);
    members_.erase(found);
  }
}

void Memberships::forget_old(base::TimePoint now) {
  while (!left_.empty() && left_.front().first + kResumeFor <= now) {
    forget_oldest();
  }
  while (!left_.empty() && (members_.size() >= kMembershipsMax || left_.size() > kMembershipsMax)) {
    forget_oldest();
  }
}

Memberships::Membership Memberships::join(SessionNumber session,
                                          const std::optional<std::string>& id,
                                          base::TimePoint now) {
  forget_old(now);
  if (const auto found = id ? members_.find(*id) : members_.end(); found != members_.end()) {
    Member& member = found->second;
    Membership resumed{*id, member.prefix, std::nullopt, member.holder};
    if (member.target != 0) {
      resumed.target = member.target;
    }
    member.holder = session;
    return resumed;
  }
  CHECK(members_.size() < kMembershipsMax);
  std::array<std::uint8_t, 16> bytes{};
  random_.fill(bytes);
  const std::string name = base::hex_encode(bytes);
  const auto& member = members_[name] = {make_prefix(), session, {}, 0};
  return {name, member.prefix, std::nullopt, std::nullopt};
}

void Memberships::note_target(SessionNumber session, const std::string& id, std::uint64_t target) {
  const auto found = members_.find(id);
  if (found != members_.end() && found->second.holder == session) {
    found->second.target = target;
  }
}

void Memberships::leave(SessionNumber session, const std::string& id, base::TimePoint now) {
  const auto found = members_.find(id);
  if (found == members_.end() || found->second.holder != session) {
    return;
  }
  found->second.holder.reset();
  found->second.left_at = now;
  left_.emplace_back(now, id);
}

}  // namespace prover
