#include "mirror/proxy/manifest_store.h"

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <sys/stat.h>

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
  const auto text = loop::read_file(path, kManifestBytesMax + kMediaTypeBytesMax + 1);
  if (!text.ok()) {
    return std::nullopt;
  }
  const std::size_t line = text.value().find('\n');
  if (line == std::string::npos) {
    return std::nullopt;
  }
  StoredManifest manifest{digest, text.value().substr(0, line), text.value().substr(line + 1)};
  const Digest actual = Digest::sha256(crypto::sha256(base::as_bytes(manifest.bytes)));
  if (actual != digest) {
    return std::nullopt;
  }
  // The time of change says when it was used: a restart keeps the order.
  utimensat(AT_FDCWD, path.c_str(), nullptr, 0);
  return manifest;
}

std::uint64_t on_disk(std::uint64_t size_bytes) {
  constexpr std::uint64_t kBlock = ManifestStore::kBlockBytes;
  return (size_bytes + kBlock - 1) / kBlock * kBlock;
}

struct Found {
  Digest digest;
  std::uint64_t size_bytes = 0;
  std::int64_t used_ns = 0;
};

std::optional<Found> look_at(const std::string& path, const std::string& name) {
  struct stat info {};
  auto digest = Digest::parse("sha256:" + name);
  if (!digest.ok() || stat(path.c_str(), &info) != 0 || !S_ISREG(info.st_mode)) {
    return std::nullopt;
  }
  return Found{std::move(digest).value(), on_disk(static_cast<std::uint64_t>(info.st_size)),
               info.st_mtim.tv_sec * 1'000'000'000LL + info.st_mtim.tv_nsec};
}

}  // namespace

base::Result<std::unique_ptr<ManifestStore>> ManifestStore::open(loop::Loop& loop,
                                                                 Options options) {
  auto store = std::make_unique<ManifestStore>(Private(), loop, std::move(options));
  if (auto status = store->scan(); !status.ok()) {
    return status.error();
  }
  return store;
}

ManifestStore::ManifestStore(Private, loop::Loop& loop, Options options)
    : options_(std::move(options)), work_(loop, kJobsMax) {}

base::Status ManifestStore::scan() {
  const std::string directory = options_.directory + "/manifests";
  if (auto status = loop::make_directories(directory, 0750); !status.ok()) {
    return status;
  }
  const auto names = loop::list_directory(directory, 10 * kFilesMax);
  if (!names.ok()) {
    return names.error();
  }
  std::vector<Found> found;
  for (const std::string& name : names.value()) {
    const std::string path = directory + "/" + name;
    if (auto one = look_at(path, name)) {
      found.push_back(*std::move(one));
    } else if (auto status = loop::remove_file(path); !status.ok()) {  // left by a crash
      base::log_warning("cache: " + status.error().text());
    }
  }
  std::sort(found.begin(), found.end(),
            [](const Found& a, const Found& b) { return a.used_ns < b.used_ns; });
  for (const Found& one : found) {
    add_file(one.digest, one.size_bytes);
  }
  make_room(0);
  return {};
}

std::string ManifestStore::path_of(const Digest& digest) const {
  return options_.directory + "/manifests/" + std::string(digest.encoded());
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

std::uint64_t ManifestStore::add_file(const Digest& digest, std::uint64_t size_bytes) {
  const std::uint64_t number = ++last_file_;
  files_[digest] = file_order_.insert(file_order_.end(), {digest, size_bytes, number});
  file_bytes_ += size_bytes;
  return number;
}

void ManifestStore::remove_file(const Digest& digest, std::uint64_t number) {
  if (const auto found = files_.find(digest);
      found != files_.end() && found->second->number == number) {
    remove_file(found->second);
  }
}

// Here and not in a job, which might meet one that writes the same manifest anew. Small files, and
// seldom: when a replica was asked for another.
void ManifestStore::remove_file(FileOrder::iterator file) {
  if (auto status = loop::remove_file(path_of(file->digest)); !status.ok()) {
    base::log_warning("cache: " + status.error().text());
  }
  file_bytes_ -= file->size_bytes;
  files_.erase(file->digest);
  file_order_.erase(file);
}

bool ManifestStore::make_room(std::uint64_t size_bytes) {
  if (size_bytes > options_.bytes_max) {
    return false;
  }
  while (!file_order_.empty() &&
         (file_bytes_ + size_bytes > options_.bytes_max || files_.size() >= kFilesMax)) {
    remove_file(file_order_.begin());
  }
  const auto free_bytes = loop::free_space_bytes(options_.directory);
  return free_bytes.ok() &&
         free_bytes.value() >= options_.free_bytes_min + unwritten_bytes_ + size_bytes;
}

void ManifestStore::find(const Digest& digest, OnFound on_found) {
  const auto file = files_.find(digest);
  if (file != files_.end()) {
    file_order_.splice(file_order_.end(), file_order_, file->second);
  }
  if (const auto found = entries_.find(digest); found != entries_.end()) {
    order_.splice(order_.end(), order_, found->second);
    on_found(*found->second);
    return;
  }
  if (file == files_.end()) {
    on_found(std::nullopt);
    return;
  }
  // Written by the job, read behind it: never at the same time.
  const auto result = std::make_shared<std::optional<StoredManifest>>();
  const auto status = work_.submit(
      [result, path = path_of(digest), digest] { *result = read_manifest(path, digest); },
      [this, result, digest, number = file->second->number, on_found] {
        if (*result) {
          remember(**result);
        } else {
          remove_file(digest, number);
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
  const Digest& digest = manifest.digest;
  if (const auto old = files_.find(digest); old != files_.end()) {
    remove_file(old->second);  // it could not be read, or nobody would have asked a replica
  }
  const bool is_line = manifest.media_type.find('\n') == std::string::npos;
  if (!is_line || manifest.media_type.size() > kMediaTypeBytesMax) {
    return;
  }
  std::string text = manifest.media_type + "\n" + manifest.bytes;
  const std::uint64_t size_bytes = on_disk(text.size());
  if (!make_room(size_bytes)) {
    return;
  }
  const std::uint64_t number = add_file(digest, size_bytes);
  unwritten_bytes_ += size_bytes;
  // Written by the job, read behind it: never at the same time.
  const auto result = std::make_shared<base::Status>();
  const auto status = work_.submit(
      [result, path = path_of(digest), text = std::move(text)] {
        *result = loop::make_directories(path.substr(0, path.rfind('/')), 0750);
        if (result->ok()) {
          *result = loop::write_file_atomic(path, text, 0640);
        }
      },
      [this, result, digest, number, size_bytes] {
        unwritten_bytes_ -= size_bytes;
        handle_written(digest, number, *result);
      });
  if (!status.ok()) {  // it is in memory; the next restart asks a replica again
    unwritten_bytes_ -= size_bytes;
    remove_file(digest, number);
  }
}

void ManifestStore::handle_written(const Digest& digest, std::uint64_t number,
                                   const base::Status& status) {
  if (!status.ok()) {
    base::log_warning("cache: " + status.error().text());
    remove_file(digest, number);
    return;
  }
  if (files_.contains(digest)) {
    return;
  }
  // It had to make room before it was written.
  if (auto removed = loop::remove_file(path_of(digest)); !removed.ok()) {
    base::log_warning("cache: " + removed.error().text());
  }
}

}  // namespace mirror
