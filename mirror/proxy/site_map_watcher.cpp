#include "mirror/proxy/site_map_watcher.h"

#include <utility>

#include "overlay/base/log.h"
#include "overlay/loop/files.h"

namespace mirror {

SiteMapWatcher::SiteMapWatcher(loop::Loop& loop, std::string path, OnChange on_change)
    : loop_(loop),
      path_(std::move(path)),
      on_change_(std::move(on_change)),
      timer_(loop, [this] { look(); }) {
  timer_.start_after(base::Duration::zero());
}

// The directory, not the file: the file is replaced by another under its name.
void SiteMapWatcher::watch_directory() {
  if (directory_) {
    return;
  }
  auto opened = loop::open_handle(std::make_unique<State>(), [this](uv_fs_event_t* handle) {
    return uv_fs_event_init(&loop_.handle(), handle);
  });
  if (!opened.ok()) {
    return;  // the timer is enough
  }
  auto directory = std::move(opened).value();
  directory->watcher = this;
  const std::string folder = path_.substr(0, path_.rfind('/'));
  const auto on_event = [](uv_fs_event_t* handle, const char*, int, int) noexcept {
    // Not now: several events come for one replacement.
    static_cast<State*>(handle->data)->watcher->timer_.start_after(std::chrono::milliseconds(20));
  };
  if (uv_fs_event_start(&directory->handle, on_event, folder.c_str(), 0) == 0) {
    directory_ = std::move(directory);
  }
}

void SiteMapWatcher::look() {
  timer_.start_after(kLookInterval);
  watch_directory();
  // A small file on a memory file system, a few times a minute.
  const auto text = loop::read_file(path_, SiteMap::kBytesMax);
  if (text.ok() && text.value() == read_) {
    return;
  }
  auto map = text.ok() ? parse_site_map(text.value()) : base::Result<SiteMap>(text.error());
  if (map.ok()) {
    read_ = text.value();
    complaint_.clear();
    base::log_info("site map: " + std::to_string(map.value().replicas.size()) + " replicas, site " +
                   map.value().site);
    on_change_(std::move(map).value());
    return;
  }
  if (complaint_ != map.error().text()) {
    complaint_ = map.error().text();
    base::log_warning(complaint_);
  }
}

}  // namespace mirror
