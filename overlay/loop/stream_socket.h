#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string_view>

#include "overlay/loop/handle.h"
#include "overlay/loop/loop.h"
#include "overlay/loop/tls_context.h"

struct ssl_st;  // OpenSSL's SSL

namespace loop {

// An accepted TCP connection, with TLS or without, that never blocks. It decides nothing: its owner
// says what to wait for and moves the bytes.
//
//   handshake() until Done -> read() and write() -> finish_sending() -> close()
class StreamSocket {
 public:
  enum class Io {
    Done,     // progress was made; `size` says how much
    Blocked,  // nothing now: wait for readable or writable (a handshake: for needs_write())
    Closed,   // the peer ended, or the connection broke
  };

  // Owns `fd`, which must be non-blocking. `tls` may be nullptr. `on_event` gets UV_READABLE,
  // UV_WRITABLE, UV_DISCONNECT or'ed; a broken connection comes as UV_DISCONNECT. It may close this
  // socket, not destroy it.
  StreamSocket(Loop& loop, int fd, const TlsContext* tls, std::function<void(int)> on_event);
  ~StreamSocket();
  StreamSocket(const StreamSocket&) = delete;
  StreamSocket& operator=(const StreamSocket&) = delete;

  // Waits for these events from now on; replaces what was waited for.
  void watch(int events);

  // Done at once without TLS.
  Io handshake();
  // Whether a blocked handshake waits to write rather than to read.
  bool needs_write() const { return needs_write_; }
  // What ALPN chose: "h2", "http/1.1", or "" (no TLS, or nothing offered).
  std::string_view protocol() const;

  // Requires into.size() >= kReadBytesMin, which takes any TLS record whole: no decrypted bytes
  // stay behind that no readable event would announce.
  static constexpr std::size_t kReadBytesMin = std::size_t{16} << 10;
  Io read(std::span<std::uint8_t> into, std::size_t& size);

  // May take less than all. After Blocked, the next call must begin with the same bytes.
  Io write(std::span<const std::uint8_t> bytes, std::size_t& size);

  // Says to the peer that nothing follows. Reading goes on.
  void finish_sending();
  // Reads and drops what still comes, TLS or not, at most `size_max` bytes. Closed at its end.
  Io discard(std::size_t size_max) const;

  void close();
  bool is_open() const { return fd_ >= 0; }

 private:
  struct State {
    uv_poll_t handle;
    std::function<void(int)> on_event;
  };
  struct FreeTls {
    void operator()(ssl_st* tls) const noexcept;
  };

  Io outcome_of(int result);

  HandleOwner<State> state_;
  std::unique_ptr<ssl_st, FreeTls> tls_;
  int fd_;
  int watched_ = 0;
  bool needs_write_ = false;
};

}  // namespace loop
