#pragma once

#include <functional>
#include <memory>
#include <string>

#include "overlay/loop/http_exchange.h"
#include "overlay/loop/stream_socket.h"

namespace loop {

// One client's connection: moves bytes between a StreamSocket and the session that speaks its
// protocol, hands requests out, and says when it is to be closed for being slow.
//
//   Handshaking -> Serving -> Lingering -> closed
//
// Lingering: everything is sent and said to be; what the client still sends is dropped for a
// moment, because closing with unread input would reset the connection and lose the answer on its
// way (RFC 9112, 9.6).
class HttpConnection {
 public:
  static constexpr base::Duration kHandshakeMax = std::chrono::seconds(10);
  static constexpr base::Duration kLingerMax = std::chrono::seconds(2);
  static constexpr std::size_t kLingerBytesMax = std::size_t{1} << 20;
  // Of input and of output in one turn of the loop, so that one fast client starves nobody.
  static constexpr std::size_t kTurnBytesMax = std::size_t{256} << 10;
  static constexpr std::size_t kWriteBytes = std::size_t{16} << 10;  // one TLS record

  struct Owner {
    std::function<void(HttpIncoming)> on_request;
    std::function<void(HttpConnection&)> on_output;  // pump() is due, in a later turn
    std::function<void(HttpConnection&)> on_closed;  // may not destroy it before a later turn
    std::function<base::TimePoint()> now;
  };

  // Keeps references to all but `fd`; they outlive it.
  HttpConnection(Loop& loop, int fd, const TlsContext* tls, const HttpContext& context,
                 const Owner& owner);
  ~HttpConnection();
  HttpConnection(const HttpConnection&) = delete;
  HttpConnection& operator=(const HttpConnection&) = delete;

  // Sends what the session has. Begins nothing when it is already at work below on the stack.
  void pump();
  // Closes it if it has been too slow.
  void handle_timeout(base::TimePoint now, base::Duration idle_timeout);
  void drain();
  void close();
  bool is_open() const { return socket_.is_open(); }
  bool is_shaking_hands() const { return phase_ == Phase::Handshaking; }

  bool is_pump_due = false;  // the owner's mark: it is on its list

 private:
  enum class Phase { Handshaking, Serving, Lingering };

  void handle_event(int events);
  void shake_hands();
  void begin_serving();
  void read_input();
  void serve();
  bool write_output();
  void begin_lingering();
  void run_ended();
  void update_watch();

  StreamSocket socket_;
  const HttpContext& context_;
  const Owner& owner_;
  std::unique_ptr<HttpSession> session_;
  Phase phase_ = Phase::Handshaking;
  bool is_output_left_ = false;  // the turn's share was written, there may be more
  bool is_busy_ = false;         // a method that runs the session is on the stack
  std::string unsent_;  // produced, not taken by the socket; empty and without memory when idle
  std::size_t unsent_offset_ = 0;
  base::TimePoint progress_at_;  // the last byte either way, or the start of the phase
};

}  // namespace loop
