// Network namespaces for tests of the device adapters: real links, routes and WireGuard interfaces,
// none of them the machine's. Needs root.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include "overlay/base/check.h"
#include "overlay/loop/tool.h"

namespace device {

// One network namespace; the thread enters it by in(). Ended by the last process in it.
class Namespace {
 public:
  // The process gets a mount namespace of its own as well: wireguard-go keeps its sockets under
  // /run/wireguard, named after the interface alone.
  Namespace() {
    const int before = ::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
    CHECK(before >= 0 && ::unshare(CLONE_NEWNET) == 0);
    fd_ = ::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
    CHECK(fd_ >= 0);
    run({"ip", "link", "set", "lo", "up"});
    CHECK(::setns(before, CLONE_NEWNET) == 0);
    ::close(before);
  }
  Namespace(const Namespace&) = delete;
  Namespace& operator=(const Namespace&) = delete;
  ~Namespace() { ::close(fd_); }

  // Once per process, before anything is made.
  static void hide_mounts() {
    CHECK(::unshare(CLONE_NEWNS) == 0);
    CHECK(::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0);
    CHECK(::mount("tmpfs", "/run", "tmpfs", 0, nullptr) == 0);
  }

  template <typename Work>
  auto in(Work work) const {
    struct Return {
      int fd = ::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
      ~Return() {
        CHECK(::setns(fd, CLONE_NEWNET) == 0);
        ::close(fd);
      }
    };
    const Return back;
    CHECK(::setns(fd_, CLONE_NEWNET) == 0);
    return work();
  }

  // Output of a tool that has to succeed.
  static std::string run(std::vector<std::string> argv) {
    auto output = loop::run_tool({.argv = std::move(argv)});
    if (!output.ok()) {
      std::fprintf(stderr, "%s\n", output.error().text().c_str());
    }
    CHECK(output.ok());
    return output.value();
  }
  std::string run_in(std::vector<std::string> argv) const {
    return in([&] { return run(std::move(argv)); });
  }

  int fd() const { return fd_; }

 private:
  int fd_ = -1;
};

}  // namespace device
