#pragma once

#include <string>

#include "mirror/proxy/blob_service.h"
#include "mirror/proxy/manifest_service.h"
#include "mirror/proxy/request_parser.h"
#include "mirror/proxy/server.h"
#include "mirror/registry/replica_set.h"
#include "overlay/base/metrics.h"

namespace mirror {

// The proxy's answers: the pull half of the OCI distribution API for the sources of the site map,
// and beside it /metrics, /explain and /healthz for people and scrapers.
//
// What a runtime must never see from here: 401 (it would hand out its credentials), 429 (it repeats
// at once, six times), a redirect, an encoded body. What we do not have is a 404, at once, and the
// runtime goes on to the source itself.
class PullService {
 public:
  // Keeps the references, which must outlive it.
  PullService(ReplicaSet& replicas, BlobService& blobs, ManifestService& manifests,
              BlobCache& cache, base::Metrics& metrics);
  PullService(const PullService&) = delete;
  PullService& operator=(const PullService&) = delete;

  void handle(const RequestHead& head, const Responder& responder);

 private:
  Answer answer_plain(const RequestHead& head);
  void handle_manifest(const Target& target, const Responder& responder);
  void handle_blob(const RequestHead& head, Target target, const Responder& responder);

  ReplicaSet& replicas_;
  BlobService& blobs_;
  ManifestService& manifests_;
  BlobCache& cache_;
  base::Metrics& metrics_;
};

// The host in a Host header is this machine: an address or localhost. A name would mean that a web
// page has been made to resolve to us (DNS rebinding).
bool is_own_host(std::string_view host);

}  // namespace mirror
