#include "mirror/proxy/pull_service.h"

#include <utility>

#include "mirror/oci/manifest.h"
#include "overlay/base/ip.h"

namespace mirror {
namespace {

Answer manifest_answer(const StoredManifest& manifest) {
  Answer answer;
  answer.headers = {{"Content-Type", manifest.media_type},
                    {"Docker-Content-Digest", manifest.digest.text()},
                    {"Docker-Distribution-Api-Version", "registry/2.0"}};
  answer.text = manifest.bytes;
  return answer;
}

Answer target_error(const base::Error& error) {
  if (error.code() == base::Errc::NotFound) {
    return error_answer(404, "UNSUPPORTED", error.text());
  }
  return error_answer(400, "NAME_INVALID", error.text());
}

}  // namespace

bool is_own_host(std::string_view host) {
  if (host.starts_with('[')) {
    return base::Address::parse(host.substr(1, host.find(']') - 1)).ok();
  }
  const std::string_view name = host.substr(0, host.find(':'));
  return name == "localhost" || base::Address::parse(name).ok();
}

PullService::PullService(ReplicaSet& replicas, BlobService& blobs, ManifestService& manifests,
                         BlobCache& cache, base::Metrics& metrics)
    : replicas_(replicas), blobs_(blobs), manifests_(manifests), cache_(cache), metrics_(metrics) {}

void PullService::handle(const RequestHead& head, const Responder& responder) {
  if (head.method != "GET" && head.method != "HEAD") {
    Answer answer = error_answer(405, "UNSUPPORTED", head.method + ", expected GET or HEAD");
    answer.headers.emplace_back("Allow", "GET, HEAD");
    responder.respond(std::move(answer));
    return;
  }
  const std::string* const host = head.find("host");
  if (head.has_body || (host != nullptr && !is_own_host(*host))) {
    responder.respond(error_answer(
        head.has_body ? 400 : 403, "DENIED",
        head.has_body ? "a body, expected none" : "host is not an address of this machine"));
    return;
  }
  const auto target = parse_target(head.target);
  if (!target.ok()) {
    responder.respond(target.error().code() == base::Errc::NotFound ? answer_plain(head)
                                                                    : target_error(target.error()));
    return;
  }
  if (target.value().kind == Target::Kind::Root) {
    Answer answer = text_answer(200, "application/json", "{}");
    answer.headers.emplace_back("Docker-Distribution-Api-Version", "registry/2.0");
    responder.respond(std::move(answer));
    return;
  }
  if (target.value().kind == Target::Kind::Other || !replicas_.serves(target.value().source)) {
    responder.respond(error_answer(404, "NAME_UNKNOWN", "not served here"));
    return;
  }
  if (target.value().kind == Target::Kind::Manifest) {
    handle_manifest(target.value(), responder);
  } else {
    handle_blob(head, target.value(), responder);
  }
}

Answer PullService::answer_plain(const RequestHead& head) {
  const std::string path = head.target.substr(0, head.target.find('?'));
  if (path == "/metrics") {
    metrics_.gauge("linkspan_mirror_cache_bytes", "Bytes of blobs in the cache")
        .set(static_cast<double>(cache_.size_bytes()));
    metrics_.gauge("linkspan_mirror_cache_blobs", "Blobs in the cache")
        .set(static_cast<double>(cache_.blobs()));
    metrics_.gauge("linkspan_mirror_fills", "Blobs being fetched")
        .set(static_cast<double>(blobs_.fills()));
    return text_answer(200, "text/plain; version=0.0.4", metrics_.text());
  }
  if (path == "/explain") {
    return text_answer(200, "application/json", replicas_.explain());
  }
  if (path == "/healthz") {
    return text_answer(200, "text/plain", "ok\n");
  }
  return error_answer(404, "UNSUPPORTED", "expected /v2/, /metrics, /explain or /healthz");
}

void PullService::handle_manifest(const Target& target, const Responder& responder) {
  manifests_.get(target, [this, responder](const base::Result<StoredManifest>& manifest) {
    if (!manifest.ok()) {
      responder.respond(error_answer(404, "MANIFEST_UNKNOWN", manifest.error().text()));
      return;
    }
    if (const auto parsed = parse_manifest(manifest.value().bytes); parsed.ok()) {
      blobs_.hints().learn(parsed.value());
    }
    responder.respond(manifest_answer(manifest.value()));
  });
}

void PullService::handle_blob(const RequestHead& head, Target target, const Responder& responder) {
  BlobService::Request request;
  request.target = std::move(target);
  request.is_head = head.method == "HEAD";
  // If-Range names a version of the blob; a digest has one, so what is named is never ours to
  // judge.
  if (const std::string* const range = head.find("range");
      range != nullptr && head.find("if-range") == nullptr) {
    request.range = *range;
  }
  blobs_.handle(std::move(request),
                [responder](Answer answer) { responder.respond(std::move(answer)); });
}

}  // namespace mirror
