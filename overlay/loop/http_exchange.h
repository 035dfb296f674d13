// What a session, its connection and the handler share about one request: internal to the server.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "overlay/base/time.h"
#include "overlay/loop/http_server.h"

namespace loop {

class HttpSession;

// One request and its answer. Owned by the session (shared_ptr, so that Responder and Stream can
// hold a weak_ptr and learn that it is gone); the server's thread only.
struct HttpExchange {
  HttpSession* session = nullptr;  // nullptr once the stream or the connection has ended
  std::int32_t stream_id = 0;      // HTTP/2
  bool is_head = false;
  bool is_answered = false;

  int status = 0;
  HttpServer::Headers headers;
  std::string body;  // when not a stream
  bool is_stream = false;
  bool is_waiting = false;  // pull had nothing: not asked again before wake()
  bool is_ending = false;   // close() was called
  std::function<HttpServer::Chunk()> pull;
  std::function<void()> on_closed;

  HttpServer::Chunk chunk;     // pulled, not sent whole yet
  std::size_t sent_bytes = 0;  // of `body`, or of `chunk`

  enum class Body { Bytes, Waiting, Ended };
  // The next bytes of the answer's body, borrowed until the next call. Calls pull.
  Body peek(std::span<const std::uint8_t>& bytes);
  // `count` of what peek() gave has been sent.
  void consume(std::size_t count) { sent_bytes += count; }
};

// Ends `exchange`: what it held is let go, and its on_closed is returned for the caller to run.
std::function<void()> end_exchange(HttpExchange& exchange);

struct HttpIncoming {
  HttpServer::Request request;             // remote is the connection's to set
  std::shared_ptr<HttpExchange> exchange;  // the session's; shared for the moment of dispatch
};

// What the bodies that one server is receiving may hold together.
class BodyBudget {
 public:
  explicit BodyBudget(std::size_t bytes_max) : bytes_left_(bytes_max) {}
  std::size_t bytes_left() const { return bytes_left_; }

  // What one body takes of it, given back when the share goes. The budget must outlive it.
  class Share {
   public:
    explicit Share(BodyBudget* budget) : budget_(budget) {}
    ~Share() {
      if (budget_ != nullptr) {
        budget_->bytes_left_ += bytes_;
      }
    }
    Share(const Share&) = delete;
    Share& operator=(const Share&) = delete;

    // False, and nothing is taken, if so much is not left. Without a budget always true.
    bool take(std::size_t bytes) {
      if (budget_ == nullptr) {
        return true;
      }
      if (bytes > budget_->bytes_left_) {
        return false;
      }
      budget_->bytes_left_ -= bytes;
      bytes_ += bytes;
      return true;
    }

   private:
    BodyBudget* budget_;
    std::size_t bytes_ = 0;
  };

 private:
  std::size_t bytes_left_;
};

// What the machines of one server share. `date` is an IMF-fixdate, renewed by the server.
struct HttpContext {
  std::size_t body_bytes_max = 0;
  std::size_t requests_per_connection_max = 0;
  std::string date;
  BodyBudget* bodies = nullptr;  // outlives the machines; null: no bound on all bodies together
};

// The protocol of one connection as a machine: no socket, clock or user code but pull.
//
//   feed    handle_input
//   drain   poll_request, produce, poll_ended    after each feed, wake() and answer()
//   sleep   receiving_since() is where the caller's deadline for a slow request begins
class HttpSession {
 public:
  // `on_output` is called when produce() may have more outside a feed: the handler answered, or a
  // stream was woken.
  HttpSession(const HttpContext& context, std::function<void()> on_output)
      : context_(context), on_output_(std::move(on_output)) {}
  virtual ~HttpSession() = default;
  HttpSession(const HttpSession&) = delete;
  HttpSession& operator=(const HttpSession&) = delete;

  virtual void handle_input(base::TimePoint now, std::span<const std::uint8_t> bytes) = 0;

  virtual std::optional<HttpIncoming> poll_request() = 0;
  // Appends what is to be sent, until `out` holds `size` bytes or a little more.
  virtual void produce(std::string& out, std::size_t size) = 0;
  // Callbacks of streams that have ended, one a call; empty when there are no more.
  virtual std::function<void()> poll_ended() = 0;

  // Input is wanted now; otherwise leave it in the socket.
  virtual bool wants_input() const = 0;
  // Nothing is in progress: the connection may be closed with no loss.
  virtual bool is_idle() const = 0;
  // Once produce() has nothing more, the connection is to be closed.
  virtual bool is_finished() const = 0;
  virtual std::optional<base::TimePoint> receiving_since() const = 0;
  // No new requests: the ones in progress are answered.
  virtual void drain() = 0;
  // The connection is gone: ends every exchange.
  virtual void abandon() = 0;

  // The handler filled in the answer of `exchange`.
  virtual void answer(HttpExchange& exchange) = 0;
  // A stream has something to pull, or is to end.
  virtual void wake(HttpExchange& exchange) = 0;

 protected:
  const HttpContext& context() const { return context_; }
  void signal_output() const { on_output_(); }

 private:
  const HttpContext& context_;
  std::function<void()> on_output_;
};

}  // namespace loop
