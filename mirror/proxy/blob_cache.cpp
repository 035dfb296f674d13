#include "mirror/proxy/blob_cache.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "overlay/base/log.h"
#include "overlay/loop/files.h"

namespace mirror {
namespace {

constexpr mode_t kDirectoryMode = 0750;
constexpr mode_t kFileMode = 0640;
constexpr std::size_t kJobsMax = 4096;

base::Error system_error(const std::string& what, int code) {
  const bool is_full = code == ENOSPC || code == EDQUOT;
  return {is_full ? base::Errc::LimitExceeded : base::Errc::Unavailable,
          what + ": " + uv_strerror(uv_translate_sys_error(code))};
}

// On a pool thread. The file's bytes reach the disk before its name does, and the name before the
// cache relies on it.
base::Status make_durable(const std::string& from, const std::string& to, int fd) {
  if (fsync(fd) != 0) {
    return system_error("fsync " + from, errno);
  }
  const std::string directory = to.substr(0, to.rfind('/'));
  if (auto status = loop::make_directories(directory, kDirectoryMode); !status.ok()) {
    return status;
  }
  if (rename(from.c_str(), to.c_str()) != 0) {
    return system_error("rename " + from, errno);
  }
  const int directory_fd = open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (directory_fd < 0) {
    return system_error("open " + directory, errno);
  }
  const int code = fsync(directory_fd) == 0 ? 0 : errno;
  close(directory_fd);
  return code == 0 ? base::Status() : base::Status(system_error("fsync " + directory, code));
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
  return Found{std::move(digest).value(), static_cast<std::uint64_t>(info.st_size),
               info.st_mtim.tv_sec * 1'000'000'000LL + info.st_mtim.tv_nsec};
}

}  // namespace

base::Result<std::unique_ptr<BlobCache>> BlobCache::open(loop::Loop& loop, Options options) {
  auto cache = std::make_unique<BlobCache>(Private(), loop, std::move(options));
  if (auto status = cache->scan(); !status.ok()) {
    return status.error();
  }
  return cache;
}

BlobCache::BlobCache(Private, loop::Loop& loop, Options options)
    : options_(std::move(options)), work_(loop, kJobsMax) {}

base::Status BlobCache::scan() {
  const std::string partials = options_.directory + "/partial";
  const std::string blobs = options_.directory + "/blobs/sha256";
  if (auto status = loop::remove_tree(partials); !status.ok()) {
    return status;
  }
  for (const std::string& path : {partials, blobs}) {
    if (auto status = loop::make_directories(path, kDirectoryMode); !status.ok()) {
      return status;
    }
  }
  partials_ = partials + "/XXXXXX";
  if (mkdtemp(partials_.data()) == nullptr) {
    return system_error("mkdtemp " + partials_, errno);
  }
  const auto folders = loop::list_directory(blobs, 256);
  if (!folders.ok()) {
    return folders.error();
  }
  std::vector<Found> found;
  for (const std::string& folder : folders.value()) {
    const auto names = loop::list_directory(blobs + "/" + folder, kBlobsMax);
    if (!names.ok()) {
      return names.error();
    }
    for (const std::string& name : names.value()) {
      if (auto one = look_at(blobs + "/" + folder + "/" + name, name)) {
        found.push_back(*std::move(one));
      }
    }
  }
  // Uses are marked in the files' modification times, so that a restart keeps their order.
  std::sort(found.begin(), found.end(),
            [](const Found& a, const Found& b) { return a.used_ns < b.used_ns; });
  for (const Found& one : found) {
    add({one.digest, one.size_bytes, /*is_verified=*/false});
  }
  evict(0);
  return {};
}

std::string BlobCache::path_of(const Digest& digest) const {
  const std::string hex(digest.encoded());
  return options_.directory + "/blobs/sha256/" + hex.substr(0, 2) + "/" + hex;
}

std::string BlobCache::next_partial_path(const Digest& digest) {
  return partials_ + "/" + std::string(digest.encoded()) + "." + std::to_string(++last_partial_);
}

void BlobCache::add(Entry entry) {
  if (entries_.contains(entry.digest)) {
    return;  // filled twice at once: the same bytes
  }
  used_bytes_ += entry.size_bytes;
  const Order::iterator added = order_.insert(order_.end(), std::move(entry));
  entries_[added->digest] = added;
}

std::optional<CachedBlob> BlobCache::find(const Digest& digest) {
  const auto found = entries_.find(digest);
  if (found == entries_.end()) {
    return std::nullopt;
  }
  const Order::iterator entry = found->second;
  const int fd = ::open(path_of(digest).c_str(), O_RDONLY | O_CLOEXEC);
  struct stat info {};
  if (fd < 0 || fstat(fd, &info) != 0 ||
      static_cast<std::uint64_t>(info.st_size) != entry->size_bytes) {
    base::log_warning("cache: " + digest.text() + " is gone or cut, fetched anew");
    if (fd >= 0) {
      close(fd);
    }
    remove(entry);
    return std::nullopt;
  }
  futimens(fd, nullptr);  // now; only the order after a restart depends on it
  order_.splice(order_.end(), order_, entry);
  return CachedBlob{std::make_shared<const File>(fd), entry->size_bytes, entry->is_verified};
}

void BlobCache::confirm(const Digest& digest) {
  if (const auto found = entries_.find(digest); found != entries_.end()) {
    found->second->is_verified = true;
  }
}

void BlobCache::reject(const Digest& digest) {
  if (const auto found = entries_.find(digest); found != entries_.end()) {
    remove(found->second);
  }
}

// The name goes at once: the blob may be filled anew before the pool comes to the unlinking, which
// would then hit the new one.
void BlobCache::remove(Order::iterator entry) {
  const std::string path = path_of(entry->digest);
  const std::string aside = next_partial_path(entry->digest);
  used_bytes_ -= entry->size_bytes;
  entries_.erase(entry->digest);
  order_.erase(entry);
  if (rename(path.c_str(), aside.c_str()) == 0) {
    unlink_later(aside);
  } else {
    unlink(path.c_str());
  }
}

// Unlinking gigabytes takes a while; where the queue is full it is done here.
void BlobCache::unlink_later(const std::string& path) {
  const auto unlink_it = [path] { unlink(path.c_str()); };
  if (!work_.submit(unlink_it, [] {}).ok()) {
    unlink_it();
  }
}

// Until `wanted_bytes` more fit the quota; then some more, down to the low watermark.
void BlobCache::evict(std::uint64_t wanted_bytes) {
  const std::uint64_t taken = reserved_bytes_ + wanted_bytes;
  if (used_bytes_ + taken <= options_.bytes_max && entries_.size() < kBlobsMax) {
    return;
  }
  const auto low =
      static_cast<std::uint64_t>(static_cast<double>(options_.bytes_max) * kLowWatermark);
  while (!order_.empty() && (used_bytes_ + taken > low || entries_.size() >= kBlobsMax)) {
    remove(order_.begin());
    ++evictions_;
  }
}

base::Result<PartialBlob> BlobCache::begin(const Digest& digest, std::uint64_t size_bytes) {
  if (reserved_bytes_ + size_bytes > options_.bytes_max) {
    return base::Error(base::Errc::LimitExceeded, "cache: " + std::to_string(size_bytes) +
                                                      " bytes do not fit the quota of " +
                                                      std::to_string(options_.bytes_max));
  }
  evict(size_bytes);
  // statvfs of a local disk answers from memory. Partials have not taken all of their room yet.
  const auto free_bytes = loop::free_space_bytes(options_.directory);
  if (!free_bytes.ok()) {
    return free_bytes.error();
  }
  const std::uint64_t needed = size_bytes + reserved_bytes_ + options_.free_bytes_min;
  std::uint64_t available = free_bytes.value();
  while (available < needed && !order_.empty()) {
    available += order_.front().size_bytes;
    remove(order_.begin());
    ++evictions_;
  }
  if (available < needed) {
    return base::Error(base::Errc::LimitExceeded, "cache: " + std::to_string(size_bytes) +
                                                      " bytes do not fit the disk, " +
                                                      std::to_string(available) + " are free");
  }
  PartialBlob partial;
  partial.path = next_partial_path(digest);
  constexpr int kFlags = O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC;
  int fd = ::open(partial.path.c_str(), kFlags, kFileMode);
  if (fd < 0 && errno == ENOENT) {  // somebody has emptied the cache's directory
    if (auto status = loop::make_directories(partials_, kDirectoryMode); !status.ok()) {
      return status.error();
    }
    fd = ::open(partial.path.c_str(), kFlags, kFileMode);
  }
  if (fd < 0) {
    return system_error("open " + partial.path, errno);
  }
  partial.file = std::make_shared<const File>(fd);
  if (const int direct = ::open(partial.path.c_str(), O_WRONLY | O_DIRECT | O_CLOEXEC);
      direct >= 0) {
    partial.direct = std::make_shared<const File>(direct);
  }
  partial.size_bytes = size_bytes;
  reserved_bytes_ += size_bytes;
  return partial;
}

void BlobCache::abandon(const PartialBlob& partial) {
  reserved_bytes_ -= partial.size_bytes;
  unlink_later(partial.path);
}

// Shared by the jobs, one after the other; read by the loop only between them.
struct BlobCache::Commit {
  Digest digest;
  PartialBlob partial;
  std::function<void(base::Status)> done;
  std::string to;
  std::uint64_t synced_bytes = 0;
  base::Status status;

  void run() {
    const std::uint64_t left = partial.size_bytes - synced_bytes;
    if (left <= kSyncBytes) {
      status = make_durable(partial.path, to, partial.file->fd());
    } else if (sync_file_range(partial.file->fd(), static_cast<off_t>(synced_bytes), kSyncBytes,
                               SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE |
                                   SYNC_FILE_RANGE_WAIT_AFTER) != 0) {
      status = system_error("sync_file_range " + partial.path, errno);
    }
    synced_bytes += std::min(left, kSyncBytes);
  }
};

void BlobCache::commit(const Digest& digest, const PartialBlob& partial,
                       std::function<void(base::Status)> done) {
  auto commit = std::make_shared<Commit>();
  commit->digest = digest;
  commit->partial = partial;
  commit->done = std::move(done);
  commit->to = path_of(digest);
  sync_piece(std::move(commit));
}

void BlobCache::sync_piece(std::shared_ptr<Commit> commit) {
  const auto status =
      work_.submit([commit] { commit->run(); },
                   [this, commit] {
                     if (commit->status.ok() && commit->synced_bytes < commit->partial.size_bytes) {
                       sync_piece(commit);
                     } else {
                       finish_commit(*commit);
                     }
                   });
  if (!status.ok()) {
    commit->status = status;
    finish_commit(*commit);
  }
}

void BlobCache::finish_commit(const Commit& commit) {
  if (commit.status.ok()) {
    reserved_bytes_ -= commit.partial.size_bytes;
    add({commit.digest, commit.partial.size_bytes, /*is_verified=*/true});
  } else {
    abandon(commit.partial);
  }
  commit.done(commit.status);
}

}  // namespace mirror
