#include "mirror/proxy/manifest_service.h"

#include <utility>

#include "overlay/base/log.h"

namespace mirror {
namespace {

// What requests share: one question is under way for a source and a name. Bytes whose digest is
// asked for are the same from whichever source they came, and the store gives them to every source
// of ours.
std::string key_of(const Target& target) {
  return target.source + "/" + target.repository +
         (target.digest ? "@" + target.digest->text() : ":" + target.tag);
}

}  // namespace

ManifestService::ManifestService(ReplicaSet& replicas, ManifestStore& store, base::Metrics& metrics)
    : replicas_(replicas), store_(store), metrics_(metrics) {}

void ManifestService::count(const char* from) {
  metrics_
      .counter("linkspan_mirror_manifest_requests_total",
               "Requests for manifests by where they came from", {{"from", from}})
      .add();
}

void ManifestService::get(const Target& target, OnDone on_done) {
  if (target.digest) {
    if (!target.digest->is_sha256()) {
      on_done(base::Error(base::Errc::NotFound, target.digest->text() + ": cannot be verified"));
      return;
    }
    find_or_ask(*target.digest, target, std::move(on_done));
    return;
  }
  const auto tag = tags_.find(key_of(target));
  if (tag != tags_.end() && now() - tag->second.heard_at <= kTagFresh) {
    find_or_ask(tag->second.digest, target, std::move(on_done));
    return;
  }
  ask(target, std::move(on_done));
}

void ManifestService::find_or_ask(const Digest& digest, const Target& target, OnDone on_done) {
  store_.find(digest, [this, target, on_done](std::optional<StoredManifest> found) {
    if (found) {
      count("cache");
      on_done(*std::move(found));
    } else {
      ask(target, on_done);
    }
  });
}

void ManifestService::ask(const Target& target, OnDone on_done) {
  const std::string key = key_of(target);
  if (questions_.size() >= kQuestionsMax && !questions_.contains(key)) {
    on_done(base::Error(base::Errc::Unavailable, key + ": too many manifests are being asked for"));
    return;
  }
  Question& question = questions_[key];
  question.waiting.push_back(std::move(on_done));
  if (!question.source) {
    count("replica");
    question.source = std::make_unique<ManifestSource>(
        replicas_, target, [this, key, target](base::Result<StoredManifest> answer) {
          handle_answer(key, target, std::move(answer));
        });
  }
}

void ManifestService::handle_answer(const std::string& key, const Target& target,
                                    base::Result<StoredManifest> answer) {
  if (answer.ok()) {
    store_.put(answer.value());
    if (!target.digest) {
      remember_tag(key, answer.value().digest);
    }
    finish(key, answer);
    return;
  }
  const auto tag = tags_.find(key);
  if (tag == tags_.end()) {
    finish(key, answer);
    return;
  }
  const bool is_bounded = now() - tag->second.heard_at <= kTagFresh + kTagStaleMax;
  if (answer.error().code() != base::Errc::Unavailable || !is_bounded) {
    tags_.erase(tag);
    std::erase(tag_order_, key);
    finish(key, answer);
    return;
  }
  base::log_info("manifest: " + answer.error().text() + ", answered with what was heard before");
  count("stale");
  store_.find(tag->second.digest, [this, key, answer](std::optional<StoredManifest> found) {
    finish(key, found ? base::Result<StoredManifest>(*std::move(found)) : answer);
  });
}

void ManifestService::finish(const std::string& key, const base::Result<StoredManifest>& answer) {
  const auto found = questions_.find(key);
  const Question question = std::move(found->second);  // its source may be the one that calls
  questions_.erase(found);
  for (const OnDone& on_done : question.waiting) {
    on_done(answer);
  }
}

void ManifestService::remember_tag(const std::string& key, const Digest& digest) {
  if (tags_.insert_or_assign(key, Tag{digest, now()}).second) {
    tag_order_.push_back(key);
  }
  if (tag_order_.size() > kTagsMax) {
    tags_.erase(tag_order_.front());
    tag_order_.pop_front();
  }
}

}  // namespace mirror
