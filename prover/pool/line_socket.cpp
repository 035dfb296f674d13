#include "prover/pool/line_socket.h"

#include <array>
#include <utility>

#include "overlay/base/bytes.h"

namespace prover {

LineSocket::LineSocket(loop::Loop& loop, std::unique_ptr<loop::TcpSocket> socket,
                       Callbacks callbacks)
    : socket_(std::move(socket)), callbacks_(std::move(callbacks)), close_timer_(loop, [this] {
        is_closed_ = true;
        socket_->watch(false, false);
        const auto on_closed = callbacks_.on_closed;  // a copy: it may destroy this
        on_closed(why_);
      }) {
  socket_->on_ready([this](loop::TcpSocket::Ready ready) { handle_ready(ready); });
  watch();
}

void LineSocket::close_soon(std::string why) {
  if (why_.empty()) {
    why_ = std::move(why);
  }
  is_closed_ = true;
  socket_->watch(false, false);
  close_timer_.start_after(base::Duration(0));
}

void LineSocket::watch() {
  if (!is_closed_) {
    socket_->watch(is_reading_ && !is_finishing_, !unsent_.empty());
  }
}

void LineSocket::send(std::string_view text) {
  if (is_closed_ || is_finishing_ || text.empty()) {
    return;
  }
  const bool was_waiting = !unsent_.empty();
  unsent_ += text;
  if (!was_waiting) {
    write_out();
  }
  if (unsent_.size() > kUnsentBytesMax) {
    close_soon("it does not read what it is sent");
    return;
  }
  watch();
}

void LineSocket::write_out() {
  while (!unsent_.empty()) {
    const auto written = socket_->write(base::as_bytes(unsent_), false);
    if (!written.ok()) {
      close_soon(written.error().text());
      return;
    }
    if (!written.value()) {
      return;
    }
    unsent_.erase(0, *written.value());
  }
  if (is_finishing_) {
    socket_->shutdown_write();
    close_soon("");
  }
}

void LineSocket::read(bool wanted) {
  is_reading_ = wanted;
  watch();
}

void LineSocket::finish() {
  if (is_closed_ || std::exchange(is_finishing_, true)) {
    return;
  }
  close_timer_.start_after(kClosingMax);
  write_out();
  watch();
}

void LineSocket::handle_ready(loop::TcpSocket::Ready ready) {
  if (ready.is_writable) {
    write_out();
    watch();
  }
  // A broken socket says why when it is read.
  if (!is_closed_ && (ready.is_readable || ready.is_broken)) {
    handle_readable();
  }
}

void LineSocket::handle_readable() {
  std::array<std::uint8_t, kReadBytes> bytes{};
  const auto size = socket_->read(bytes);
  if (!size.ok()) {
    close_soon(size.error().text());
  } else if (size.value() && *size.value() == 0) {
    close_soon("the other side closed the connection");
  } else if (size.value()) {
    const auto on_bytes = callbacks_.on_bytes;  // a copy: it may destroy this
    on_bytes(std::span(bytes).first(*size.value()));
  }
}

}  // namespace prover
