#include "overlay/loop/stream_socket.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "overlay/base/check.h"

namespace loop {
namespace {

StreamSocket::Io outcome_of_errno() {
  const bool is_blocked = errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
  return is_blocked ? StreamSocket::Io::Blocked : StreamSocket::Io::Closed;
}

}  // namespace

void StreamSocket::FreeTls::operator()(ssl_st* tls) const noexcept {
  SSL_free(tls);
}

StreamSocket::StreamSocket(Loop& loop, int fd, const TlsContext* tls,
                           std::function<void(int)> on_event)
    : state_(
          open_handle(std::make_unique<State>(State{{}, std::move(on_event)}),
                      [&](uv_poll_t* handle) { return uv_poll_init(&loop.handle(), handle, fd); })
              .value()),  // fails only for a descriptor that is none, or watched already
      fd_(fd) {
  if (tls != nullptr) {
    tls_.reset(SSL_new(tls->handle()));
    CHECK(tls_ != nullptr);
    CHECK(SSL_set_fd(tls_.get(), fd) == 1);
    SSL_set_accept_state(tls_.get());
  }
}

StreamSocket::~StreamSocket() {
  close();
}

void StreamSocket::watch(int events) {
  if (events == watched_ || state_ == nullptr) {
    return;
  }
  watched_ = events;
  const auto call = [](uv_poll_t* handle, int status, int seen) noexcept {
    static_cast<State*>(handle->data)->on_event(status < 0 ? UV_DISCONNECT : seen);
  };
  const int code =
      events == 0 ? uv_poll_stop(&state_->handle) : uv_poll_start(&state_->handle, events, call);
  CHECK(code == 0);
}

StreamSocket::Io StreamSocket::outcome_of(int result) {
  switch (SSL_get_error(tls_.get(), result)) {
    case SSL_ERROR_NONE:
      return Io::Done;
    case SSL_ERROR_WANT_READ:
      needs_write_ = false;
      return Io::Blocked;
    case SSL_ERROR_WANT_WRITE:
      needs_write_ = true;
      return Io::Blocked;
    default:
      ERR_clear_error();  // the queue is per thread: the next connection must not see it
      return Io::Closed;
  }
}

StreamSocket::Io StreamSocket::handshake() {
  return tls_ == nullptr ? Io::Done : outcome_of(SSL_do_handshake(tls_.get()));
}

std::string_view StreamSocket::protocol() const {
  if (tls_ == nullptr) {
    return {};
  }
  const unsigned char* name = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(tls_.get(), &name, &size);
  return {reinterpret_cast<const char*>(name), size};
}

StreamSocket::Io StreamSocket::read(std::span<std::uint8_t> into, std::size_t& size) {
  CHECK(into.size() >= kReadBytesMin);
  size = 0;
  if (tls_ != nullptr) {
    return outcome_of(SSL_read_ex(tls_.get(), into.data(), into.size(), &size));
  }
  const ssize_t count = ::recv(fd_, into.data(), into.size(), 0);
  if (count < 0) {
    return outcome_of_errno();
  }
  size = static_cast<std::size_t>(count);
  return count == 0 ? Io::Closed : Io::Done;
}

StreamSocket::Io StreamSocket::write(std::span<const std::uint8_t> bytes, std::size_t& size) {
  size = 0;
  if (tls_ != nullptr) {
    return outcome_of(SSL_write_ex(tls_.get(), bytes.data(), bytes.size(), &size));
  }
  const ssize_t count = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
  if (count < 0) {
    return outcome_of_errno();
  }
  size = static_cast<std::size_t>(count);
  return Io::Done;
}

void StreamSocket::finish_sending() {
  if (tls_ != nullptr && SSL_is_init_finished(tls_.get()) == 1) {
    SSL_shutdown(tls_.get());
    ERR_clear_error();
  }
  ::shutdown(fd_, SHUT_WR);
}

StreamSocket::Io StreamSocket::discard(std::size_t size_max) const {
  std::array<std::uint8_t, 16384> buffer{};
  for (std::size_t total = 0; total < size_max;) {
    const ssize_t count = ::recv(fd_, buffer.data(), buffer.size(), 0);
    if (count < 0) {
      return outcome_of_errno();
    }
    if (count == 0) {
      return Io::Closed;
    }
    total += static_cast<std::size_t>(count);
  }
  return Io::Done;
}

void StreamSocket::close() {
  if (fd_ < 0) {
    return;
  }
  state_.reset();  // uv_close takes the descriptor out of the poll set before it is closed
  tls_.reset();
  ::close(std::exchange(fd_, -1));
}

}  // namespace loop
