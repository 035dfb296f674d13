#include "overlay/loop/tcp.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <unistd.h>

#include "overlay/base/check.h"

namespace loop {
namespace {

constexpr int kListenBacklog = 1024;

// uv_strerror names every code that errno can hold and, unlike strerror, has no shared buffer.
base::Error system_error(const std::string& what, int code) {
  const base::Errc errc = code == EADDRINUSE ? base::Errc::Conflict : base::Errc::Unavailable;
  return {errc, what + ": " + uv_strerror(uv_translate_sys_error(code))};
}

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = sizeof(sockaddr_storage);

  sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
};

SocketAddress to_socket_address(const base::Endpoint& endpoint) {
  SocketAddress out;
  const auto bytes = endpoint.address.bytes();
  if (endpoint.address.is_v4()) {
    auto* const v4 = reinterpret_cast<sockaddr_in*>(&out.storage);
    v4->sin_family = AF_INET;
    v4->sin_port = htons(endpoint.port);
    std::memcpy(&v4->sin_addr, bytes.data(), bytes.size());
    out.size = sizeof(sockaddr_in);
  } else {
    auto* const v6 = reinterpret_cast<sockaddr_in6*>(&out.storage);
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(endpoint.port);
    std::memcpy(&v6->sin6_addr, bytes.data(), bytes.size());
    out.size = sizeof(sockaddr_in6);
  }
  return out;
}

base::Endpoint to_endpoint(const SocketAddress& from) {
  if (from.storage.ss_family == AF_INET) {
    const auto* const v4 = reinterpret_cast<const sockaddr_in*>(&from.storage);
    return {base::Address::v4(ntohl(v4->sin_addr.s_addr)), ntohs(v4->sin_port)};
  }
  if (from.storage.ss_family == AF_INET6) {
    const auto* const v6 = reinterpret_cast<const sockaddr_in6*>(&from.storage);
    std::array<std::uint8_t, 16> bytes{};
    std::memcpy(bytes.data(), &v6->sin6_addr, bytes.size());
    return {base::Address::v6(bytes), ntohs(v6->sin6_port)};
  }
  return {};
}

// What a transfer call returned: bytes, "would block", or an error.
base::Result<std::optional<std::size_t>> moved(const char* call, ssize_t result, int code) {
  if (result >= 0) {
    return std::optional<std::size_t>(static_cast<std::size_t>(result));
  }
  if (code == EAGAIN || code == EINTR) {
    return std::optional<std::size_t>();
  }
  return system_error(call, code);
}

}  // namespace

base::Result<base::Endpoint> resolve_endpoint(const std::string& text) {
  auto parsed = base::Endpoint::parse(text);
  const std::size_t colon = text.rfind(':');
  if (parsed.ok() || colon == std::string::npos || colon == 0 ||
      text.find_first_not_of("0123456789.:[]") >= colon) {
    return parsed;
  }
  const auto port = base::Endpoint::parse("0.0.0.0" + text.substr(colon));
  if (!port.ok()) {
    return port;
  }
  const std::string name = text.substr(0, colon);
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* list = nullptr;
  const int code = getaddrinfo(name.c_str(), nullptr, &hints, &list);
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> found(list, freeaddrinfo);
  if (code != 0) {
    return base::Error(base::Errc::NotFound, "\"" + name + "\": " + gai_strerror(code));
  }
  SocketAddress first;
  std::memcpy(&first.storage, found->ai_addr, found->ai_addrlen);
  return base::Endpoint{to_endpoint(first).address, port.value().port};
}

base::Result<std::unique_ptr<TcpSocket>> TcpSocket::adopt(Loop& loop, int fd) {
  auto state = open_handle(std::make_unique<State>(), [&](uv_poll_t* handle) {
    return uv_poll_init(&loop.handle(), handle, fd);
  });
  if (!state.ok()) {
    close(fd);
    return state.error();
  }
  // Heads and the last segment of a body must not wait for an acknowledgement.
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  return std::unique_ptr<TcpSocket>(new TcpSocket(fd, std::move(state).value()));
}

TcpSocket::TcpSocket(int fd, HandleOwner<State> state) : fd_(fd), state_(std::move(state)) {
  SocketAddress peer;
  if (getpeername(fd_, peer.get(), &peer.size) == 0) {
    remote_ = to_endpoint(peer);
  }
}

TcpSocket::~TcpSocket() {
  state_.reset();  // libuv stops watching before the descriptor can be given to somebody else
  close(fd_);
}

void TcpSocket::on_ready(std::function<void(Ready)> on_ready) {
  state_->on_ready = std::move(on_ready);
}

void TcpSocket::watch(bool readable, bool writable) {
  const int wanted = (readable ? UV_READABLE : 0) | (writable ? UV_WRITABLE : 0);
  if (wanted == watched_) {
    return;
  }
  watched_ = wanted;
  if (wanted == 0) {
    uv_poll_stop(&state_->handle);
    return;
  }
  const auto on_event = [](uv_poll_t* handle, int status, int events) noexcept {
    // A copy, because the callback may destroy the socket and with it the one stored.
    const auto callback = static_cast<State*>(handle->data)->on_ready;
    if (callback) {
      callback({(events & UV_READABLE) != 0, (events & UV_WRITABLE) != 0, status < 0});
    }
  };
  const int code = uv_poll_start(&state_->handle, wanted, on_event);
  CHECK(code == 0);
}

base::Result<std::optional<std::size_t>> TcpSocket::read(std::span<std::uint8_t> into) {
  const ssize_t result = recv(fd_, into.data(), into.size(), MSG_DONTWAIT);
  return moved("read", result, errno);
}

base::Result<std::optional<std::size_t>> TcpSocket::write(std::span<const std::uint8_t> bytes,
                                                          bool more) {
  const int flags = MSG_DONTWAIT | MSG_NOSIGNAL | (more ? MSG_MORE : 0);
  const ssize_t result = send(fd_, bytes.data(), bytes.size(), flags);
  return moved("write", result, errno);
}

base::Result<std::optional<std::size_t>> TcpSocket::send_file(int file, std::uint64_t offset,
                                                              std::size_t size) {
  auto at = static_cast<off_t>(offset);
  const ssize_t result = sendfile(fd_, file, &at, size);
  return moved("sendfile", result, errno);
}

void TcpSocket::shutdown_write() {
  shutdown(fd_, SHUT_WR);  // fails only where the connection is already gone
}

base::Result<std::unique_ptr<TcpListener>> TcpListener::open(Loop& loop, const base::Endpoint& at,
                                                             OnAccept on_accept) {
  const std::string what = "listen on " + at.text();
  const int family = at.address.is_v4() ? AF_INET : AF_INET6;
  const int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) {
    return system_error(what, errno);
  }
  const int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  SocketAddress address = to_socket_address(at);
  if (bind(fd, address.get(), address.size) != 0 || listen(fd, kListenBacklog) != 0) {
    const int code = errno;
    close(fd);
    return system_error(what, code);
  }
  SocketAddress local;
  getsockname(fd, local.get(), &local.size);
  return std::unique_ptr<TcpListener>(
      new TcpListener(loop, fd, to_endpoint(local), std::move(on_accept)));
}

TcpListener::TcpListener(Loop& loop, int fd, base::Endpoint local, OnAccept on_accept)
    : loop_(loop),
      fd_(fd),
      local_(local),
      on_accept_(std::move(on_accept)),
      state_(
          open_handle(std::make_unique<State>(),
                      [&](uv_poll_t* handle) { return uv_poll_init(&loop.handle(), handle, fd); })
              .value()),  // a fresh socket can always be watched
      is_paused_(true),
      resume_timer_(loop, [this] { resume(); }) {
  state_->listener = this;
  resume();
}

TcpListener::~TcpListener() {
  state_.reset();
  close(fd_);
}

void TcpListener::pause() {
  resume_timer_.stop();
  is_paused_ = true;
  uv_poll_stop(&state_->handle);
}

void TcpListener::resume() {
  if (!is_paused_) {
    return;
  }
  is_paused_ = false;
  const auto on_event = [](uv_poll_t* handle, int, int) noexcept {
    static_cast<State*>(handle->data)->listener->accept_waiting();
  };
  const int code = uv_poll_start(&state_->handle, UV_READABLE, on_event);
  CHECK(code == 0);
}

// The owner is called for each connection and may pause this, but not destroy it.
void TcpListener::accept_waiting() {
  for (int i = 0; i < kAcceptsPerTurn && !is_paused_; ++i) {
    const int fd = accept4(fd_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) {
      if (auto socket = TcpSocket::adopt(loop_, fd); socket.ok()) {
        on_accept_(std::move(socket).value());
      }
      continue;
    }
    if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
      pause();  // the connection stays readable: asking again at once would spin
      resume_timer_.start_after(kNoDescriptorsPause);
    }
    return;  // nothing waits, or the one that waited is gone
  }
}

}  // namespace loop
