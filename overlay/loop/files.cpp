#include "overlay/loop/files.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <filesystem>
#include <memory>
#include <system_error>
#include <utility>

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

namespace loop {
namespace {

// Lower case like every error text of ours: strerror's "No such file or directory" in the middle of
// a sentence reads as a second sentence.
std::string reason(int code) {
  std::string text = std::system_category().message(code);
  if (!text.empty()) {
    text[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(text[0])));
  }
  return text;
}

base::Error os_error(std::string_view call, const std::string& path, int code) {
  base::Errc errc = base::Errc::Unavailable;
  if (code == ENOENT) {
    errc = base::Errc::NotFound;
  } else if (code == EEXIST) {
    errc = base::Errc::Conflict;
  } else if (code == ENOSPC || code == EDQUOT || code == EFBIG) {
    errc = base::Errc::LimitExceeded;
  }
  return base::Error(errc, std::string(call) + " " + path + ": " + reason(code));
}

// A descriptor closed with its scope. close() reports errors of writes on some file systems; those
// that matter here were asked for by fsync before.
class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) {
      ::close(fd_);
    }
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  int get() const { return fd_; }
  int release() { return std::exchange(fd_, -1); }

 private:
  int fd_;
};

base::Status write_all(int fd, std::string_view content, const std::string& path) {
  while (!content.empty()) {
    const ssize_t count = ::write(fd, content.data(), content.size());
    if (count < 0 && errno == EINTR) {
      continue;
    }
    if (count < 0) {
      return os_error("write", path, errno);
    }
    content.remove_prefix(static_cast<std::size_t>(count));
  }
  return {};
}

std::string directory_of(const std::string& path) {
  const auto slash = path.rfind('/');
  if (slash == std::string::npos) {
    return ".";
  }
  return slash == 0 ? "/" : path.substr(0, slash);
}

base::Status sync_directory(const std::string& path) {
  const Descriptor directory(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (directory.get() < 0) {
    return os_error("open", path, errno);
  }
  if (::fsync(directory.get()) != 0) {
    return os_error("fsync", path, errno);
  }
  return {};
}

base::Status fill_and_sync(int fd, std::string_view content, mode_t mode, const std::string& path) {
  if (::fchmod(fd, mode) != 0) {  // mkostemp made it 0600; no content is there yet
    return os_error("chmod", path, errno);
  }
  if (auto status = write_all(fd, content, path); !status.ok()) {
    return status;
  }
  if (::fsync(fd) != 0) {
    return os_error("fsync", path, errno);
  }
  return {};
}

}  // namespace

base::Result<std::string> read_file(const std::string& path, std::size_t size_max) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() < 0) {
    return os_error("open", path, errno);
  }
  // Not by its size: files of /proc say 0, and others may grow meanwhile.
  std::string content;
  std::array<char, 16384> buffer{};
  for (;;) {
    const ssize_t count = ::read(file.get(), buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) {
      continue;
    }
    if (count < 0) {
      return os_error("read", path, errno);
    }
    if (count == 0) {
      return content;
    }
    if (content.size() + static_cast<std::size_t>(count) > size_max) {
      return base::Error(base::Errc::LimitExceeded,
                         "read " + path + ": more than " + std::to_string(size_max) + " bytes");
    }
    content.append(buffer.data(), static_cast<std::size_t>(count));
  }
}

base::Status write_file_atomic(const std::string& path, std::string_view content, mode_t mode) {
  std::string temporary = path + ".XXXXXX";
  const Descriptor file(::mkostemp(temporary.data(), O_CLOEXEC));
  if (file.get() < 0) {
    return os_error("create a file beside", path, errno);
  }
  auto status = fill_and_sync(file.get(), content, mode, temporary);
  if (status.ok() && ::rename(temporary.c_str(), path.c_str()) != 0) {
    status = os_error("rename to", path, errno);
  }
  if (!status.ok()) {
    ::unlink(temporary.c_str());
    return status;
  }
  return sync_directory(directory_of(path));
}

base::Status append_file(const std::string& path, std::string_view content, mode_t mode) {
  const Descriptor file(::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, mode));
  if (file.get() < 0) {
    return os_error("open", path, errno);
  }
  if (auto status = write_all(file.get(), content, path); !status.ok()) {
    return status;
  }
  if (::fsync(file.get()) != 0) {
    return os_error("fsync", path, errno);
  }
  return {};
}

base::Status make_directories(const std::string& path, mode_t mode) {
  for (std::size_t end = path.find('/', 1);; end = path.find('/', end + 1)) {
    const std::string part = path.substr(0, end);
    if (::mkdir(part.c_str(), mode) == 0) {
      if (::chmod(part.c_str(), mode) != 0) {  // the umask took bits away
        return os_error("chmod", part, errno);
      }
    } else if (errno != EEXIST) {
      return os_error("mkdir", part, errno);
    }
    if (end == std::string::npos) {
      break;
    }
  }
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) {
    return os_error("stat", path, errno);
  }
  if (!S_ISDIR(info.st_mode)) {
    return os_error("mkdir", path, EEXIST);
  }
  return {};
}

base::Status remove_file(const std::string& path) {
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) {
    return os_error("unlink", path, errno);
  }
  return {};
}

base::Status remove_tree(const std::string& path) {
  std::error_code code;
  std::filesystem::remove_all(path, code);
  if (code) {
    return os_error("remove", path, code.value());
  }
  return {};
}

bool path_exists(const std::string& path) {
  struct stat info {};
  return ::lstat(path.c_str(), &info) == 0;
}

base::Result<std::vector<std::string>> list_directory(const std::string& path,
                                                      std::size_t count_max) {
  const auto close = [](DIR* open) { ::closedir(open); };
  const std::unique_ptr<DIR, decltype(close)> directory(::opendir(path.c_str()), close);
  if (directory == nullptr) {
    return os_error("open", path, errno);
  }
  std::vector<std::string> names;
  errno = 0;
  // readdir is safe for threads that read different directories, as POSIX.1-2024 now says.
  while (const dirent* const entry = ::readdir(directory.get())) {
    const std::string_view name(entry->d_name);
    if (name == "." || name == "..") {
      continue;
    }
    if (names.size() == count_max) {
      return base::Error(base::Errc::LimitExceeded,
                         "list " + path + ": more than " + std::to_string(count_max) + " entries");
    }
    names.emplace_back(name);
  }
  if (errno != 0) {
    return os_error("list", path, errno);
  }
  std::sort(names.begin(), names.end());
  return names;
}

base::Result<std::uint64_t> free_space_bytes(const std::string& path) {
  struct statvfs info {};
  if (::statvfs(path.c_str(), &info) != 0) {
    return os_error("statvfs", path, errno);
  }
  return static_cast<std::uint64_t>(info.f_bavail) * info.f_frsize;
}

namespace {

// A lock on the whole file, owned by the open file description (fcntl(2), F_OFD_SETLK). Unlike
// flock's, somebody can ask who holds it without taking it for a moment, which would turn away a
// process that starts just then; and without the right to write.
struct flock whole_file(short type = F_WRLCK) {
  struct flock lock {};
  lock.l_type = type;
  lock.l_whence = SEEK_SET;
  return lock;
}

base::Error held_error(const std::string& path) {
  const auto pid = FileLock::holder(path);
  return base::Error(base::Errc::Conflict,
                     "lock " + path + ": held by process " +
                         (pid.has_value() ? std::to_string(*pid) : "that did not say its id"));
}

}  // namespace

base::Result<FileLock> FileLock::take(const std::string& path, mode_t mode) {
  Descriptor file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, mode));
  if (file.get() < 0) {
    return os_error("open", path, errno);
  }
  struct flock wanted = whole_file();
  if (::fcntl(file.get(), F_OFD_SETLK, &wanted) != 0) {
    if (errno != EAGAIN && errno != EACCES) {
      return os_error("lock", path, errno);
    }
    return held_error(path);
  }
  if (::ftruncate(file.get(), 0) != 0) {
    return os_error("truncate", path, errno);
  }
  if (auto status = write_all(file.get(), std::to_string(::getpid()) + "\n", path); !status.ok()) {
    return status.error();
  }
  return FileLock(file.release());
}

base::Result<FileLock> FileLock::take_for_child(const std::string& path) {
  constexpr mode_t kOwnerOnly = 0600;
  Descriptor file(::open(path.c_str(), O_RDONLY | O_CREAT | O_CLOEXEC, kOwnerOnly));
  if (file.get() < 0) {
    return os_error("open", path, errno);
  }
  // A read lock is all that a descriptor for reading can hold, and it lets others of its kind in.
  struct flock found = whole_file();
  struct flock wanted = whole_file(F_RDLCK);
  if (::fcntl(file.get(), F_OFD_GETLK, &found) != 0 ||
      (found.l_type == F_UNLCK && ::fcntl(file.get(), F_OFD_SETLK, &wanted) != 0)) {
    return os_error("lock", path, errno);
  }
  if (found.l_type != F_UNLCK) {
    return held_error(path);
  }
  // Nobody must be taken for the holder because an earlier one had that number.
  if (::truncate(path.c_str(), 0) != 0) {
    return os_error("truncate", path, errno);
  }
  return FileLock(file.release());
}

base::Status FileLock::name_holder(const std::string& path, pid_t pid) {
  const Descriptor file(::open(path.c_str(), O_WRONLY | O_TRUNC | O_CLOEXEC));
  return file.get() < 0 ? base::Status(os_error("open", path, errno))
                        : write_all(file.get(), std::to_string(pid) + "\n", path);
}

std::optional<pid_t> FileLock::holder(const std::string& path) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  struct flock found = whole_file();
  if (file.get() < 0 || ::fcntl(file.get(), F_OFD_GETLK, &found) != 0 || found.l_type == F_UNLCK) {
    return {};
  }
  std::array<char, 24> text{};
  const ssize_t size = ::pread(file.get(), text.data(), text.size(), 0);
  pid_t pid = 0;
  if (size <= 0 || std::from_chars(text.data(), text.data() + size, pid).ec != std::errc()) {
    return {};
  }
  return pid;
}

FileLock::FileLock(FileLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

FileLock& FileLock::operator=(FileLock&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}

FileLock::~FileLock() {
  if (fd_ >= 0) {
    ::close(fd_);
  }
}

}  // namespace loop
