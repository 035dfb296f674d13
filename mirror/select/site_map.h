// What the agent tells the mirror: which replicas serve which sources, and where this node is.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "mirror/oci/reference.h"
#include "overlay/base/result.h"

namespace mirror {

struct ReplicaId {
  std::uint32_t value = 0;

  friend auto operator<=>(const ReplicaId&, const ReplicaId&) = default;
};

// A container registry that serves a site.
struct Replica {
  ReplicaId id;
  std::string site;
  std::string url;  // "http://10.192.0.9:5000": scheme, host, port, no trailing slash
  // What follows the URL's host, without slashes around it: the replica keeps the sources'
  // repositories below it. Usually empty.
  std::string prefix;
  std::vector<Source> sources;

  bool serves(std::string_view source) const;

  friend bool operator==(const Replica&, const Replica&) = default;
};

struct SiteMap {
  static constexpr std::size_t kBytesMax = 1 << 20;
  static constexpr std::size_t kDepthMax = 8;
  static constexpr std::size_t kReplicasMax = 1024;
  static constexpr std::size_t kSourcesMax = 64;  // of one replica

  std::string network;
  std::string site;  // of this node
  std::string node;
  std::vector<Replica> replicas;  // ids are distinct

  // Every source that some replica serves, by name, each once. Where replicas disagree about a
  // source's scheme, https stands.
  std::vector<Source> sources() const;

  friend bool operator==(const SiteMap&, const SiteMap&) = default;
};

// Reads
// {"format":1,"network":...,"site":...,"node":...,"replicas":[{"id","site","url","sources"}]}.
// Network, site and node may be names or numbers. Unknown fields are ignored: an older mirror must
// go on under a newer agent.
//
// Errors: Malformed with the field, as "site map: replicas[1].url: ..."; LimitExceeded above a
// limit.
base::Result<SiteMap> parse_site_map(std::string_view text);

}  // namespace mirror
