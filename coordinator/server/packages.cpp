#include "coordinator/server/packages.h"

#include <algorithm>
#include <utility>

#include "overlay/base/bytes.h"
#include "overlay/loop/files.h"

namespace coordinator {
namespace {

constexpr std::size_t kNameBytesMax = 200;
constexpr std::size_t kReadsMax = 8;
// Debian's name of what this was built for: servers are taken to be of the coordinator's kind.
#if defined(__aarch64__)
constexpr std::string_view kArchitecture = "arm64";
#else
constexpr std::string_view kArchitecture = "amd64";
#endif

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// How a character sorts in a version: '~' before the end, then the end, letters, the rest.
int order_of(std::string_view text) {
  if (text.empty() || is_digit(text.front())) {
    return 0;
  }
  const char c = text.front();
  const bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  return c == '~' ? -1 : is_letter ? c : c + 256;
}

// The digits that `text` starts with, without leading zeros; they are taken off.
std::string_view take_number(std::string_view& text) {
  const auto count_while = [&](auto is_one) {
    return static_cast<std::size_t>(std::ranges::find_if_not(text, is_one) - text.begin());
  };
  text.remove_prefix(count_while([](char c) { return c == '0'; }));
  const std::string_view number = text.substr(0, count_while(is_digit));
  text.remove_prefix(number.size());
  return number;
}

// <name>_<version>_<architecture>.deb
struct PackageFile {
  std::string_view version;
  std::string_view architecture;
};

PackageFile parts_of(std::string_view file) {
  file.remove_suffix(std::string_view(".deb").size());
  file.remove_prefix(file.find('_') + 1);
  const std::size_t end = std::min(file.rfind('_'), file.size());
  return {.version = file.substr(0, end),
          .architecture = file.substr(std::min(end + 1, file.size()))};
}

}  // namespace

// deb-version(7), of versions without an epoch.
int compare_versions(std::string_view a, std::string_view b) {
  while (!a.empty() || !b.empty()) {
    while ((!a.empty() && !is_digit(a.front())) || (!b.empty() && !is_digit(b.front()))) {
      if (order_of(a) != order_of(b)) {
        return order_of(a) < order_of(b) ? -1 : 1;
      }
      a.remove_prefix(1);  // equal, so neither is at its end
      b.remove_prefix(1);
    }
    const std::string_view left = take_number(a);
    const std::string_view right = take_number(b);
    if (left.size() != right.size()) {
      return left.size() < right.size() ? -1 : 1;
    }
    if (const int order = left.compare(right); order != 0) {
      return order < 0 ? -1 : 1;
    }
  }
  return 0;
}

std::string newest_package(const std::vector<std::string>& files, std::string_view name,
                           std::string_view architecture) {
  const std::string start = std::string(name) + "_";
  const auto fits = [&](std::string_view file) {
    const std::string_view of = parts_of(file).architecture;
    return of == architecture || of == "all";
  };
  const std::string* best = nullptr;
  for (const std::string& file : files) {
    if (!file.starts_with(start) || !is_package_name(file)) {
      continue;
    }
    const bool is_better = best == nullptr || (fits(file) != fits(*best)
                                                   ? fits(file)
                                                   : compare_versions(parts_of(file).version,
                                                                      parts_of(*best).version) > 0);
    best = is_better ? &file : best;
  }
  return best == nullptr ? "" : *best;
}

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

void Packages::to_install(std::function<void(const std::vector<std::string>&)> done) {
  if (directory_.empty() || (listed_at_.has_value() && loop_.now() - *listed_at_ < kFreshFor)) {
    done(to_install_);
    return;
  }
  waiting_for_list_.push_back(std::move(done));
  if (waiting_for_list_.size() == 1) {
    list();
  }
}

void Packages::list() {
  // Shared by the two halves of one job.
  const auto files = std::make_shared<std::vector<std::string>>();
  const auto finish = [this, files] {
    to_install_ = packages_to_install(*files);
    listed_at_ = loop_.now();
    for (const auto& done : std::exchange(waiting_for_list_, {})) {
      done(to_install_);
    }
  };
  const auto status = queue_.submit(
      [files, directory = directory_] {
        if (auto names = loop::list_directory(directory, kFilesMax); names.ok()) {
          *files = std::move(names).value();
        }
      },
      finish);
  if (!status.ok()) {  // packages are being read: what was listed last is still told
    for (const auto& done : std::exchange(waiting_for_list_, {})) {
      done(to_install_);
    }
  }
}

std::vector<std::string> packages_to_install(const std::vector<std::string>& files) {
  std::vector<std::string> chosen;
  for (const std::string_view name : {"linkspan-agent", "linkspan-mirror"}) {
    if (std::string newest = newest_package(files, name, kArchitecture); !newest.empty()) {
      chosen.push_back(std::move(newest));
    }
  }
  if (!chosen.empty() && !chosen.front().starts_with("linkspan-agent_")) {
    chosen.clear();  // the mirror alone joins nothing
  }
  return chosen;
}

}  // namespace coordinator
