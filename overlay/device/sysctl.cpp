#include "overlay/device/sysctl.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <string_view>
#include <system_error>

#include <fcntl.h>
#include <unistd.h>

#include "overlay/device/link.h"
#include "overlay/loop/files.h"

namespace device {
namespace {

constexpr std::size_t kValueBytesMax = 4096;
constexpr std::size_t kLinksMax = 65536;

base::Error system_error(const std::string& key) {
  const auto code = errno == ENOENT ? base::Errc::NotFound : base::Errc::Unavailable;
  return base::Error(code, "sysctl " + key + ": " + std::generic_category().message(errno));
}

// Dots part the key; a dot inside an interface's name is written as a slash, as sysctl(8) does it.
base::Result<std::string> path_of(const std::string& key) {
  if (!key.starts_with("net.") || key.find("..") != std::string::npos || key.ends_with('.')) {
    return base::Error(base::Errc::Malformed, "sysctl " + key + ": expected a key below net");
  }
  std::string path = key;
  for (char& letter : path) {
    letter = letter == '.' ? '/' : letter == '/' ? '.' : letter;
  }
  return "/proc/sys/" + path;
}

std::string escaped(std::string name) {
  std::ranges::replace(name, '.', '/');
  return name;
}

}  // namespace

base::Result<std::string> read_sysctl(const std::string& key) {
  const auto path = path_of(key);
  if (!path.ok()) {
    return path.error();
  }
  const int fd = ::open(path.value().c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) {
    return system_error(key);
  }
  std::array<char, kValueBytesMax> value{};
  const auto size = ::read(fd, value.data(), value.size());
  const int error = errno;
  ::close(fd);
  if (size < 0) {
    errno = error;
    return system_error(key);
  }
  std::string text(value.data(), static_cast<std::size_t>(size));
  while (text.ends_with('\n')) {
    text.pop_back();
  }
  return text;
}

bool is_ipv6_usable() {
  return std::ranges::all_of(std::array{"all", "default"}, [](std::string_view scope) {
    const auto value = read_sysctl("net.ipv6.conf." + std::string(scope) + ".disable_ipv6");
    return value.ok() && value.value() == "0";
  });
}

base::Status write_sysctl(const std::string& key, const std::string& value) {
  const auto path = path_of(key);
  if (!path.ok()) {
    return path.error();
  }
  const int fd = ::open(path.value().c_str(), O_WRONLY | O_CLOEXEC);
  if (fd < 0) {
    return system_error(key);
  }
  const auto size = ::write(fd, value.data(), value.size());
  const int error = errno;
  ::close(fd);
  if (size != static_cast<ssize_t>(value.size())) {
    errno = error;
    return system_error(key);
  }
  return {};
}

bool is_side_effect(std::string_view key) {
  return key.ends_with(".accept_ra") || key.ends_with(".accept_redirects") ||
         (key.ends_with(".forwarding") && key != "net.ipv6.conf.all.forwarding");
}

base::Result<std::vector<SysctlValue>> read_side_effects(const std::string& key) {
  // Linux, net/ipv4/devinet.c inet_forward_change() and net/ipv6/addrconf.c
  // addrconf_forward_change().
  std::vector<std::string> keys;
  std::string family;
  if (key == "net.ipv4.ip_forward") {
    family = "ipv4";
    keys.emplace_back("net.ipv4.conf.all.accept_redirects");
  } else if (key == "net.ipv6.conf.all.forwarding") {
    family = "ipv6";
  } else {
    return std::vector<SysctlValue>();
  }
  const auto links = loop::list_directory("/proc/sys/net/" + family + "/conf", kLinksMax);
  if (!links.ok()) {
    return links.error();
  }
  for (const auto& link : links.value()) {
    if (link == "all" || is_our_interface(link)) {
      continue;
    }
    const auto prefix = "net." + family + ".conf." + escaped(link) + ".";
    keys.push_back(prefix + "forwarding");
    if (family == "ipv6") {
      keys.push_back(prefix + "accept_ra");
    }
  }
  std::vector<SysctlValue> values;
  for (const auto& effect : keys) {
    if (const auto value = read_sysctl(effect); value.ok()) {  // a link may have gone meanwhile
      values.push_back({effect, value.value()});
    }
  }
  return values;
}

}  // namespace device
