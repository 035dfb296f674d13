// The Debian packages that /join installs from, served from a directory and kept in memory while
// they are asked for: a thousand servers that join at once cost one read.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "overlay/base/result.h"
#include "overlay/base/time.h"
#include "overlay/loop/http_server.h"
#include "overlay/loop/loop.h"
#include "overlay/loop/work_queue.h"

namespace coordinator {

class Packages {
 public:
  static constexpr std::size_t kPackageBytesMax = 256U << 20;
  static constexpr std::size_t kFilesMax = 4096;  // in the directory
  static constexpr std::size_t kCachedMax = 8;    // packages in memory
  static constexpr base::Duration kFreshFor = std::chrono::seconds(30);

  // An empty directory name: there are none.
  Packages(loop::Loop& loop, std::string directory);
  ~Packages() = default;
  Packages(const Packages&) = delete;
  Packages& operator=(const Packages&) = delete;

  // Calls `done` with the file's bytes, shared by all who ask, from the loop or at once.
  // Errors: NotFound, also for a name that is no package's ("x.deb" of letters, digits, . + ~ _ -).
  using Content = loop::HttpServer::Chunk;
  void get(const std::string& name, std::function<void(base::Result<Content>)> done);

  // Calls `done` with the file names of what a joining server installs: the newest_package()
  // linkspan-agent and, if there, linkspan-mirror, for the architecture that this coordinator was
  // built for; empty if there are none. From the loop or at once: the directory is listed in the
  // background, at most once in kFreshFor.
  void to_install(std::function<void(const std::vector<std::string>&)> done);

 private:
  struct Entry {
    Content content;
    base::TimePoint read_at;
    std::vector<std::function<void(base::Result<Content>)>> waiting;
  };

  void read(const std::string& name);
  void list();

  loop::Loop& loop_;
  std::string directory_;
  std::map<std::string, Entry> entries_;
  std::vector<std::string> to_install_;
  std::optional<base::TimePoint> listed_at_;
  std::vector<std::function<void(const std::vector<std::string>&)>> waiting_for_list_;
  loop::WorkQueue queue_;
};

bool is_package_name(std::string_view name);

// Below, at or above 0 as `a` is older than, as old as or newer than `b`, as dpkg has it.
int compare_versions(std::string_view a, std::string_view b);

// Of `files`, what a joining server installs, in this order.
std::vector<std::string> packages_to_install(const std::vector<std::string>& files);

// Of `files`, the newest <name>_<version>_<architecture>.deb; one for `architecture` or "all"
// before any for another. Empty if there is none.
std::string newest_package(const std::vector<std::string>& files, std::string_view name,
                           std::string_view architecture);

}  // namespace coordinator
