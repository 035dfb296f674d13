#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>

#include "overlay/base/time.h"
#include "overlay/loop/loop.h"
#include "overlay/loop/tcp.h"
#include "overlay/loop/timer.h"

namespace prover {

// A socket that takes text to send and gives what it reads, both bounded: what a peer does not take
// is kept up to kUnsentBytesMax and then the peer is let go; what the owner does not want stays in
// the kernel.
class LineSocket {
 public:
  static constexpr std::size_t kUnsentBytesMax = std::size_t{256} << 10;
  static constexpr std::size_t kReadBytes = std::size_t{4} << 10;         // at most, a turn
  static constexpr base::Duration kClosingMax = std::chrono::seconds(5);  // to send the rest

  struct Callbacks {
    std::function<void(std::span<const std::uint8_t>)> on_bytes;
    // Once: the peer ended, the connection broke, or what was to be sent before an end is sent.
    // Nothing follows.
    std::function<void(const std::string& why)> on_closed;
  };

  // Reads at first. Both callbacks come from the loop, never from inside a call, and may destroy
  // this.
  LineSocket(loop::Loop& loop, std::unique_ptr<loop::TcpSocket> socket, Callbacks callbacks);
  LineSocket(const LineSocket&) = delete;
  LineSocket& operator=(const LineSocket&) = delete;

  void send(std::string_view text);
  void read(bool wanted);
  // Sends what is left, then on_closed. Reads no more.
  void finish();

  base::Endpoint remote() const { return socket_->remote(); }

 private:
  void handle_ready(loop::TcpSocket::Ready ready);
  void handle_readable();
  void write_out();
  void watch();
  void close_soon(std::string why);

  std::unique_ptr<loop::TcpSocket> socket_;
  Callbacks callbacks_;
  loop::Timer close_timer_;
  std::string unsent_;
  std::string why_;
  bool is_reading_ = true;
  bool is_finishing_ = false;
  bool is_closed_ = false;
};

}  // namespace prover
