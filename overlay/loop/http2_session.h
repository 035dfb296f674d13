#pragma once

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "overlay/loop/http_exchange.h"
#include "overlay/loop/http_message.h"

struct nghttp2_session;  // its header stays out of ours

namespace loop {

// HTTP/2 (RFC 9113), framed by nghttp2. Each stream carries one exchange; at most kStreamsMax at a
// time, and the bodies being received on one connection together hold at most body_bytes_max plus
// one window (64 KiB), so a connection costs what one HTTP/1.1 request costs.
class Http2Session : public HttpSession {
 public:
  static constexpr std::uint32_t kStreamsMax = 100;
  static constexpr std::size_t kDroppedBytesMax = std::size_t{2} << 20;  // of a refused body

  Http2Session(const HttpContext& context, std::function<void()> on_output);
  ~Http2Session() override;
  Http2Session(const Http2Session&) = delete;
  Http2Session& operator=(const Http2Session&) = delete;

  void handle_input(base::TimePoint now, std::span<const std::uint8_t> bytes) override;
  std::optional<HttpIncoming> poll_request() override;
  void produce(std::string& out, std::size_t size) override;
  std::function<void()> poll_ended() override;
  bool wants_input() const override { return !is_broken_; }
  bool is_idle() const override { return streams_.empty(); }
  bool is_finished() const override;
  std::optional<base::TimePoint> receiving_since() const override;
  void drain() override;
  void abandon() override;
  void answer(HttpExchange& exchange) override;
  void wake(HttpExchange& exchange) override;

 private:
  struct Callbacks;  // what nghttp2 calls
  struct Receiving {
    explicit Receiving(BodyBudget* bodies) : body_share(bodies) {}

    HttpServer::Request request;
    BodyBudget::Share body_share;
    HeaderCollector headers;
    std::optional<HttpRefusal> refusal;
  };
  // A stream is received, then handed out, then answered.
  struct Stream {
    std::unique_ptr<Receiving> receiving;    // until the request is whole or refused
    std::shared_ptr<HttpExchange> exchange;  // owned here; Responder and Stream hold weak_ptrs
    base::TimePoint since;                   // its first header
    bool is_refused = false;                 // the client may still be sending
    std::size_t dropped_bytes = 0;           // of what it sent after that
  };
  struct FreeSession {
    void operator()(nghttp2_session* session) const noexcept;
  };

  Stream* find(std::int32_t id);
  void take_header(Receiving& receiving, std::string name, std::string value);
  void take_body(std::int32_t id, std::string_view bytes);
  void finish_request(std::int32_t id);
  void refuse(std::int32_t id, const HttpRefusal& refusal);
  void submit_answer(std::int32_t id);
  void close_stream(std::int32_t id);

  std::unique_ptr<nghttp2_session, FreeSession> session_;
  base::TimePoint now_;
  std::map<std::int32_t, Stream> streams_;  // in order of arrival: identifiers only grow
  std::size_t receiving_bytes_ = 0;         // of bodies not handed out yet
  std::deque<std::int32_t> ready_;          // whole requests, not handed out yet
  std::vector<std::int32_t> answered_;      // to be submitted by produce()
  std::deque<std::function<void()>> ended_;
  bool is_broken_ = false;
};

}  // namespace loop
