#include "overlay/cli/membership_lock.h"

#include <utility>

#include <unistd.h>

namespace cli {
namespace {

constexpr int kAttemptsMax = 3;

std::string path_in(const std::string& directory) {
  return directory + "/membership.lock";
}

}  // namespace

base::Result<MembershipLock> MembershipLock::take(const agent::Paths& paths) {
  const std::string path = path_in(paths.run);
  for (int attempt = 1;; ++attempt) {
    const bool was_there = loop::path_exists(paths.run);
    if (auto status = loop::make_directories(paths.run, 0755); !status.ok()) {
      return status.error();
    }
    auto lock = loop::FileLock::take(path, 0644);
    if (!lock.ok() && lock.error().code() == base::Errc::Conflict) {
      const auto holder = loop::FileLock::holder(path);
      return base::Error(base::Errc::Conflict,
                         "another 'linkspan join' or 'linkspan leave' runs on this server" +
                             (holder ? ", process " + std::to_string(*holder) : std::string()) +
                             "; run this again when it has ended");
    }
    // Whoever held it before removes the file, perhaps just after it was opened here: then the lock
    // is on a file that nobody else will find.
    if (lock.ok() && loop::FileLock::holder(path) == ::getpid()) {
      return MembershipLock(std::move(lock).value(), paths.run, !was_there);
    }
    if (attempt == kAttemptsMax) {
      return lock.ok() ? base::Error(base::Errc::Unavailable, "lock " + path + ": keeps going away")
                       : lock.error();
    }
  }
}

MembershipLock::~MembershipLock() {
  if (directory_.empty()) {
    return;
  }
  ::unlink(path_in(directory_).c_str());
  if (is_directory_mine_) {
    ::rmdir(directory_.c_str());  // fails, as it should, when something else is in it
  }
}

}  // namespace cli
