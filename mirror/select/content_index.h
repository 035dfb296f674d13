#pragma once

#include <deque>
#include <map>
#include <string>
#include <utility>

#include "mirror/select/site_map.h"
#include "overlay/base/time.h"

namespace mirror {

// What is known of who has what: learned from answers, forgotten by time, bounded by
// kContentEntriesMax (the oldest goes first). Answers 401 and 403 are never entered: many
// registries give them for what does not exist, and for what they will have in a moment.
class ContentIndex {
 public:
  enum class Knowledge { Unknown, Present, Missing, Banned };

  // `key` names the content: a digest, or "source/repository:tag".
  void set_present(ReplicaId replica, const std::string& key, base::TimePoint now);
  void set_missing(ReplicaId replica, const std::string& key, base::Duration span,
                   base::TimePoint now);
  // It sent wrong bytes under that digest.
  void set_banned(ReplicaId replica, const std::string& key, base::TimePoint now);

  Knowledge find(ReplicaId replica, const std::string& key, base::TimePoint now) const;
  std::size_t size() const { return entries_.size(); }

 private:
  using Key = std::pair<ReplicaId, std::string>;
  struct Entry {
    Knowledge knowledge = Knowledge::Unknown;
    base::TimePoint until;
  };
  void set(ReplicaId replica, const std::string& key, Entry entry);

  std::map<Key, Entry> entries_;
  std::deque<Key> order_;  // of first entry; as many as entries_
};

}  // namespace mirror
