#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <uv.h>

#include "overlay/base/result.h"
#include "overlay/base/time.h"
#include "overlay/loop/handle.h"
#include "overlay/loop/loop.h"
#include "overlay/loop/tcp.h"
#include "overlay/loop/timer.h"

namespace loop {

// One attempt to connect: finds the addresses of a host and tries them in the resolver's order
// until one answers. Destroying it ends the attempt without the callback.
class TcpConnect {
 public:
  using Done = std::function<void(base::Result<std::unique_ptr<TcpSocket>>)>;

  static constexpr std::size_t kAddressesMax = 8;  // tried of those that a host has

  // `host` is a name or an address without brackets. `done` runs once, from the loop, and may
  // destroy this. Errors: Unavailable, as "connect to pool.example:4040: connection refused".
  TcpConnect(Loop& loop, const std::string& host, std::uint16_t port, base::Duration timeout,
             Done done);
  ~TcpConnect();
  TcpConnect(const TcpConnect&) = delete;
  TcpConnect& operator=(const TcpConnect&) = delete;

 private:
  struct Lookup {
    uv_getaddrinfo_t request;
    TcpConnect* owner;  // nullptr once that is gone
  };
  struct Poll {
    uv_poll_t handle;
    TcpConnect* owner;
  };

  void handle_addresses(int status, const addrinfo* list);
  void try_next();
  void handle_writable();
  void close_attempt();
  void finish(base::Result<std::unique_ptr<TcpSocket>> result);
  base::Error failure() const;

  Loop& loop_;
  std::string what_;
  Done done_;
  Timer deadline_;
  Lookup* lookup_ = nullptr;                     // freed by its callback
  std::vector<std::vector<std::uint8_t>> left_;  // socket addresses, the next one last
  int fd_ = -1;
  HandleOwner<Poll> poll_;
  std::string why_;  // the latest attempt failed
};

}  // namespace loop
