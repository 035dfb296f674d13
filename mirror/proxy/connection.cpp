#include "mirror/proxy/connection.h"

#include <algorithm>
#include <array>
#include <utility>

#include "overlay/base/bytes.h"
#include "overlay/base/check.h"

namespace mirror {

Connection::Connection(loop::Loop& loop, std::unique_ptr<loop::TcpSocket> socket,
                       Callbacks callbacks)
    : loop_(loop), socket_(std::move(socket)), callbacks_(std::move(callbacks)) {
  socket_->on_ready([this](loop::TcpSocket::Ready ready) { handle_ready(ready); });
  touch(kHeadMax);
  update_watch();
}

void Connection::touch(base::Duration span) {
  deadline_ = loop_.now() + span;
}

void Connection::update_watch() {
  const bool wants_input =
      (state_ == State::Reading && !is_input_ended_) || state_ == State::Lingering;
  socket_->watch(wants_input, state_ == State::Writing && wants_write_);
}

void Connection::handle_ready(loop::TcpSocket::Ready ready) {
  if (ready.is_broken) {
    close();
    return;
  }
  if (ready.is_readable) {
    read_input();
  }
  if (ready.is_writable && state_ == State::Writing) {
    write_output();
  }
}

void Connection::read_input() {
  std::array<std::uint8_t, kInputBytesMax>
      buffer;  // NOLINT(cppcoreguidelines-pro-type-member-init): filled by read
  const auto size = socket_->read(buffer);
  if (!size.ok() || (size.value() && *size.value() == 0)) {
    if (!size.ok() || state_ == State::Lingering || !parser_.is_inside()) {
      close();
      return;
    }
    is_input_ended_ = true;
    linger();  // in the middle of a head: nothing to answer
    return;
  }
  if (!size.value() || state_ == State::Lingering) {
    return;  // what comes now is read so that the kernel need not answer it with RST
  }
  input_.insert(input_.end(), buffer.begin(),
                buffer.begin() + static_cast<std::ptrdiff_t>(*size.value()));
  take_requests();
}

// Parses until a request is waiting for its answer or the input is used up.
void Connection::take_requests() {
  is_inside_ = true;
  while (state_ == State::Reading && !input_.empty()) {
    const bool was_inside = parser_.is_inside();
    const auto taken = parser_.feed(input_);
    if (!taken.ok()) {
      refuse(taken.error());
      break;
    }
    input_.erase(input_.begin(), input_.begin() + static_cast<std::ptrdiff_t>(taken.value()));
    auto head = parser_.next();
    if (!head) {
      if (!was_inside && parser_.is_inside()) {
        touch(kHeadMax);
      }
      continue;
    }
    ++request_number_;
    is_head_request_ = head->method == "HEAD";
    is_keep_alive_ = head->is_keep_alive && !head->has_body && !is_draining_;
    state_ = State::Answering;
    touch(kIdleMax);
    callbacks_.on_request(*head);
    if (state_ == State::Writing) {
      write_output();
    }
  }
  is_inside_ = false;
  if (state_ != State::Closed) {
    update_watch();
  }
}

void Connection::refuse(const base::Error& error) {
  const bool is_limit = error.code() == base::Errc::LimitExceeded;
  ++request_number_;
  is_head_request_ = false;
  is_keep_alive_ = false;
  state_ = State::Answering;
  respond(error_answer(is_limit ? 431 : 400, "UNSUPPORTED", error.text()));
  write_output();
}

void Connection::respond(Answer answer) {
  CHECK(state_ == State::Answering);
  answer_ = std::move(answer);
  const std::uint64_t length = answer_.length_bytes ? *answer_.length_bytes
                               : answer_.body       ? answer_.body->size_bytes()
                                                    : answer_.text.size();
  is_keep_alive_ = is_keep_alive_ && !is_draining_;
  output_ = format_head(answer_, length, is_keep_alive_);
  output_sent_ = 0;
  body_left_ = 0;
  if (is_head_request_) {
    answer_.body.reset();
  } else if (answer_.body) {
    body_left_ = length;
    answer_.body->on_change([this] {
      if (state_ == State::Writing) {
        write_output();
      }
    });
  } else {
    output_ += answer_.text;
  }
  state_ = State::Writing;
  touch(kWriteStallMax);
  if (!is_inside_) {
    write_output();
  }
}

bool Connection::is_body_sent() const {
  return body_left_ == 0;
}

bool Connection::write_head() {
  while (output_sent_ < output_.size()) {
    const auto rest = base::as_bytes(std::string_view(output_).substr(output_sent_));
    const bool more = !is_body_sent() && answer_.body->peek().size_bytes > 0;
    const auto sent = socket_->write(rest, more);
    if (!sent.ok()) {
      close();
      return false;
    }
    if (!sent.value()) {
      wants_write_ = true;
      return false;
    }
    output_sent_ += *sent.value();
    touch(kWriteStallMax);
  }
  return true;
}

bool Connection::write_body(std::size_t& turn_left) {
  // nginx's figure: larger calls only make the others wait.
  constexpr std::size_t kSendMax = 2U << 20;
  Body::Piece piece = answer_.body->peek();
  if (piece.size_bytes == 0) {
    wants_write_ = false;
    if (answer_.body->state() == Body::State::Broken) {
      linger();  // short, then FIN: the client asks again for the rest
    } else {
      touch(kIdleMax);  // the source has its own deadline
    }
    return false;
  }
  const std::size_t size = static_cast<std::size_t>(
      std::min<std::uint64_t>({piece.size_bytes, body_left_, kSendMax, turn_left}));
  const auto sent = piece.file >= 0 ? socket_->send_file(piece.file, piece.offset, size)
                                    : socket_->write(piece.bytes.subspan(0, size), false);
  if (!sent.ok()) {
    close();
    return false;
  }
  if (!sent.value()) {
    wants_write_ = true;
    return false;
  }
  if (*sent.value() == 0) {
    linger();  // the file was cut under us
    return false;
  }
  answer_.body->advance(*sent.value());
  body_left_ -= *sent.value();
  turn_left -= *sent.value();
  touch(kWriteStallMax);
  return true;
}

void Connection::write_output() {
  std::size_t turn_left = kTurnBytesMax;
  bool is_going = write_head();
  while (is_going && !is_body_sent()) {
    if (turn_left == 0) {
      wants_write_ = true;  // goes on in the next turn
      break;
    }
    is_going = write_body(turn_left);
  }
  if (is_going && is_body_sent()) {
    finish_answer();
  }
  if (state_ != State::Closed && !is_inside_) {
    update_watch();
  }
}

void Connection::finish_answer() {
  answer_ = Answer{};
  output_.clear();
  wants_write_ = false;
  if (!is_keep_alive_ || is_draining_) {
    linger();
    return;
  }
  state_ = State::Reading;
  touch(kIdleMax);
  if (!is_inside_ && !input_.empty()) {
    take_requests();
  }
}

void Connection::linger() {
  answer_ = Answer{};
  socket_->shutdown_write();
  state_ = State::Lingering;
  touch(kLingerMax);
}

void Connection::close() {
  if (state_ == State::Closed) {
    return;
  }
  state_ = State::Closed;
  answer_ = Answer{};
  socket_->watch(false, false);
  callbacks_.on_closed();
}

void Connection::drain() {
  is_draining_ = true;
  if (state_ == State::Reading) {
    linger();
    update_watch();
  }
}

// What lies unread when a socket is closed makes the kernel send RST.
void Connection::cut() {
  std::array<std::uint8_t, kInputBytesMax>
      unread;  // NOLINT(cppcoreguidelines-pro-type-member-init): filled by read
  socket_->shutdown_write();
  (void)socket_->read(unread);
  close();
}

void Connection::check_deadline(base::TimePoint now) {
  if (state_ != State::Closed && now >= deadline_) {
    close();
  }
}

}  // namespace mirror
