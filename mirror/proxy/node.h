#pragma once

#include <functional>
#include <memory>
#include <string>

#include "mirror/proxy/blob_cache.h"
#include "mirror/proxy/blob_service.h"
#include "mirror/proxy/manifest_service.h"
#include "mirror/proxy/manifest_store.h"
#include "mirror/proxy/pull_service.h"
#include "mirror/proxy/server.h"
#include "mirror/proxy/site_map_watcher.h"
#include "mirror/registry/replica_set.h"
#include "overlay/base/metrics.h"
#include "overlay/base/random.h"
#include "overlay/base/result.h"
#include "overlay/loop/loop.h"

namespace mirror {

// The mirror in its role `node`, wired: site map -> replicas -> caches -> services -> server.
class Node {
  struct Private {};  // open() is the way in

 public:
  struct Options {
    base::Endpoint listen;
    std::string site_map;      // path; empty: only set_site_map()
    BlobCache::Options cache;  // its quota is for blobs and manifests together
  };

  // Blocks while the cache is looked through. Errors: Conflict when the address is in use;
  // Unavailable when the cache directory cannot be used.
  static base::Result<std::unique_ptr<Node>> open(loop::Loop& loop, base::RandomSource& random,
                                                  Options options);
  Node(Private, loop::Loop& loop, base::RandomSource& random, std::unique_ptr<BlobCache> cache,
       std::unique_ptr<ManifestStore> store);
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;

  base::Endpoint local() const { return server_->local(); }
  void set_site_map(SiteMap map) { replicas_.set_site_map(std::move(map)); }
  const base::Metrics& metrics() const { return metrics_; }
  std::string explain() const { return replicas_.explain(); }

  // As Server::drain.
  void drain(base::Duration at_most, std::function<void()> on_drained) {
    server_->drain(at_most, std::move(on_drained));
  }

 private:
  base::Metrics metrics_;
  ReplicaSet replicas_;
  std::unique_ptr<BlobCache> cache_;
  std::unique_ptr<ManifestStore> store_;
  BlobService blobs_;
  ManifestService manifests_;
  PullService pulls_;
  std::unique_ptr<Server> server_;
  std::unique_ptr<SiteMapWatcher> watcher_;
};

}  // namespace mirror
