// The node's blobs on disk, by digest.
//
//   <directory>/blobs/sha256/<two digits>/<hex>   whole, verified, synced: named only by rename
//   <directory>/partial/<run>/<hex>.<number>      being filled or removed; emptied at start
//
// What was verified once need not be right for ever: disks lose bits. So a blob that is found at
// start is unverified until whoever uses it first has read it again: confirm() or reject().
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "mirror/oci/digest.h"
#include "mirror/proxy/file.h"
#include "overlay/base/result.h"
#include "overlay/base/time.h"
#include "overlay/loop/loop.h"
#include "overlay/loop/work_queue.h"

namespace mirror {

struct CachedBlob {
  std::shared_ptr<const File> file;  // shared by the answers that send it
  std::uint64_t size_bytes = 0;
  bool is_verified = false;
};

// A blob being written: it ends by commit() or abandon().
struct PartialBlob {
  std::string path;
  std::shared_ptr<const File> file;    // shared by the writer and the answers that read along
  std::shared_ptr<const File> direct;  // the same past the page cache; null where that cannot be
  std::uint64_t size_bytes = 0;
};

// Least recently used goes first, when the quota or the disk is full. Answers under way keep what
// they send: an unlinked file lives until it is closed.
class BlobCache {
  struct Private {};  // open() is the way in

 public:
  struct Options {
    std::string directory;
    std::uint64_t bytes_max = std::uint64_t{64} << 30;
    // Left free on the disk whatever the quota says: a full /var takes the kubelet down.
    std::uint64_t free_bytes_min = std::uint64_t{1} << 30;
  };
  static constexpr std::size_t kBlobsMax = 200'000;
  static constexpr std::uint64_t kSyncBytes = 64U << 20;  // of one job
  // Eviction goes on to this part of the quota, so that it does not run for every blob.
  static constexpr double kLowWatermark = 0.9;

  // Makes the directories, removes what was being filled and learns what is there. Blocks: at
  // start. Errors: Unavailable, with the path.
  static base::Result<std::unique_ptr<BlobCache>> open(loop::Loop& loop, Options options);
  BlobCache(Private, loop::Loop& loop, Options options);
  BlobCache(const BlobCache&) = delete;
  BlobCache& operator=(const BlobCache&) = delete;

  // The blob, opened; counts as a use. A file whose size is not the one it had is dropped.
  std::optional<CachedBlob> find(const Digest& digest);
  // An unverified blob that find() gave has the bytes of its digest, or has not: then its name is
  // gone when reject() returns. Nothing happens to a blob that was evicted meanwhile.
  void confirm(const Digest& digest);
  void reject(const Digest& digest);

  // Room for a new blob of that size, evicting older ones if need be. Errors: LimitExceeded when it
  // does not fit the quota or the disk; Unavailable when the file cannot be made.
  base::Result<PartialBlob> begin(const Digest& digest, std::uint64_t size_bytes);
  void abandon(const PartialBlob& partial);
  // Makes a verified partial durable and then findable, in the background and in pieces: what has
  // begun when the program ends must be over soon. `done` runs in a later turn, unless the cache is
  // destroyed before.
  void commit(const Digest& digest, const PartialBlob& partial,
              std::function<void(base::Status)> done);

  std::uint64_t size_bytes() const { return used_bytes_; }
  std::size_t blobs() const { return entries_.size(); }
  std::uint64_t evictions() const { return evictions_; }

 private:
  struct Entry {
    Digest digest;
    std::uint64_t size_bytes = 0;
    bool is_verified = false;
  };
  using Order = std::list<Entry>;  // least recently used first
  struct Commit;

  base::Status scan();
  void add(Entry entry);
  void evict(std::uint64_t wanted_bytes);
  void remove(Order::iterator entry);
  std::string path_of(const Digest& digest) const;
  std::string next_partial_path(const Digest& digest);
  void unlink_later(const std::string& path);
  void sync_piece(std::shared_ptr<Commit> commit);
  void finish_commit(const Commit& commit);

  Options options_;
  // For partials, of this object alone: one that ends must not take its successor's for its own.
  std::string partials_;
  loop::WorkQueue work_;
  Order order_;
  std::map<Digest, Order::iterator> entries_;
  std::uint64_t used_bytes_ = 0;
  std::uint64_t reserved_bytes_ = 0;  // by partials
  std::uint64_t last_partial_ = 0;
  std::uint64_t evictions_ = 0;
};

}  // namespace mirror
