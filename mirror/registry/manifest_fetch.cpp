#include "mirror/registry/manifest_fetch.h"

#include <utility>

#include "mirror/oci/error_body.h"
#include "mirror/oci/manifest.h"
#include "mirror/registry/answer_check.h"
#include "overlay/base/bytes.h"
#include "overlay/base/check.h"
#include "overlay/base/log.h"
#include "overlay/crypto/digest.h"

namespace mirror {
namespace {

constexpr base::Duration kManifestTimeout = std::chrono::seconds(10);

loop::HttpRequest manifest_request(const Replica& replica, const Target& target,
                                   base::Duration connect_timeout) {
  CHECK(target.kind == Target::Kind::Manifest);
  loop::HttpRequest request;
  request.url = replica.url + format_target(target, replica.prefix);
  request.headers = {{"Accept", std::string(kManifestAccept)}, {"Accept-Encoding", "identity"}};
  request.connect_timeout = connect_timeout;
  request.total_timeout = kManifestTimeout;
  request.idle_timeout = kManifestTimeout;
  request.body_bytes_max = kManifestBytesMax;
  request.http1_only = true;
  request.redirects_max = loop::HttpRequest::kRedirectsMax;
  return request;
}

// The digest a registry names, or an empty one if it names none or one of another kind.
Digest named_digest(const loop::HttpHead& head) {
  const std::string* const text = head.find("docker-content-digest");
  auto digest = Digest::parse(text == nullptr ? std::string_view() : *text);
  return digest.ok() && digest.value().is_sha256() ? std::move(digest).value() : Digest();
}

ManifestAnswer check_manifest(const loop::HttpResponse& response, const Target& target) {
  const Digest digest = Digest::sha256(crypto::sha256(base::as_bytes(response.body)));
  if (target.digest && *target.digest != digest) {
    return Outcome(WrongBytes{});
  }
  if (const Digest named = named_digest(response); !named.text().empty() && named != digest) {
    return Outcome(Unfit{"a manifest with another digest than the one named"});
  }
  if (!target.digest) {
    if (const auto parsed = parse_manifest(response.body); !parsed.ok()) {
      return Outcome(Unfit{parsed.error().text()});
    }
  }
  const std::string* const type = response.find("content-type");
  return StoredManifest{digest, type == nullptr ? "application/octet-stream" : *type,
                        response.body};
}

// A bound of ours was hit: the manifest is too large. That is not the replica's fault.
Outcome outcome_of_error(const base::Error& error) {
  if (error.code() == base::Errc::LimitExceeded) {
    return Unfit{error.text()};
  }
  return Failed{error.text()};
}

}  // namespace

loop::RequestHandle fetch_manifest(loop::Loop& loop, loop::HttpClient& client,
                                   const Replica& replica, const Target& target,
                                   base::Duration connect_timeout, OnManifest on_manifest) {
  return client.send(manifest_request(replica, target, connect_timeout),
                     [&loop, target, on_manifest = std::move(on_manifest)](
                         const base::Result<loop::HttpResponse>& response) {
                       if (!response.ok()) {
                         on_manifest(outcome_of_error(response.error()));
                         return;
                       }
                       if (auto outcome = outcome_of(response.value(), loop.wall_now())) {
                         base::log_debug(response.value().url + ": status " +
                                         std::to_string(response.value().status) + ", " +
                                         describe_error_body(response.value().body));
                         on_manifest(*std::move(outcome));
                         return;
                       }
                       on_manifest(check_manifest(response.value(), target));
                     });
}

}  // namespace mirror
