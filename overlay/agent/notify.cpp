#include "overlay/agent/notify.h"

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <string>

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace agent {

base::Status notify_service_manager(std::string_view state) {
  // Read once at start, before any thread that could change the environment.
  const char* const name =
      std::getenv("NOTIFY_SOCKET");  // NOLINT(concurrency-mt-unsafe): see above
  if (name == nullptr || *name == '\0') {
    return {};
  }
  const std::string_view path(name);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if ((path.front() != '/' && path.front() != '@') || path.size() >= sizeof(address.sun_path)) {
    return base::Error(base::Errc::Malformed, "NOTIFY_SOCKET: not a path or an abstract name");
  }
  std::copy(path.begin(), path.end(), std::begin(address.sun_path));
  if (path.front() == '@') {
    address.sun_path[0] = '\0';
  }
  const int fd = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) {
    return base::Error(base::Errc::Unavailable,
                       std::string("notify socket: ") + ::strerrordesc_np(errno));
  }
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size());
  const ssize_t sent = ::sendto(fd, state.data(), state.size(), MSG_NOSIGNAL,
                                reinterpret_cast<const sockaddr*>(&address), size);
  const int code = errno;
  ::close(fd);
  if (sent < 0) {
    return base::Error(base::Errc::Unavailable,
                       "send to " + std::string(path) + ": " + ::strerrordesc_np(code));
  }
  return {};
}

}  // namespace agent
