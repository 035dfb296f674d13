#include "overlay/agent/programs.h"

#include <cstdlib>

#include <unistd.h>

#include "overlay/loop/files.h"

namespace agent {

std::optional<std::string> find_program(std::string_view name) {
  if (name.find('/') != std::string_view::npos) {
    const std::string path(name);
    return ::access(path.c_str(), X_OK) == 0 ? std::optional(path) : std::nullopt;
  }
  constexpr const char* kUsual = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
  // Nobody changes the environment after the start of the program.
  const char* const path = std::getenv("PATH");  // NOLINT(concurrency-mt-unsafe): see above
  std::string_view left(path != nullptr ? path : kUsual);
  while (!left.empty()) {
    const auto end = left.find(':');
    const std::string candidate = std::string(left.substr(0, end)) + "/" + std::string(name);
    if (::access(candidate.c_str(), X_OK) == 0) {
      return candidate;
    }
    left = end == std::string_view::npos ? std::string_view() : left.substr(end + 1);
  }
  return std::nullopt;
}

bool is_systemd_running() {
  return loop::path_exists("/run/systemd/system");
}

}  // namespace agent
