#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "mirror/oci/target.h"
#include "mirror/proxy/manifest_store.h"
#include "mirror/registry/manifest_source.h"
#include "mirror/registry/replica_set.h"
#include "overlay/base/metrics.h"
#include "overlay/base/result.h"
#include "overlay/base/time.h"

namespace mirror {

// Answers requests for manifests. By digest: from the store while it has it. By tag: for kTagFresh
// what was last heard; then asked again; while no replica can be asked, what was last heard for
// kTagStaleMax more. A replica that says that the tag is gone is believed at once. One question per
// manifest, however many ask.
class ManifestService {
 public:
  static constexpr base::Duration kTagFresh = std::chrono::seconds(30);
  static constexpr base::Duration kTagStaleMax = std::chrono::minutes(10);
  static constexpr std::size_t kTagsMax = 10'000;
  static constexpr std::size_t kQuestionsMax = 256;

  // Errors: NotFound when no replica has it, Unavailable when none could be asked.
  using OnDone = std::function<void(const base::Result<StoredManifest>&)>;

  // Keeps the references, which must outlive it.
  ManifestService(ReplicaSet& replicas, ManifestStore& store, base::Metrics& metrics);
  ManifestService(const ManifestService&) = delete;
  ManifestService& operator=(const ManifestService&) = delete;

  // Requires a manifest target. `on_done` runs once, now or later.
  void get(const Target& target, OnDone on_done);

 private:
  struct Tag {
    Digest digest;
    base::TimePoint heard_at;
  };
  struct Question {
    std::vector<OnDone> waiting;
    std::unique_ptr<ManifestSource> source;
  };

  void find_or_ask(const Digest& digest, const Target& target, OnDone on_done);
  void ask(const Target& target, OnDone on_done);
  void handle_answer(const std::string& key, const Target& target,
                     base::Result<StoredManifest> answer);
  void finish(const std::string& key, const base::Result<StoredManifest>& answer);
  void remember_tag(const std::string& key, const Digest& digest);
  void count(const char* from);
  base::TimePoint now() { return replicas_.loop().now(); }

  ReplicaSet& replicas_;
  ManifestStore& store_;
  base::Metrics& metrics_;
  std::map<std::string, Tag> tags_;
  std::deque<std::string> tag_order_;  // of first entry
  std::map<std::string, Question> questions_;
};

}  // namespace mirror
