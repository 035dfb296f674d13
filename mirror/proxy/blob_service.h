#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "mirror/oci/manifest.h"
#include "mirror/oci/target.h"
#include "mirror/proxy/answer.h"
#include "mirror/proxy/blob_cache.h"
#include "mirror/proxy/direct_body.h"
#include "mirror/proxy/fill.h"
#include "mirror/registry/replica_set.h"
#include "overlay/base/metrics.h"
#include "overlay/loop/work_queue.h"

namespace mirror {

// Sizes that manifests told of their blobs: a replica that claims another is refused, and room is
// made before the first byte. Bounded; the oldest is forgotten.
class SizeHints {
 public:
  static constexpr std::size_t kHintsMax = 65536;

  void learn(const Manifest& manifest);
  std::optional<std::uint64_t> find(const Digest& digest) const;

 private:
  std::map<Digest, std::uint64_t> sizes_;
  std::deque<Digest> order_;
};

// Answers requests for blobs: from the cache, from a fill that others have begun, from a new one,
// or past the cache when the disk is full.
class BlobService {
 public:
  static constexpr std::size_t kFillsMax = 256;
  // Each keeps some MiB in memory, from the request until its answer is sent or dropped.
  static constexpr std::size_t kDirectsMax = 64;

  struct Request {
    Target target;
    bool is_head = false;
    std::string range;  // the Range header, or empty
  };
  using Respond = std::function<void(Answer)>;

  // Keeps the references, which must outlive it.
  BlobService(ReplicaSet& replicas, BlobCache& cache, base::Metrics& metrics);
  BlobService(const BlobService&) = delete;
  BlobService& operator=(const BlobService&) = delete;

  // Requires a blob target. `respond` runs once, now or later: as soon as a replica has answered
  // for the blob, not when it is here. 404 when no replica has it.
  void handle(Request request, Respond respond);

  SizeHints& hints() { return hints_; }
  std::size_t fills() const { return fills_.size(); }

 private:
  void answer_from_fill(Fill& fill, Request request, Respond respond);
  Fill* start_fill(const Target& target, std::optional<CachedBlob> on_disk);
  void handle_fill_end(const Digest& digest, const Fill::End& end);
  void answer_directly(Request request, Respond respond);
  void count(const char* from);

  ReplicaSet& replicas_;
  BlobCache& cache_;
  base::Metrics& metrics_;
  SizeHints hints_;
  loop::WorkQueue work_;
  std::map<Digest, std::unique_ptr<Fill>> fills_;
  std::map<std::uint64_t, std::unique_ptr<DirectBody>> directs_;  // without a head so far
  std::uint64_t last_direct_ = 0;
  // Bodies given out and not destroyed yet, who share it: they may outlive this.
  std::shared_ptr<std::size_t> directs_flowing_ = std::make_shared<std::size_t>(0);
};

}  // namespace mirror
