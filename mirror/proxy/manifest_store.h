#pragma once

#include <cstddef>
#include <cstdint>
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

// Manifests by digest, in memory and below it on disk. A manifest never changes, so it is kept
// until there is no room; then the least recently used goes first.
//
//   <directory>/manifests/<hex>   the media type, a line feed, the exact bytes
class ManifestStore {
  struct Private {};  // open() is the way in

 public:
  struct Options {
    std::string directory;
    std::uint64_t bytes_max = std::uint64_t{1} << 30;  // on disk
    // Left free on the disk: with less, new ones stay in memory only.
    std::uint64_t free_bytes_min = std::uint64_t{1} << 30;
  };
  static constexpr std::size_t kMemoryBytesMax = 32U << 20;
  static constexpr std::size_t kFilesMax = 50'000;
  // What a file takes of the disk is counted in whole blocks: most manifests are smaller than one.
  static constexpr std::uint64_t kBlockBytes = 4096;

  // Learns what is there, and removes what is too much or no manifest. Blocks: at start. Errors:
  // Unavailable, with the path.
  static base::Result<std::unique_ptr<ManifestStore>> open(loop::Loop& loop, Options options);
  ManifestStore(Private, loop::Loop& loop, Options options);
  ManifestStore(const ManifestStore&) = delete;
  ManifestStore& operator=(const ManifestStore&) = delete;

  using OnFound = std::function<void(std::optional<StoredManifest>)>;
  // `on_found` runs now if it is in memory or nowhere, else from the loop when the disk has been
  // asked. What is read from disk is checked against the digest; what does not match is removed.
  // Counts as a use.
  void find(const Digest& digest, OnFound on_found);
  // Findable at once; on disk in the background. A file under that digest is replaced.
  void put(const StoredManifest& manifest);

  // On disk, or on the way there.
  std::uint64_t size_bytes() const { return file_bytes_; }
  std::size_t files() const { return files_.size(); }

 private:
  using Order = std::list<StoredManifest>;  // least recently used first
  struct File {
    Digest digest;
    std::uint64_t size_bytes = 0;  // whole blocks
    std::uint64_t number = 0;      // tells a file from one that replaced it
  };
  using FileOrder = std::list<File>;  // least recently used first

  base::Status scan();
  void remember(const StoredManifest& manifest);
  std::uint64_t add_file(const Digest& digest, std::uint64_t size_bytes);
  // Does nothing if the file was replaced or removed meanwhile.
  void remove_file(const Digest& digest, std::uint64_t number);
  void remove_file(FileOrder::iterator file);
  // False when the disk has no room for that much.
  bool make_room(std::uint64_t size_bytes);
  void handle_written(const Digest& digest, std::uint64_t number, const base::Status& status);
  std::string path_of(const Digest& digest) const;

  Options options_;
  loop::WorkQueue work_;

  Order order_;
  std::map<Digest, Order::iterator> entries_;
  std::size_t memory_bytes_ = 0;

  FileOrder file_order_;
  std::map<Digest, FileOrder::iterator> files_;
  std::uint64_t file_bytes_ = 0;
  std::uint64_t unwritten_bytes_ = 0;  // of jobs under way
  std::uint64_t last_file_ = 0;
};

}  // namespace mirror
