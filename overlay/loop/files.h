// Files as whole values. All of it blocks: from a loop thread only where the file is small and the
// moment rare (start, stop, a state change), otherwise inside a WorkQueue job.
//
// Errors name the call and the object: "open /var/lib/linkspan/identity.json: permission denied".
// NotFound for ENOENT, Conflict for EEXIST, LimitExceeded where a bound or the disk is full,
// Unavailable for the rest.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

#include "overlay/base/result.h"

namespace loop {

// The whole content. Errors: NotFound; LimitExceeded when it is larger than `size_max` bytes.
base::Result<std::string> read_file(const std::string& path, std::size_t size_max);

// Replaces `path` by `content`, so that after a crash at any moment either the old or the new file
// is there, whole: a temporary file in the same directory, fsync, rename, fsync of the directory.
// The mode is set before the first byte is written, so a secret is never readable for an instant.
// On error the old file is untouched and no temporary is left.
base::Status write_file_atomic(const std::string& path, std::string_view content, mode_t mode);

// Appends to `path`, which is made with `mode` if it was not there, and fsyncs it.
base::Status append_file(const std::string& path, std::string_view content, mode_t mode);

// Makes `path` and what is missing above it, each with `mode` whatever the umask says. A directory
// that exists keeps its mode.
base::Status make_directories(const std::string& path, mode_t mode);

// Ok if it was not there.
base::Status remove_file(const std::string& path);
// The tree below `path` and itself; symbolic links are removed, not followed. Ok if not there.
base::Status remove_tree(const std::string& path);

bool path_exists(const std::string& path);

// Names in a directory, sorted, without "." and "..". Errors: LimitExceeded over `count_max`.
base::Result<std::vector<std::string>> list_directory(const std::string& path,
                                                      std::size_t count_max);

// Bytes that an unprivileged writer may still use on the file system of `path`.
base::Result<std::uint64_t> free_space_bytes(const std::string& path);

// A pidfile held by a lock of its own: the kernel drops the lock with the process, so a stale file
// never blocks.
class FileLock {
 public:
  // Takes the lock and writes this process's id into the file. Does not wait.
  // Errors: Conflict when another process holds it; the text names its process id.
  static base::Result<FileLock> take(const std::string& path, mode_t mode);
  // Takes the lock for a child process, which is given fd() and then holds it as long as it lives;
  // name_holder() says who that is. The child, which may have no rights of its own, can only read
  // the file, and nobody but this user can open it. Errors: Conflict as above. Whoever does this
  // for one path must be alone in it.
  static base::Result<FileLock> take_for_child(const std::string& path);
  static base::Status name_holder(const std::string& path, pid_t pid);
  // The process that holds the lock, or nothing when it is free or the file is not there.
  static std::optional<pid_t> holder(const std::string& path);

  FileLock(FileLock&& other) noexcept;
  FileLock& operator=(FileLock&& other) noexcept;
  // Unlocks, unless a child has the descriptor. The file stays: removing it would race with the
  // next taker.
  ~FileLock();

  int fd() const { return fd_; }

 private:
  explicit FileLock(int fd) : fd_(fd) {}

  int fd_ = -1;
};

}  // namespace loop
