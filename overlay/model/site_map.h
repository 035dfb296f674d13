// The site map file (PROTOCOL.md, 9): the agent writes it from its view. The mirror reads it with a
// decoder of its own (mirror/select/site_map.h), which checks what it is going to use.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "overlay/model/ids.h"

namespace model {

class View;

inline constexpr std::size_t kSiteMapBytesMax = 1U << 20;  // that a reader has to take
inline constexpr std::size_t kSiteMapReplicasMax = 1024;

struct SiteMap {
  struct Replica {
    ReplicaId id{};
    std::string site{};  // name; "" when its site is not known
    std::string url{};
    std::vector<std::string> sources{};

    friend bool operator==(const Replica&, const Replica&) = default;
  };

  std::string network;  // names
  std::string site;
  std::string node;
  std::vector<Replica> replicas;  // ascending by id

  friend bool operator==(const SiteMap&, const SiteMap&) = default;
};

// What a view says, seen from one of its nodes. A node that the view does not hold gives empty
// names. At most kSiteMapReplicasMax replicas are taken.
SiteMap make_site_map(const View& view, NodeId self);

// Ends with a newline.
std::string encode(const SiteMap& map);

}  // namespace model
