// Plain TCP on the loop for servers that move bulk data: the caller reads and writes when the
// kernel is ready, so that nothing is buffered here and files go out by sendfile without blocking.
// For HTTP with TLS use http_server; for outgoing requests http_client.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include <uv.h>

#include "overlay/base/ip.h"
#include "overlay/base/result.h"
#include "overlay/loop/handle.h"
#include "overlay/loop/loop.h"
#include "overlay/loop/timer.h"

namespace loop {

// Where to listen: "ADDRESS:PORT", "[ADDRESS]:PORT", or "NAME:PORT" by the first address that the
// system's resolver has for the name. Blocks while it looks up: for a program's start only.
// Errors: Malformed; NotFound for a name without an address.
base::Result<base::Endpoint> resolve_endpoint(const std::string& text);

// One connected socket. It never blocks and never calls back from inside its own methods.
//
// The kernel answers a close() with unread input by RST, which a peer may treat as worse than an
// end. To end politely: shutdown_write(), read until the end or a deadline, destroy.
class TcpSocket {
 public:
  struct Ready {
    bool is_readable = false;
    bool is_writable = false;
    bool is_broken = false;  // the kernel reports an error on the socket; reading tells which
  };

  // Takes over `fd`, a connected non-blocking socket. Errors: Unavailable, with `fd` closed.
  static base::Result<std::unique_ptr<TcpSocket>> adopt(Loop& loop, int fd);
  ~TcpSocket();
  TcpSocket(const TcpSocket&) = delete;
  TcpSocket& operator=(const TcpSocket&) = delete;

  // Level-triggered: `on_ready` runs every turn in which a watched condition holds, so watch only
  // what will be used. It may destroy the socket. None of the two is watched at first.
  void on_ready(std::function<void(Ready)> on_ready);
  void watch(bool readable, bool writable);

  // All three: how many bytes were moved, or nothing if it would have blocked. Errors: Unavailable
  // when the connection is gone ("read: connection reset by peer").
  //
  // Zero is the end of input.
  base::Result<std::optional<std::size_t>> read(std::span<std::uint8_t> into);
  // `more` says that further bytes follow at once, so that the kernel fills its segments.
  base::Result<std::optional<std::size_t>> write(std::span<const std::uint8_t> bytes, bool more);
  // At most `size` bytes of `file` from `offset` on. Blocks only where the file is not cached.
  // Zero: the file is shorter than `offset`.
  base::Result<std::optional<std::size_t>> send_file(int file, std::uint64_t offset,
                                                     std::size_t size);

  // Sends FIN after what was written. The peer may still send.
  void shutdown_write();

  base::Endpoint remote() const { return remote_; }

 private:
  struct State {
    uv_poll_t handle;
    std::function<void(Ready)> on_ready;
  };

  TcpSocket(int fd, HandleOwner<State> state);

  int fd_;
  HandleOwner<State> state_;
  int watched_ = 0;
  base::Endpoint remote_;
};

// A listening socket. Waits with accepting while the process has no file descriptors left, and
// whenever its owner says so: connections then queue in the kernel.
class TcpListener {
 public:
  using OnAccept = std::function<void(std::unique_ptr<TcpSocket>)>;

  // Port 0 takes a free one. Errors: Conflict when the address is in use; Unavailable otherwise, as
  // "listen on 127.0.0.1:7755: permission denied".
  static base::Result<std::unique_ptr<TcpListener>> open(Loop& loop, const base::Endpoint& at,
                                                         OnAccept on_accept);
  ~TcpListener();
  TcpListener(const TcpListener&) = delete;
  TcpListener& operator=(const TcpListener&) = delete;

  base::Endpoint local() const { return local_; }
  void pause();
  void resume();

 private:
  struct State {
    uv_poll_t handle;
    TcpListener* listener;
  };

  TcpListener(Loop& loop, int fd, base::Endpoint local, OnAccept on_accept);
  void accept_waiting();

  static constexpr int kAcceptsPerTurn = 64;
  static constexpr base::Duration kNoDescriptorsPause = std::chrono::milliseconds(100);

  Loop& loop_;
  int fd_;
  base::Endpoint local_;
  OnAccept on_accept_;
  HandleOwner<State> state_;
  bool is_paused_ = false;
  Timer resume_timer_;
};

}  // namespace loop
