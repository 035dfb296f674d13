#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <vector>

#include "mirror/oci/range.h"
#include "mirror/oci/target.h"
#include "mirror/proxy/blob_cache.h"
#include "mirror/proxy/blob_check.h"
#include "mirror/proxy/blob_writer.h"
#include "mirror/proxy/body.h"
#include "mirror/proxy/chunk.h"
#include "mirror/registry/blob_source.h"
#include "mirror/registry/replica_set.h"
#include "overlay/base/result.h"
#include "overlay/base/time.h"
#include "overlay/loop/timer.h"
#include "overlay/loop/work_queue.h"

namespace mirror {

// What a fill and the answers that read along share.
struct FillProgress {
  std::shared_ptr<const File> file;
  std::uint64_t size_bytes = 0;
  std::uint64_t readable_bytes = 0;  // from the start; verified or safely short of the end
  std::uint64_t sent_max_bytes = 0;  // the furthest that any answer has sent
  bool is_broken = false;
  // What came last, still in memory: whole chunks from `recent_first` on, and one that grows. All
  // before it is in the file. Shared with the writer.
  std::deque<std::shared_ptr<Chunk>> recent;
  std::uint64_t recent_first = 0;
  std::set<class FillBody*> readers;  // each removes itself
  std::function<void()> on_sent;      // the fill's, while there is one: a reader has moved or gone
};

// Part of a blob that is being filled: sends what is there and waits for the rest.
class FillBody : public Body {
 public:
  FillBody(std::shared_ptr<FillProgress> progress, ByteRange range);
  ~FillBody() override;

  std::uint64_t size_bytes() const override { return size_bytes_; }
  State state() const override { return progress_->is_broken ? State::Broken : State::Flowing; }
  Piece peek() override;
  void advance(std::size_t size) override;
  void notify() const { changed(); }
  std::uint64_t at() const { return at_; }  // of the blob: to be sent next

 private:
  // Owned together with the Fill and its other readers: a reader may outlive the Fill.
  std::shared_ptr<FillProgress> progress_;
  std::uint64_t size_bytes_;
  std::uint64_t at_;
};

// Brings one blob from the replicas into the cache, once, however many ask for it, and whether or
// not they stay. Its bytes go to disk and through SHA-256 on pool threads as they come, and to the
// clients from memory: the disk holds up neither them nor the replica, unless kUndoneMax wait for
// it. The replica also waits a moment for the foremost client, so that this one need not be sent
// from the file what was in memory a while ago.
//
// The last kHeldBackBytes are readable only when the digest has matched: an end that no check has
// passed would be committed by the runtime and poison its store until somebody cleans it by hand.
// Blobs up to that size are thus never sent unverified at all. On a mismatch the replicas that
// contributed are banned for this blob; if nothing has been sent yet, it starts again with others.
//
// A blob that the cache found on disk at start is read through SHA-256 first and takes the
// replicas' place if it is right. If not it is removed, and the replicas are asked as if it had
// never been there: whoever waits sees nothing of it, because up to kCheckedFirstMax nothing is
// sent before.
//
//   checking what is on disk --right-----------------------------> end
//         | wrong, or nothing there                                 ^
//         v                                                         |
//   filling from replicas --all bytes--> digest matches --committed-+
class Fill {
 public:
  static constexpr std::uint64_t kHeldBackBytes = 4U << 20;
  static constexpr std::uint64_t kUndoneMax = 8U << 20;  // not written: the replica has to wait
  static constexpr std::uint64_t kUndoneLow = 4U << 20;
  static constexpr std::uint64_t kRecentBytes = 8U << 20;  // kept in memory for the clients
  static_assert(kRecentBytes >= kHeldBackBytes);
  // A client that takes longer to catch up is slow; the replica does not wait for it any more.
  static constexpr base::Duration kClientWaitMax = std::chrono::seconds(1);
  static constexpr int kAttemptsMax = 3;  // after wrong bytes
  // What is on disk and larger is sent while it is read, but for its end. At 200 MB/s this much
  // takes 20 s; a connection on which nothing is sent ends after 120 s.
  static constexpr std::uint64_t kCheckedFirstMax = std::uint64_t{4} << 30;
  // Then an answer's head goes out, containerd waits 30 s for it. Before that a 404 is possible.
  static constexpr base::Duration kCheckedHeadMax = std::chrono::seconds(5);

  // Errors: NotFound when no replica has it; LimitExceeded when the cache has no room.
  using OnHead = std::function<void(const base::Result<std::uint64_t>& size_bytes)>;
  struct Wanted {
    Target target;
    std::optional<std::uint64_t> size_bytes;  // where a manifest told it
    std::optional<CachedBlob> on_disk;        // not verified yet
  };
  struct End {
    base::Status status;
    std::uint64_t fetched_bytes = 0;  // and verified
    bool was_wrong_on_disk = false;
  };
  // Once, when all is done: committed or given up. May destroy the fill.
  using OnEnd = std::function<void(const End&)>;

  Fill(ReplicaSet& replicas, BlobCache& cache, loop::WorkQueue& work, Wanted wanted, OnEnd on_end);
  ~Fill();
  Fill(const Fill&) = delete;
  Fill& operator=(const Fill&) = delete;

  // `on_head` runs when the size is known and reading can begin, or with the reason why never.
  void await_head(OnHead on_head);
  // Requires a head. `range` lies within the blob.
  std::unique_ptr<Body> read(ByteRange range);

 private:
  void start_check(const CachedBlob& on_disk);
  void handle_checked(const CachedBlob& on_disk, BlobCheck::Verdict verdict);
  void open_to_readers(std::shared_ptr<const File> file, std::uint64_t size_bytes);
  void start_source();
  void handle_size(std::uint64_t size_bytes);
  void handle_data(std::span<const std::uint8_t> bytes);
  void handle_source_end(const base::Status& status);
  base::Status keep(std::span<const std::uint8_t> bytes);
  void handle_progress();
  void drop_recent();
  std::uint64_t client_lag_bytes() const;
  void pace();
  void handle_whole();
  void handle_mismatch();
  void tell_heads(const base::Result<std::uint64_t>& result);
  void tell_readers();
  void fail(const base::Error& error);
  bool warn_if_sent() const;
  void end(base::Status status);

  ReplicaSet& replicas_;
  BlobCache& cache_;
  loop::WorkQueue& work_;
  Target target_;
  std::optional<std::uint64_t> expected_bytes_;
  OnEnd on_end_;
  std::vector<OnHead> waiting_;
  std::unique_ptr<BlobCheck> check_;
  std::unique_ptr<BlobSource> source_;
  std::optional<PartialBlob> partial_;
  std::shared_ptr<FillProgress> progress_;  // owned with the readers
  std::unique_ptr<BlobWriter> writer_;
  // Of memory that is free again: fresh pages for every megabyte cost as much as hashing.
  std::vector<std::shared_ptr<Chunk>> spare_;
  loop::Timer client_timer_;
  std::uint64_t received_bytes_ = 0;
  bool is_client_awaited_ = true;
  bool is_source_done_ = false;
  bool is_source_paused_ = false;
  bool was_wrong_on_disk_ = false;
  int attempts_ = 0;
  // Tells a job's completion that the fill it belonged to is gone or began anew.
  std::shared_ptr<int> life_ = std::make_shared<int>(0);
};

}  // namespace mirror
