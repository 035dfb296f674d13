#include "mirror/registry/blob_fetch.h"

#include <algorithm>
#include <utility>

#include "mirror/registry/answer_check.h"
#include "overlay/base/check.h"

namespace mirror {

BlobFetch::BlobFetch(loop::Loop& loop, loop::HttpClient& client, const Replica& replica,
                     const Target& target, Options options, Callbacks callbacks)
    : loop_(loop), options_(options), callbacks_(std::move(callbacks)), started_at_(loop.now()) {
  CHECK(target.kind == Target::Kind::Blob);
  loop::HttpRequest request;
  request.url = replica.url + format_target(target, replica.prefix);
  // Some servers encode unless told not to; an encoded blob is not the blob.
  request.headers = {{"Accept-Encoding", "identity"}};
  if (options_.first > 0) {
    request.headers.push_back({"Range", "bytes=" + std::to_string(options_.first) + "-"});
  }
  request.connect_timeout = options_.connect_timeout;
  request.total_timeout = std::nullopt;
  request.idle_timeout = options_.idle_timeout;
  request.buffer_bytes = 512U << 10;
  request.http1_only = true;  // one TCP connection for a whole site's blobs would be one cwnd
  request.redirects_max = loop::HttpRequest::kRedirectsMax;  // to the registry's object storage
  loop::HttpStreamCallbacks stream;
  stream.on_head = [this](const loop::HttpHead& head) { handle_head(head); };
  stream.on_data = [this](std::span<const std::uint8_t> bytes) { handle_data(bytes); };
  stream.on_end = [this](const base::Status& status) { handle_end(status); };
  request_ = client.stream(std::move(request), std::move(stream));
}

// Ends the request too; the callback may destroy this.
void BlobFetch::end(Outcome outcome) {
  request_.cancel();
  const auto on_end = std::move(callbacks_.on_end);
  on_end(std::move(outcome));
}

void BlobFetch::handle_head(const loop::HttpHead& head) {
  if (auto outcome = outcome_of(head, loop_.wall_now())) {
    end(*std::move(outcome));
    return;
  }
  const auto part = blob_part_of(head, options_.first, options_.size_bytes);
  if (!part.ok()) {
    // A sound answer about a blob that is not the one wanted: perhaps the manifest is wrong.
    const bool is_sound = part.error().code() != base::Errc::Malformed;
    end(is_sound ? Outcome(Unfit{part.error().text()}) : Outcome(Failed{part.error().text()}));
    return;
  }
  if (options_.first > part.value().size_bytes) {
    end(Unfit{"a blob of " + std::to_string(part.value().size_bytes) +
              " bytes, expected more than " + std::to_string(options_.first)});
    return;
  }
  skip_ = options_.first - part.value().first;
  left_ = part.value().size_bytes - options_.first;
  const auto on_head = callbacks_.on_head;  // the callback may destroy this
  on_head(part.value().size_bytes);
}

void BlobFetch::handle_data(std::span<const std::uint8_t> bytes) {
  const auto skipped = static_cast<std::size_t>(std::min<std::uint64_t>(skip_, bytes.size()));
  skip_ -= skipped;
  bytes = bytes.subspan(skipped);
  if (bytes.empty()) {
    return;
  }
  if (bytes.size() > left_) {
    end(Failed{"more bytes than announced"});
    return;
  }
  left_ -= bytes.size();
  received_ += bytes.size();
  const auto on_data = callbacks_.on_data;
  on_data(bytes);
}

void BlobFetch::handle_end(const base::Status& status) {
  if (!status.ok()) {
    end(Failed{status.error().text()});
    return;
  }
  if (left_ > 0) {
    end(Failed{"short body: " + std::to_string(left_) + " bytes are missing"});
    return;
  }
  end(Served{received_, loop_.now() - started_at_});
}

}  // namespace mirror
