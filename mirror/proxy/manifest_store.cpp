#include "mirror/proxy/manifest_store.h"

#include <utility>

#include "mirror/oci/manifest.h"
#include "overlay/base/bytes.h"
#include "overlay/base/log.h"
#include "overlay/crypto/digest.h"
#include "overlay/loop/files.h"

namespace mirror {
namespace {

constexpr std::size_t kJobsMax = 1024;
constexpr std::size_t kMediaTypeBytesMax = 1024;

// On a pool thread.
std::optional<StoredManifest> read_manifest(const std::string& path, const Digest& digest) {
  const auto text = loop::read_file(path, kManifestBytesMax + kMediaTypeBytesMax);
  if (!text.ok()) {
    return std::nullopt;
  }
  const std::size_t line = text.value().find('\n');
  if (line == std::string::npos) {
    return std::nullopt;
  }
  StoredManifest manifest{digest, text.value().substr(0, line), text.value().substr(line + 1)};
  const Digest actual = Digest::sha256(crypto::sha256(base::as_bytes(manifest.bytes)));
  return actual == digest ? std::optional<StoredManifest>(std::move(manifest)) : std::nullopt;
}

}  // namespace

base::Result<std::unique_ptr<ManifestStore>> ManifestStore::open(loop::Loop& loop,
                                                                 std::string directory) {
  auto store = std::make_unique<ManifestStore>(Private(), loop, std::move(directory));
  const std::string path = store->directory_ + "/manifests";
  if (auto status = loop::make_directories(path, 0750); !status.ok()) {
    return status.error();
  }
  const auto names = loop::list_directory(path, 10 * kFilesMax);
  if (!names.ok()) {
    return names.error();
  }
  store->files_ = names.value().size();
  return store;
}

ManifestStore::ManifestStore(Private, loop::Loop& loop, std::string directory)
    : directory_(std::move(directory)), work_(loop, kJobsMax) {}

std::string ManifestStore::path_of(const Digest& digest) const {
  return directory_ + "/manifests/" + std::string(digest.encoded());
}

void ManifestStore::remember(const StoredManifest& manifest) {
  if (entries_.contains(manifest.digest)) {
    return;
  }
  entries_[manifest.digest] = order_.insert(order_.end(), manifest);
  memory_bytes_ += manifest.bytes.size();
  while (memory_bytes_ > kMemoryBytesMax && order_.size() > 1) {
    memory_bytes_ -= order_.front().bytes.size();
    entries_.erase(order_.front().digest);
    order_.pop_front();
  }
}

void ManifestStore::find(const Digest& digest, OnFound on_found) {
  if (const auto found = entries_.find(digest); found != entries_.end()) {
    order_.splice(order_.end(), order_, found->second);
    on_found(*found->second);
    return;
  }
  // Written by the job, read behind it: never at the same time.
  const auto result = std::make_shared<std::optional<StoredManifest>>();
  const auto status = work_.submit(
      [result, path = path_of(digest), digest] { *result = read_manifest(path, digest); },
      [this, result, on_found] {
        if (*result) {
          remember(**result);
        }
        on_found(std::move(*result));
      });
  if (!status.ok()) {
    on_found(std::nullopt);
  }
}

void ManifestStore::put(const StoredManifest& manifest) {
  if (entries_.contains(manifest.digest)) {
    return;
  }
  remember(manifest);
  const bool is_line = manifest.media_type.find('\n') == std::string::npos;
  if (files_ >= kFilesMax || !is_line || manifest.media_type.size() > kMediaTypeBytesMax) {
    return;
  }
  ++files_;
  const auto status = work_.submit(
      [path = path_of(manifest.digest), text = manifest.media_type + "\n" + manifest.bytes] {
        auto written = loop::make_directories(path.substr(0, path.rfind('/')), 0750);
        if (written.ok()) {
          written = loop::write_file_atomic(path, text, 0640);
        }
        if (!written.ok()) {
          base::log_warning("cache: " + written.error().text());
        }
      },
      [] {});
  if (!status.ok()) {
    --files_;  // it is in memory; the next restart asks a replica again
  }
}

}  // namespace mirror
