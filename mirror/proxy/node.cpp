#include "mirror/proxy/node.h"

#include <algorithm>
#include <cstdint>
#include <utility>

namespace mirror {
namespace {

// Of the cache's quota: plenty, a manifest is a millionth of its image.
constexpr std::uint64_t kManifestPart = 16;
constexpr std::uint64_t kManifestBytesOnDiskMax = std::uint64_t{1} << 30;

}  // namespace

base::Result<std::unique_ptr<Node>> Node::open(loop::Loop& loop, base::RandomSource& random,
                                               Options options) {
  ManifestStore::Options manifests;
  manifests.directory = options.cache.directory;
  manifests.bytes_max = std::min(options.cache.bytes_max / kManifestPart, kManifestBytesOnDiskMax);
  manifests.free_bytes_min = options.cache.free_bytes_min;
  options.cache.bytes_max -= manifests.bytes_max;
  auto cache = BlobCache::open(loop, options.cache);
  if (!cache.ok()) {
    return cache.error();
  }
  auto store = ManifestStore::open(loop, manifests);
  if (!store.ok()) {
    return store.error();
  }
  auto node = std::make_unique<Node>(Private(), loop, random, std::move(cache).value(),
                                     std::move(store).value());
  Server::Options server_options;
  server_options.listen = options.listen;
  auto server =
      Server::open(loop, server_options,
                   [raw = node.get()](const RequestHead& head, const Responder& responder) {
                     raw->pulls_.handle(head, responder);
                   });
  if (!server.ok()) {
    return server.error();
  }
  node->server_ = std::move(server).value();
  if (!options.site_map.empty()) {
    node->watcher_ = std::make_unique<SiteMapWatcher>(
        loop, options.site_map,
        [raw = node.get()](SiteMap map) { raw->replicas_.set_site_map(std::move(map)); });
  }
  return node;
}

Node::Node(Private, loop::Loop& loop, base::RandomSource& random, std::unique_ptr<BlobCache> cache,
           std::unique_ptr<ManifestStore> store)
    : replicas_(loop, random, metrics_),
      cache_(std::move(cache)),
      store_(std::move(store)),
      blobs_(replicas_, *cache_, metrics_),
      manifests_(replicas_, *store_, metrics_),
      pulls_(replicas_, blobs_, manifests_, *cache_, metrics_) {}

}  // namespace mirror
