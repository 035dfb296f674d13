#include "mirror/select/content_index.h"

#include "mirror/select/parameters.h"

namespace mirror {

void ContentIndex::set(ReplicaId replica, const std::string& key, Entry entry) {
  const Key at(replica, key);
  const auto [found, is_new] = entries_.insert_or_assign(at, entry);
  if (!is_new) {
    return;
  }
  order_.push_back(at);
  if (order_.size() > kContentEntriesMax) {
    entries_.erase(order_.front());
    order_.pop_front();
  }
}

void ContentIndex::set_present(ReplicaId replica, const std::string& key, base::TimePoint now) {
  if (find(replica, key, now) != Knowledge::Banned) {
    set(replica, key, {Knowledge::Present, now + kPresentFor});
  }
}

void ContentIndex::set_missing(ReplicaId replica, const std::string& key, base::Duration span,
                               base::TimePoint now) {
  if (find(replica, key, now) != Knowledge::Banned) {
    set(replica, key, {Knowledge::Missing, now + span});
  }
}

void ContentIndex::set_banned(ReplicaId replica, const std::string& key, base::TimePoint now) {
  set(replica, key, {Knowledge::Banned, now + kBannedFor});
}

ContentIndex::Knowledge ContentIndex::find(ReplicaId replica, const std::string& key,
                                           base::TimePoint now) const {
  const auto found = entries_.find(Key(replica, key));
  return found != entries_.end() && now < found->second.until ? found->second.knowledge
                                                              : Knowledge::Unknown;
}

}  // namespace mirror
