#pragma once

#include <functional>
#include <memory>
#include <string>

#include "mirror/registry/blob_fetch.h"
#include "mirror/registry/manifest_fetch.h"
#include "mirror/registry/prober.h"
#include "mirror/select/selector.h"
#include "overlay/base/metrics.h"
#include "overlay/base/random.h"
#include "overlay/loop/http_client.h"
#include "overlay/loop/loop.h"

namespace mirror {

// All replicas this node may use: the selector with what feeds it (probes, the outcomes of
// requests) and the client that reaches them.
class ReplicaSet {
 public:
  // Long enough for a handshake across the world, short enough to try another in time.
  static constexpr base::Duration kConnectTimeout = std::chrono::seconds(1);
  static constexpr base::Duration kTrialConnectTimeout = std::chrono::milliseconds(300);

  // Keeps the references, which must outlive it.
  ReplicaSet(loop::Loop& loop, base::RandomSource& random, base::Metrics& metrics);
  ReplicaSet(const ReplicaSet&) = delete;
  ReplicaSet& operator=(const ReplicaSet&) = delete;

  void set_site_map(SiteMap map);
  const SiteMap& site_map() const { return selector_.site_map(); }
  bool serves(const std::string& source) const;

  Choice choose(const Want& want) { return selector_.choose(want, loop_.now()); }
  // How a request ended; a failure is looked into by a probe at once.
  void report(ReplicaId id, const Want& want, const Outcome& outcome);
  void report_bytes(ReplicaId id) { selector_.handle_bytes(id, loop_.now()); }

  // Requires a candidate of choose() that is still in the site map, which find() tells.
  const Replica* find(ReplicaId id) const { return selector_.find(id); }
  std::unique_ptr<BlobFetch> fetch_blob(const Candidate& candidate, const Target& target,
                                        BlobFetch::Options options, BlobFetch::Callbacks callbacks);
  [[nodiscard]] loop::RequestHandle fetch_manifest(const Candidate& candidate, const Target& target,
                                                   OnManifest on_manifest);

  std::string explain() const;
  loop::Loop& loop() { return loop_; }

 private:
  void log_switches();

  loop::Loop& loop_;
  base::Metrics& metrics_;
  loop::HttpClient client_;
  Selector selector_;
  Prober prober_;
  base::TimePoint logged_until_;
};

// The name of content in the selector's index: the digest, or source/repository:tag.
Want want_of(const Target& target, std::optional<std::uint64_t> size_bytes);

}  // namespace mirror
