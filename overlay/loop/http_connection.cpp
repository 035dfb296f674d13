#include "overlay/loop/http_connection.h"

#include <array>
#include <utility>

#include "overlay/base/bytes.h"
#include "overlay/loop/http1_session.h"
#include "overlay/loop/http2_session.h"

namespace loop {

HttpConnection::HttpConnection(Loop& loop, int fd, const TlsContext* tls,
                               const HttpContext& context, const Owner& owner)
    : socket_(loop, fd, tls, [this](int events) { handle_event(events); }),
      context_(context),
      owner_(owner),
      progress_at_(owner.now()) {
  socket_.watch(UV_READABLE);
}

HttpConnection::~HttpConnection() = default;

void HttpConnection::handle_event(int events) {
  if (phase_ == Phase::Lingering) {
    if (socket_.discard(kLingerBytesMax) != StreamSocket::Io::Blocked) {
      close();
    }
    return;
  }
  if (phase_ == Phase::Handshaking) {
    shake_hands();
    return;
  }
  if ((events & UV_READABLE) != 0) {
    read_input();
  } else if ((events & UV_DISCONNECT) != 0) {
    close();  // only watched for while nothing is read: the client will not see the answer
  }
  if (is_open()) {
    serve();
  }
}

void HttpConnection::shake_hands() {
  switch (socket_.handshake()) {
    case StreamSocket::Io::Closed:
      close();
      return;
    case StreamSocket::Io::Blocked:
      socket_.watch(socket_.needs_write() ? UV_WRITABLE : UV_READABLE);
      return;
    case StreamSocket::Io::Done:
      break;
  }
  begin_serving();
  read_input();  // the request often comes with the end of the handshake
  if (is_open()) {
    serve();
  }
}

void HttpConnection::begin_serving() {
  const auto on_output = [this] {
    if (!is_busy_) {
      owner_.on_output(*this);
    }
  };
  if (socket_.protocol() == "h2") {
    session_ = std::make_unique<Http2Session>(context_, on_output);
  } else {
    session_ = std::make_unique<Http1Session>(context_, on_output);
  }
  phase_ = Phase::Serving;
  progress_at_ = owner_.now();
}

void HttpConnection::read_input() {
  // One for all connections of a thread: input is consumed before anything else runs.
  static thread_local std::array<std::uint8_t, StreamSocket::kReadBytesMin> buffer;
  is_busy_ = true;
  for (std::size_t total = 0; total < kTurnBytesMax && session_->wants_input();) {
    std::size_t size = 0;
    const auto outcome = socket_.read(buffer, size);
    if (outcome == StreamSocket::Io::Blocked) {
      break;
    }
    if (outcome == StreamSocket::Io::Closed) {
      is_busy_ = false;
      close();
      return;
    }
    total += size;
    progress_at_ = owner_.now();
    session_->handle_input(progress_at_, std::span(buffer).first(size));
  }
  is_busy_ = false;
}

// Runs the session until it and the socket can do no more: hand requests out, write answers, which
// may make room for the next request that was sent ahead.
void HttpConnection::serve() {
  is_busy_ = true;
  bool has_more = true;
  while (has_more && is_open()) {
    while (auto incoming = session_->poll_request()) {
      owner_.on_request(std::move(*incoming));
      if (!is_open()) {
        break;
      }
    }
    has_more = is_open() && write_output();
  }
  is_busy_ = false;
  if (!is_open()) {
    return;
  }
  run_ended();
  if (!is_open()) {
    return;
  }
  if (session_->is_finished() && unsent_.empty()) {
    begin_lingering();
    return;
  }
  update_watch();
}

// Writes for one turn at most. True when an answer was written whole, so that more input may count.
bool HttpConnection::write_output() {
  bool has_written = false;
  is_output_left_ = false;
  for (std::size_t total = 0; total < kTurnBytesMax;) {
    if (unsent_.empty()) {
      session_->produce(unsent_, kWriteBytes);
      if (unsent_.empty()) {
        return has_written;
      }
    }
    const auto bytes = base::as_bytes(unsent_).subspan(unsent_offset_);
    std::size_t size = 0;
    const auto outcome = socket_.write(bytes, size);
    if (outcome == StreamSocket::Io::Closed) {
      close();
      return false;
    }
    if (outcome == StreamSocket::Io::Blocked) {
      return false;
    }
    has_written = true;
    progress_at_ = owner_.now();
    total += size;
    unsent_offset_ += size;
    if (unsent_offset_ == unsent_.size()) {
      std::string().swap(unsent_);  // clear() and "= {}" keep the memory, 16 KB a connection
      unsent_offset_ = 0;
    }
  }
  is_output_left_ = true;  // the socket takes more: the next turn goes on
  return false;
}

void HttpConnection::update_watch() {
  int events = session_->wants_input() ? UV_READABLE : UV_DISCONNECT;
  if (!unsent_.empty() || is_output_left_) {
    events |= UV_WRITABLE;
  }
  socket_.watch(events);
}

void HttpConnection::run_ended() {
  while (auto on_closed = session_->poll_ended()) {
    on_closed();
  }
}

void HttpConnection::begin_lingering() {
  phase_ = Phase::Lingering;
  progress_at_ = owner_.now();
  socket_.finish_sending();
  socket_.watch(UV_READABLE);
}

void HttpConnection::pump() {
  if (phase_ == Phase::Serving && is_open() && !is_busy_) {
    serve();
  }
}

void HttpConnection::handle_timeout(base::TimePoint now, base::Duration idle_timeout) {
  if (!is_open()) {
    return;
  }
  base::TimePoint deadline = base::TimePoint::max();
  if (phase_ == Phase::Handshaking) {
    deadline = progress_at_ + kHandshakeMax;
  } else if (phase_ == Phase::Lingering) {
    deadline = progress_at_ + kLingerMax;
  } else if (const auto since = session_->receiving_since()) {
    deadline = *since + idle_timeout;
  } else if (!unsent_.empty() || session_->is_idle()) {
    deadline = progress_at_ + idle_timeout;
  }
  if (now >= deadline) {
    close();
  }
}

void HttpConnection::drain() {
  if (phase_ == Phase::Serving && is_open()) {
    session_->drain();
    pump();
  } else if (phase_ == Phase::Handshaking) {
    close();
  }
}

void HttpConnection::close() {
  if (!is_open()) {
    return;
  }
  socket_.close();
  owner_.on_closed(*this);  // first: what follows may end the owner, which closes all it still has
  if (session_ != nullptr) {
    session_->abandon();
    run_ended();
  }
}

}  // namespace loop
