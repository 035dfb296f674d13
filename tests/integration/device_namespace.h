// Hosts for tests of the device adapters: a network and a mount namespace each, with real links,
// routes and WireGuard interfaces, none of them the machine's. Needs root and a single thread.
#pragma once

#include <cstdio>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "overlay/base/check.h"
#include "overlay/device/link.h"
#include "overlay/device/sysctl.h"
#include "overlay/loop/tool.h"

namespace device {

class Namespace {
 public:
  // Journals of the host's devices; gone with it.
  static constexpr const char* kDirectory = "/run/test";

  Namespace() {
    const Entered outside;
    CHECK(::unshare(CLONE_NEWNET | CLONE_NEWNS) == 0);
    // wireguard-go keeps its sockets under /run/wireguard, named after the interface alone.
    CHECK(::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0);
    CHECK(::mount("tmpfs", "/run", "tmpfs", 0, nullptr) == 0);
    CHECK(::mkdir(kDirectory, 0700) == 0);
    run({"ip", "link", "set", "lo", "up"});
    net_ = open_namespace("net");
    mounts_ = open_namespace("mnt");
  }
  Namespace(const Namespace&) = delete;
  Namespace& operator=(const Namespace&) = delete;
  // A tunnel's daemon lives as long as its interface, and would keep the namespace.
  ~Namespace() {
    in([] {
      for (const char* name : {"ls0", "ls1", "ls2", "ls3"}) {
        CHECK(remove_link(name).ok());
      }
    });
    ::close(net_);
    ::close(mounts_);
  }

  // Runs `work` on this host.
  template <typename Work>
  std::invoke_result_t<Work> in(Work work) const {
    const Entered outside;
    enter(net_, mounts_);
    return work();
  }

  // Output of a tool that has to succeed, on whatever host this is called.
  static std::string run(std::vector<std::string> argv) {
    const auto output = loop::run_tool({.argv = std::move(argv)});
    if (!output.ok()) {
      std::fprintf(stderr, "%s\n", output.error().text().c_str());
    }
    CHECK(output.ok());
    return output.value();
  }
  std::string run_in(std::vector<std::string> argv) const {
    return in([&] { return run(std::move(argv)); });
  }

  // Gives this host the link `name`, whose other end is `peer_name` on `peer`; both go up. No
  // link-local addresses: they appear when they like, and snapshots shall be equal.
  void connect(const std::string& name, const Namespace& peer, const std::string& peer_name) const {
    const auto target = "/proc/" + std::to_string(::getpid()) + "/fd/" + std::to_string(peer.net_);
    run_in({"ip", "link", "add", name, "type", "veth", "peer", "name", peer_name, "netns", target});
    bring_up(name);
    peer.bring_up(peer_name);
    await_carrier(name);
    peer.await_carrier(peer_name);
  }

 private:
  // Comes back to where the thread was.
  class Entered {
   public:
    Entered() : net_(open_namespace("net")), mounts_(open_namespace("mnt")) {}
    Entered(const Entered&) = delete;
    Entered& operator=(const Entered&) = delete;
    ~Entered() {
      enter(net_, mounts_);
      ::close(net_);
      ::close(mounts_);
    }

   private:
    int net_;
    int mounts_;
  };

  static int open_namespace(const std::string& kind) {
    const int fd = ::open(("/proc/thread-self/ns/" + kind).c_str(), O_RDONLY | O_CLOEXEC);
    CHECK(fd >= 0);
    return fd;
  }
  static void enter(int net, int mounts) {
    CHECK(::setns(net, CLONE_NEWNET) == 0 && ::setns(mounts, CLONE_NEWNS) == 0);
  }

  void bring_up(const std::string& name) const {
    in([&] {
      CHECK(write_sysctl("net.ipv6.conf." + name + ".addr_gen_mode", "1").ok());
      CHECK(set_link(name, {.mtu = {}, .is_brought_up = true}).ok());
    });
  }
  // The kernel tells of a carrier a little after both ends are up.
  void await_carrier(const std::string& name) const {
    constexpr int kLooksMax = 2000;
    for (int i = 0; i < kLooksMax; ++i) {
      if (run_in({"ip", "link", "show", name}).find("state UP") != std::string::npos) {
        return;
      }
    }
    CHECK(false);
  }

  int net_ = -1;
  int mounts_ = -1;
};

}  // namespace device
