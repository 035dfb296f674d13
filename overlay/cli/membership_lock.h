// One join or leave at a time on a server: two joins would both make keys and become two nodes.
#pragma once

#include <string>
#include <utility>

#include "overlay/agent/paths.h"
#include "overlay/base/result.h"
#include "overlay/loop/files.h"

namespace cli {

class MembershipLock {
 public:
  // Does not wait. Errors: Conflict when another join or leave runs; the text names its process.
  static base::Result<MembershipLock> take(const agent::Paths& paths);

  MembershipLock(MembershipLock&& other) noexcept
      : lock_(std::move(other.lock_)),
        directory_(std::exchange(other.directory_, std::string())),
        is_directory_mine_(other.is_directory_mine_) {}
  MembershipLock& operator=(MembershipLock&& other) = delete;
  // Leaves no file behind, nor the run directory if it was made for the lock and not kept.
  ~MembershipLock();

  // Somebody else lives in the run directory from now on.
  void keep_directory() { is_directory_mine_ = false; }

 private:
  MembershipLock(loop::FileLock lock, std::string directory, bool is_directory_mine)
      : lock_(std::move(lock)),
        directory_(std::move(directory)),
        is_directory_mine_(is_directory_mine) {}

  loop::FileLock lock_;
  std::string directory_;  // empty once moved from
  bool is_directory_mine_;
};

}  // namespace cli
