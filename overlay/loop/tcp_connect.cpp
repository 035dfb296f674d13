#include "overlay/loop/tcp_connect.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include "overlay/base/check.h"

namespace loop {
namespace {

std::string text_of(int code) {
  return uv_strerror(uv_translate_sys_error(code));
}

}  // namespace

TcpConnect::TcpConnect(Loop& loop, const std::string& host, std::uint16_t port,
                       base::Duration timeout, Done done)
    : loop_(loop),
      what_("connect to " + host + ":" + std::to_string(port)),
      done_(std::move(done)),
      deadline_(loop, [this] { finish(failure()); }),
      why_("no answer in time") {
  deadline_.start_after(timeout);
  auto lookup = std::make_unique<Lookup>();
  lookup->owner = this;
  lookup->request.data = lookup.get();
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICSERV;
  const auto on_addresses = [](uv_getaddrinfo_t* request, int status, addrinfo* list) noexcept {
    const std::unique_ptr<Lookup> owned(static_cast<Lookup*>(request->data));
    const std::unique_ptr<addrinfo, decltype(&uv_freeaddrinfo)> addresses(list, uv_freeaddrinfo);
    if (owned->owner != nullptr) {
      owned->owner->lookup_ = nullptr;
      owned->owner->handle_addresses(status, list);
    }
  };
  const int code = uv_getaddrinfo(&loop.handle(), &lookup->request, on_addresses, host.c_str(),
                                  std::to_string(port).c_str(), &hints);
  if (code != 0) {
    why_ = uv_strerror(code);  // a host name that is too long
    deadline_.start_after(base::Duration(0));
    return;
  }
  lookup_ = lookup.release();
}

TcpConnect::~TcpConnect() {
  if (lookup_ != nullptr) {
    lookup_->owner = nullptr;
    uv_cancel(reinterpret_cast<uv_req_t*>(&lookup_->request));
  }
  close_attempt();
}

void TcpConnect::handle_addresses(int status, const addrinfo* list) {
  if (status != 0) {
    why_ = uv_strerror(status);
    finish(failure());
    return;
  }
  for (; list != nullptr && left_.size() < kAddressesMax; list = list->ai_next) {
    const auto* bytes = reinterpret_cast<const std::uint8_t*>(list->ai_addr);
    left_.emplace_back(bytes, bytes + list->ai_addrlen);
  }
  std::ranges::reverse(left_);
  try_next();
}

void TcpConnect::try_next() {
  close_attempt();
  while (!left_.empty()) {
    const std::vector<std::uint8_t> address = std::move(left_.back());
    left_.pop_back();
    const auto* const at = reinterpret_cast<const sockaddr*>(address.data());
    fd_ = socket(at->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd_ >= 0 &&
        (connect(fd_, at, static_cast<socklen_t>(address.size())) == 0 || errno == EINPROGRESS)) {
      auto poll = open_handle(std::make_unique<Poll>(), [&](uv_poll_t* handle) {
        return uv_poll_init(&loop_.handle(), handle, fd_);
      });
      CHECK(poll.ok());  // a fresh socket can always be watched
      poll_ = std::move(poll).value();
      poll_->owner = this;
      const int code = uv_poll_start(&poll_->handle, UV_WRITABLE, [](uv_poll_t* handle, int, int) {
        static_cast<Poll*>(handle->data)->owner->handle_writable();
      });
      CHECK(code == 0);
      return;
    }
    why_ = text_of(errno);
    close_attempt();
  }
  finish(failure());
}

void TcpConnect::handle_writable() {
  int code = 0;
  socklen_t size = sizeof(code);
  if (getsockopt(fd_, SOL_SOCKET, SO_ERROR, &code, &size) != 0 || code != 0) {
    why_ = text_of(code);
    try_next();
    return;
  }
  poll_.reset();  // the socket gets a watch of its own
  finish(TcpSocket::adopt(loop_, std::exchange(fd_, -1)));
}

void TcpConnect::close_attempt() {
  poll_.reset();
  if (fd_ >= 0) {
    close(std::exchange(fd_, -1));
  }
}

void TcpConnect::finish(base::Result<std::unique_ptr<TcpSocket>> result) {
  deadline_.stop();
  std::exchange(done_, nullptr)(std::move(result));  // last: it may destroy this
}

base::Error TcpConnect::failure() const {
  return {base::Errc::Unavailable, what_ + ": " + why_};
}

}  // namespace loop
