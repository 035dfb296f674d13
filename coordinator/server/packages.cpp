#include "coordinator/server/packages.h"

#include <algorithm>
#include <utility>

#include "overlay/base/bytes.h"
#include "overlay/loop/files.h"

namespace coordinator {
namespace {

constexpr std::size_t kNameBytesMax = 200;
constexpr std::size_t kReadsMax = 8;

}  // namespace

// The name also ends in a shell script, so it holds nothing that a shell would read.
bool is_package_name(std::string_view name) {
  const auto is_plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view(".+~_-").find(c) != std::string_view::npos;
  };
  return name.size() > 4 && name.size() <= kNameBytesMax && name.front() != '.' &&
         name.front() != '-' && name.ends_with(".deb") &&
         std::all_of(name.begin(), name.end(), is_plain);
}

Packages::Packages(loop::Loop& loop, std::string directory)
    : loop_(loop), directory_(std::move(directory)), queue_(loop, kReadsMax) {}

void Packages::get(const std::string& name, std::function<void(base::Result<Content>)> done) {
  const base::Error missing(base::Errc::NotFound, "package: there is none of this name");
  if (directory_.empty() || !is_package_name(name)) {
    done(missing);
    return;
  }
  const auto it = entries_.find(name);
  if (it != entries_.end() && it->second.content != nullptr &&
      loop_.now() - it->second.read_at < kFreshFor) {
    done(it->second.content);
    return;
  }
  if (it == entries_.end() && entries_.size() >= kCachedMax) {
    const auto idle = std::find_if(entries_.begin(), entries_.end(),
                                   [](const auto& entry) { return entry.second.waiting.empty(); });
    if (idle == entries_.end()) {
      done(base::Error(base::Errc::Unavailable, "package: too many are being read, try again"));
      return;
    }
    entries_.erase(idle);
  }
  Entry& entry = entries_[name];
  entry.waiting.push_back(std::move(done));
  if (entry.waiting.size() == 1) {
    read(name);
  }
}

void Packages::read(const std::string& name) {
  // Shared by the two halves of one job.
  const auto content = std::make_shared<base::Result<std::string>>(std::string());
  const auto finish = [this, name, content] {
    Entry& entry = entries_[name];
    base::Result<Content> result = Content();
    if (content->ok()) {
      const auto bytes = base::as_bytes(content->value());
      entry.content = std::make_shared<const std::vector<std::uint8_t>>(bytes.begin(), bytes.end());
      entry.read_at = loop_.now();
      result = entry.content;
    } else {
      result = base::Error(content->error().code(), "package: " + content->error().text());
    }
    const auto waiting = std::exchange(entry.waiting, {});
    if (!content->ok()) {
      entries_.erase(name);
    }
    for (const auto& done : waiting) {
      done(result);
    }
  };
  const auto status =
      queue_.submit([content, path = directory_ + "/" +
                                     name] { *content = loop::read_file(path, kPackageBytesMax); },
                    finish);
  if (!status.ok()) {
    *content = base::Error(base::Errc::Unavailable, status.error().text());
    finish();
  }
}

std::vector<std::string> Packages::to_install() const {
  std::vector<std::string> chosen;
  if (directory_.empty()) {
    return chosen;
  }
  const auto names = loop::list_directory(directory_, kFilesMax);
  if (!names.ok()) {
    return chosen;
  }
  for (const std::string_view start : {"linkspan-agent_", "linkspan-mirror_"}) {
    std::string last;
    for (const std::string& name : names.value()) {
      if (name.starts_with(start) && is_package_name(name)) {
        last = name;  // they are sorted
      }
    }
    if (!last.empty()) {
      chosen.push_back(std::move(last));
    }
  }
  if (!chosen.empty() && !chosen.front().starts_with("linkspan-agent_")) {
    chosen.clear();  // the mirror alone joins nothing
  }
  return chosen;
}

}  // namespace coordinator
