#pragma once

#include <functional>
#include <string>

#include <uv.h>

#include "mirror/select/site_map.h"
#include "overlay/base/result.h"
#include "overlay/loop/handle.h"
#include "overlay/loop/loop.h"
#include "overlay/loop/timer.h"

namespace mirror {

// Reads the site map now and whenever the agent has replaced it: told by the kernel where that
// works, and looked for every kLookInterval anyway. A missing file is normal (the agent is not
// there yet); an unreadable or malformed one is said once and changes nothing: the last good one
// stands.
class SiteMapWatcher {
 public:
  static constexpr base::Duration kLookInterval = std::chrono::seconds(5);

  using OnChange = std::function<void(SiteMap)>;

  // `on_change` runs from the loop, first in the next turn if the file is there.
  SiteMapWatcher(loop::Loop& loop, std::string path, OnChange on_change);
  SiteMapWatcher(const SiteMapWatcher&) = delete;
  SiteMapWatcher& operator=(const SiteMapWatcher&) = delete;

 private:
  struct State {
    uv_fs_event_t handle;
    SiteMapWatcher* watcher;
  };

  void look();
  void watch_directory();

  loop::Loop& loop_;
  std::string path_;
  OnChange on_change_;
  std::string read_;  // the text that was taken last
  std::string complaint_;
  loop::Timer timer_;
  loop::HandleOwner<State> directory_;
};

}  // namespace mirror
