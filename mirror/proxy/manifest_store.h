#pragma once

#include <cstddef>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "mirror/registry/manifest_fetch.h"
#include "overlay/base/result.h"
#include "overlay/loop/loop.h"
#include "overlay/loop/work_queue.h"

namespace mirror {

// Manifests by digest, in memory and below it on disk: a manifest never changes, so it is kept
// until there is no room.
//
//   <directory>/manifests/<hex>   the media type, a line feed, the exact bytes
class ManifestStore {
  struct Private {};  // open() is the way in

 public:
  static constexpr std::size_t kMemoryBytesMax = 32U << 20;
  static constexpr std::size_t kFilesMax = 50'000;  // beyond, new ones stay in memory only

  // Blocks: at start. Errors: Unavailable, with the path.
  static base::Result<std::unique_ptr<ManifestStore>> open(loop::Loop& loop, std::string directory);
  ManifestStore(Private, loop::Loop& loop, std::string directory);
  ManifestStore(const ManifestStore&) = delete;
  ManifestStore& operator=(const ManifestStore&) = delete;

  using OnFound = std::function<void(std::optional<StoredManifest>)>;
  // `on_found` runs now if it is in memory, else from the loop when the disk has been asked. What
  // is read from disk is checked against the digest; what does not match is removed.
  void find(const Digest& digest, OnFound on_found);
  void put(const StoredManifest& manifest);

 private:
  using Order = std::list<StoredManifest>;  // least recently used first

  void remember(const StoredManifest& manifest);
  std::string path_of(const Digest& digest) const;

  std::string directory_;
  loop::WorkQueue work_;
  std::size_t files_ = 0;
  Order order_;
  std::map<Digest, Order::iterator> entries_;
  std::size_t memory_bytes_ = 0;
};

}  // namespace mirror
