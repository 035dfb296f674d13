#include "mirror/proxy/blob_service.h"

#include <utility>

#include "mirror/oci/range.h"
#include "overlay/base/log.h"

namespace mirror {
namespace {

constexpr std::size_t kJobsMax = 1024;
static_assert(kJobsMax >= 2 * BlobService::kFillsMax);  // each has a job or two

// What to send of a blob: the answer without its body, and the range that the body has to cover.
struct Framing {
  Answer answer;
  std::optional<ByteRange> range;  // none: no body
};

Framing frame(const Digest& digest, std::uint64_t size_bytes, const BlobService::Request& request) {
  const RangeAnswer asked = answer_range(request.range, size_bytes);
  Framing out;
  out.answer.headers = {{"Content-Type", "application/octet-stream"},
                        {"Accept-Ranges", "bytes"},
                        {"Docker-Content-Digest", digest.text()}};
  switch (asked.kind) {
    case RangeAnswer::Kind::Unsatisfiable:
      out.answer = error_answer(416, "RANGE_INVALID", "the range is outside the blob");
      out.answer.headers.emplace_back("Content-Range", format_content_range({{}, size_bytes}));
      return out;
    case RangeAnswer::Kind::Partial:
      out.answer.status = 206;
      out.answer.headers.emplace_back("Content-Range",
                                      format_content_range({asked.range, size_bytes}));
      out.range = asked.range;
      break;
    case RangeAnswer::Kind::Whole:
      if (size_bytes > 0) {
        out.range = ByteRange{0, size_bytes - 1};
      }
      break;
  }
  out.answer.length_bytes = out.range ? out.range->size_bytes() : 0;
  if (request.is_head) {
    out.range.reset();
  }
  return out;
}

// A direct body on its way to a client, counted until it is destroyed, whoever owns it then.
class CountedBody : public Body {
 public:
  // `count` is shared with the service and its other bodies, any of which may be the last.
  CountedBody(std::unique_ptr<Body> body, std::shared_ptr<std::size_t> count)
      : body_(std::move(body)), count_(std::move(count)) {
    ++*count_;
    body_->on_change([this] { changed(); });
  }
  ~CountedBody() override { --*count_; }

  std::uint64_t size_bytes() const override { return body_->size_bytes(); }
  State state() const override { return body_->state(); }
  Piece peek() override { return body_->peek(); }
  void advance(std::size_t size) override { body_->advance(size); }

 private:
  std::unique_ptr<Body> body_;
  std::shared_ptr<std::size_t> count_;  // see the constructor
};

Answer unknown_blob(const Digest& digest) {
  return error_answer(404, "BLOB_UNKNOWN", digest.text() + ": no replica has it");
}

}  // namespace

void SizeHints::learn(const Manifest& manifest) {
  for (const Descriptor& blob : manifest.blobs) {
    if (!sizes_.insert_or_assign(blob.digest, blob.size_bytes).second) {
      continue;
    }
    order_.push_back(blob.digest);
    if (order_.size() > kHintsMax) {
      sizes_.erase(order_.front());
      order_.pop_front();
    }
  }
}

std::optional<std::uint64_t> SizeHints::find(const Digest& digest) const {
  const auto found = sizes_.find(digest);
  return found == sizes_.end() ? std::nullopt : std::optional<std::uint64_t>(found->second);
}

BlobService::BlobService(ReplicaSet& replicas, BlobCache& cache, base::Metrics& metrics)
    : replicas_(replicas), cache_(cache), metrics_(metrics), work_(replicas.loop(), kJobsMax) {}

void BlobService::count(const char* from) {
  metrics_
      .counter("linkspan_mirror_blob_requests_total", "Requests for blobs by where they came from",
               {{"from", from}})
      .add();
}

void BlobService::handle(Request request, Respond respond) {
  const Digest& digest = *request.target.digest;
  if (!digest.is_sha256()) {
    respond(unknown_blob(digest));  // what cannot be verified is not served
    return;
  }
  const auto cached = cache_.find(digest);
  if (cached && cached->is_verified) {
    count("cache");
    Framing framing = frame(digest, cached->size_bytes, request);
    if (framing.range) {
      framing.answer.body = std::make_unique<FileBody>(cached->file, framing.range->first,
                                                       framing.range->size_bytes());
    }
    respond(std::move(framing.answer));
    return;
  }
  if (const auto found = fills_.find(digest); found != fills_.end()) {
    count("shared_fill");
    answer_from_fill(*found->second, std::move(request), std::move(respond));
    return;
  }
  if (request.is_head && !cached) {
    answer_directly(std::move(request), std::move(respond));  // only the size is wanted
    return;
  }
  Fill* const fill = start_fill(request.target, cached);
  if (fill == nullptr) {
    respond(error_answer(404, "BLOB_UNKNOWN", "too many blobs are being fetched"));
    return;
  }
  count(cached ? "unverified_cache" : "fill");
  answer_from_fill(*fill, std::move(request), std::move(respond));
}

Fill* BlobService::start_fill(const Target& target, std::optional<CachedBlob> on_disk) {
  if (fills_.size() >= kFillsMax) {
    return nullptr;
  }
  const Digest digest = *target.digest;
  auto fill = std::make_unique<Fill>(
      replicas_, cache_, work_, Fill::Wanted{target, hints_.find(digest), std::move(on_disk)},
      [this, digest](const Fill::End& end) { handle_fill_end(digest, end); });
  return fills_.emplace(digest, std::move(fill)).first->second.get();
}

void BlobService::handle_fill_end(const Digest& digest, const Fill::End& end) {
  if (end.was_wrong_on_disk) {
    metrics_
        .counter("linkspan_mirror_cache_wrong_blobs_total",
                 "Blobs found on disk with other bytes than their digest says, and removed")
        .add();
  }
  if (end.status.ok()) {
    metrics_.counter("linkspan_mirror_fetched_bytes_total", "Bytes of blobs fetched and verified")
        .add(static_cast<double>(end.fetched_bytes));
  } else {
    base::log_info("blob: " + end.status.error().text());
  }
  fills_.erase(digest);
}

void BlobService::answer_from_fill(Fill& fill, Request request, Respond respond) {
  fill.await_head([this, &fill, request = std::move(request),
                   respond = std::move(respond)](const base::Result<std::uint64_t>& size_bytes) {
    if (size_bytes.ok()) {
      Framing framing = frame(*request.target.digest, size_bytes.value(), request);
      if (framing.range) {
        framing.answer.body = fill.read(*framing.range);
      }
      respond(std::move(framing.answer));
    } else if (size_bytes.error().code() == base::Errc::NotFound) {
      respond(unknown_blob(*request.target.digest));
    } else {
      answer_directly(request, respond);  // the cache is full or cannot be written to
    }
  });
}

void BlobService::answer_directly(Request request, Respond respond) {
  const Digest digest = *request.target.digest;
  if (directs_.size() + *directs_flowing_ >= kDirectsMax) {
    respond(error_answer(404, "BLOB_UNKNOWN", "the cache is full and many pulls pass it by"));
    return;
  }
  count(request.is_head ? "size_only" : "uncached");
  const std::uint64_t id = ++last_direct_;
  const Target target = request.target;
  directs_[id] = std::make_unique<DirectBody>(
      replicas_, target, hints_.find(digest),
      [this, id, request = std::move(request),
       respond = std::move(respond)](const base::Result<std::uint64_t>& size_bytes) {
        auto body = std::move(directs_.at(id));
        directs_.erase(id);
        if (!size_bytes.ok()) {
          respond(unknown_blob(*request.target.digest));
          return;
        }
        Framing framing = frame(*request.target.digest, size_bytes.value(), request);
        if (framing.range) {
          body->set_range(*framing.range);
          framing.answer.body = std::make_unique<CountedBody>(std::move(body), directs_flowing_);
        }
        respond(std::move(framing.answer));
      });
}

}  // namespace mirror
