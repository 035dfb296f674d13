#pragma once

#include <deque>
#include <memory>
#include <string>

#include "overlay/loop/http_exchange.h"
#include "overlay/loop/http_message.h"

namespace loop {

// HTTP/1.1 and 1.0 (RFC 9112), parsed by llhttp without any of its leniencies.
//
//   Reading --whole request--> Waiting --answer()--> Answering --sent--> Reading, or Finished
//      \--cannot be read: refusal-----------------------^
//
// One request at a time: what a client sends ahead stays in `unread_`, at most one input, and then
// in the socket. An answer without content-length is chunked, to HTTP/1.0 it ends with the
// connection.
class Http1Session : public HttpSession {
 public:
  Http1Session(const HttpContext& context, std::function<void()> on_output);
  ~Http1Session() override;
  Http1Session(const Http1Session&) = delete;
  Http1Session& operator=(const Http1Session&) = delete;

  void handle_input(base::TimePoint now, std::span<const std::uint8_t> bytes) override;
  std::optional<HttpIncoming> poll_request() override;
  void produce(std::string& out, std::size_t size) override;
  std::function<void()> poll_ended() override;
  bool wants_input() const override { return state_ == State::Reading && unread_.empty(); }
  bool is_idle() const override {
    return state_ == State::Reading && !receiving_since_ && unread_.empty();
  }
  bool is_finished() const override { return state_ == State::Finished; }
  std::optional<base::TimePoint> receiving_since() const override { return receiving_since_; }
  void drain() override;
  void abandon() override;
  void answer(HttpExchange& exchange) override;
  void wake(HttpExchange& exchange) override;

 private:
  enum class State { Reading, Waiting, Answering, Finished };
  struct Parser;  // llhttp and the request it is building

  void parse(std::span<const std::uint8_t> bytes);
  void refuse(const HttpRefusal& refusal);
  void write_head(std::string& out);
  void write_body(std::string& out, std::size_t size);
  void finish_answer(bool is_whole);

  State state_ = State::Reading;
  base::TimePoint now_;
  std::unique_ptr<Parser> parser_;
  std::string unread_;
  std::optional<base::TimePoint> receiving_since_;
  std::optional<HttpServer::Request> ready_;
  std::shared_ptr<HttpExchange> exchange_;  // owned here; Responder and Stream hold weak_ptrs
  std::deque<std::function<void()>> ended_;
  std::size_t requests_ = 0;
  bool is_draining_ = false;
  bool is_keep_alive_ = true;  // after the request in progress
  bool is_http10_ = false;
  bool is_head_written_ = false;
  bool is_chunked_ = false;
  std::optional<std::uint64_t> body_left_bytes_;  // of a declared content-length
};

}  // namespace loop
