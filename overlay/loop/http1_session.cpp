#include "overlay/loop/http1_session.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <utility>

#include <llhttp/llhttp.h>

#include "overlay/base/bytes.h"
#include "overlay/base/check.h"

namespace loop {
namespace {

// Of our own handler, so CHECKed.
std::uint64_t declared_length(const std::string& value) {
  std::uint64_t length = 0;
  const auto parsed = std::from_chars(value.data(), value.data() + value.size(), length);
  CHECK(parsed.ec == std::errc() && parsed.ptr == value.data() + value.size());
  return length;
}

}  // namespace

// llhttp's callbacks return 0 to go on, HPE_PAUSED to stop behind the message, HPE_USER to stop at
// a refusal.
struct Http1Session::Parser {
  explicit Parser(const HttpContext& given) : context(given), body_share(given.bodies) {
    llhttp_settings_init(&settings);
    settings.on_url = [](llhttp_t* parser, const char* at, std::size_t size) {
      return of(parser).take_target({at, size});
    };
    settings.on_header_field = [](llhttp_t* parser, const char* at, std::size_t size) {
      return of(parser).take_name({at, size});
    };
    settings.on_header_value = [](llhttp_t* parser, const char* at, std::size_t size) {
      return of(parser).take_value({at, size});
    };
    settings.on_header_value_complete = [](llhttp_t* parser) { return of(parser).finish_header(); };
    settings.on_headers_complete = [](llhttp_t* parser) { return of(parser).finish_headers(); };
    settings.on_body = [](llhttp_t* parser, const char* at, std::size_t size) {
      return of(parser).take_body({at, size});
    };
    settings.on_message_complete = [](llhttp_t*) { return static_cast<int>(HPE_PAUSED); };
    llhttp_init(&http, HTTP_REQUEST, &settings);
    http.data = this;
  }
  ~Parser() = default;
  Parser(const Parser&) = delete;  // llhttp points into it
  Parser& operator=(const Parser&) = delete;

  static Parser& of(llhttp_t* parser) { return *static_cast<Parser*>(parser->data); }

  int refuse(int status, std::string detail) {
    refusal = HttpRefusal{status, std::move(detail)};
    return HPE_USER;
  }
  int take_target(std::string_view text) {
    target += text;
    return target.size() <= HttpServer::kTargetBytesMax
               ? 0
               : refuse(414, "target: more than " + std::to_string(HttpServer::kTargetBytesMax) +
                                 " bytes");
  }
  // Names and values count while they come, not only when they are whole: they need not end.
  int bound_header() {
    return name.size() + value.size() <= HttpServer::kHeaderBytesMax
               ? 0
               : refuse(431, "headers: one of more than " +
                                 std::to_string(HttpServer::kHeaderBytesMax) + " bytes");
  }
  int take_name(std::string_view text) {
    for (const char byte : text) {
      const bool is_upper = byte >= 'A' && byte <= 'Z';
      name.push_back(is_upper ? static_cast<char>(byte - 'A' + 'a') : byte);
    }
    return bound_header();
  }
  int take_value(std::string_view text) {
    value += text;
    return bound_header();
  }
  int finish_header() {
    while (!value.empty() && (value.back() == ' ' || value.back() == '\t')) {
      value.pop_back();  // RFC 9112, 5.1: whitespace around a value is not part of it
    }
    refusal = headers.add(std::exchange(name, {}), std::exchange(value, {}));
    return refusal.has_value() ? HPE_USER : 0;
  }
  int finish_headers();
  int take_body(std::string_view text) {
    if (request.body.size() + text.size() > context.body_bytes_max) {
      return refuse(413, too_large());
    }
    if (!body_share.take(text.size())) {
      return refuse(503, kBodiesFull);
    }
    request.body += text;
    return 0;
  }
  std::string too_large() const {
    return "body: more than " + std::to_string(context.body_bytes_max) + " bytes";
  }

  const HttpContext& context;
  BodyBudget::Share body_share;
  llhttp_t http{};
  llhttp_settings_t settings{};
  std::string target;
  std::string name;
  std::string value;
  HeaderCollector headers;
  HttpServer::Request request;
  std::optional<HttpRefusal> refusal;
  bool wants_continue = false;  // "100 Continue" is to be sent
};

int Http1Session::Parser::finish_headers() {
  http.upgrade = 0;  // we speak nothing else: RFC 9110, 7.8 lets us ignore the wish
  request.method = llhttp_method_name(static_cast<llhttp_method_t>(http.method));
  request.headers = headers.take();
  if (!is_known_method(request.method)) {
    return refuse(405, "method " + request.method + ": not one of this server's");
  }
  if ((refusal = split_target(target, request)).has_value()) {
    return HPE_USER;
  }
  if (http.http_major != 1 || http.http_minor > 1) {
    return refuse(400, "version: expected 1.0 or 1.1");
  }
  if (http.http_minor == 1 && request.header("host").empty()) {
    return refuse(400, "header host: missing");
  }
  const bool has_length = (http.flags & F_CONTENT_LENGTH) != 0;
  if (has_length && http.content_length > context.body_bytes_max) {
    return refuse(413, too_large());
  }
  const bool has_body = (has_length && http.content_length > 0) || (http.flags & F_CHUNKED) != 0;
  wants_continue = has_body && request.header("expect") == "100-continue";
  return 0;
}

Http1Session::Http1Session(const HttpContext& context, std::function<void()> on_output)
    : HttpSession(context, std::move(on_output)) {}

Http1Session::~Http1Session() = default;

void Http1Session::handle_input(base::TimePoint now, std::span<const std::uint8_t> bytes) {
  now_ = now;
  if (state_ != State::Reading || !unread_.empty()) {
    unread_ += base::as_text(bytes);
    return;
  }
  parse(bytes);
}

void Http1Session::parse(std::span<const std::uint8_t> bytes) {
  if (parser_ == nullptr) {  // an idle connection keeps none
    parser_ = std::make_unique<Parser>(context());
    receiving_since_ = now_;
  }
  const std::string_view text = base::as_text(bytes);
  llhttp_t& http = parser_->http;
  const llhttp_errno_t code = llhttp_execute(&http, text.data(), text.size());
  if (code == HPE_OK) {
    return;
  }
  if (code != HPE_PAUSED) {
    const char* const why = llhttp_get_error_reason(&http);
    refuse(parser_->refusal.value_or(
        HttpRefusal{400, std::string("request: ") + (why == nullptr ? "not http" : why)}));
    return;
  }
  const auto used = static_cast<std::size_t>(llhttp_get_error_pos(&http) - text.data());
  is_http10_ = http.http_minor == 0;
  ++requests_;
  is_keep_alive_ = llhttp_should_keep_alive(&http) == 1 && !is_draining_ &&
                   requests_ < context().requests_per_connection_max;
  ready_ = std::move(parser_->request);
  parser_.reset();
  receiving_since_.reset();
  state_ = State::Waiting;
  unread_ = text.substr(used);
}

// Nothing of the input after a refusal can be trusted to begin a request.
void Http1Session::refuse(const HttpRefusal& refusal) {
  parser_.reset();
  receiving_since_.reset();
  unread_.clear();
  is_keep_alive_ = false;
  is_http10_ = false;
  exchange_ = std::make_shared<HttpExchange>();
  auto response = refusal_response(refusal);
  exchange_->is_answered = true;
  exchange_->status = response.status;
  exchange_->headers = std::move(response.headers);
  exchange_->body = std::move(response.body);
  is_head_written_ = false;
  state_ = State::Answering;
}

std::optional<HttpIncoming> Http1Session::poll_request() {
  if (state_ == State::Reading && !unread_.empty()) {
    const std::string bytes = std::exchange(unread_, {});
    parse(base::as_bytes(bytes));
  }
  if (!ready_.has_value()) {
    return {};
  }
  exchange_ = std::make_shared<HttpExchange>();
  exchange_->session = this;
  exchange_->is_head = ready_->method == "HEAD";
  is_head_written_ = false;
  return HttpIncoming{*std::exchange(ready_, {}), exchange_};
}

void Http1Session::answer(HttpExchange& exchange) {
  CHECK(&exchange == exchange_.get() && state_ == State::Waiting);
  state_ = State::Answering;
  signal_output();
}

void Http1Session::wake(HttpExchange& exchange) {
  exchange.is_waiting = false;
  signal_output();
}

void Http1Session::produce(std::string& out, std::size_t size) {
  if (state_ == State::Reading && parser_ != nullptr &&
      std::exchange(parser_->wants_continue, false)) {
    out += "HTTP/1.1 100 Continue\r\n\r\n";
  }
  if (state_ != State::Answering) {
    return;
  }
  if (!is_head_written_) {
    write_head(out);
    is_head_written_ = true;
    if (exchange_->is_head || !allows_body(exchange_->status)) {
      finish_answer(true);
      return;
    }
  }
  write_body(out, size);
}

void Http1Session::write_head(std::string& out) {
  HttpExchange& exchange = *exchange_;
  is_chunked_ = false;
  body_left_bytes_.reset();
  out += "HTTP/1.1 " + std::to_string(exchange.status) + ' ';
  out += reason_phrase(exchange.status);
  out += "\r\ndate: " + context().date + "\r\n";
  for (const auto& [name, value] : exchange.headers) {
    if (name == "content-length" && exchange.is_stream) {
      body_left_bytes_ = declared_length(value);
    } else if (name != "connection" && name != "content-length") {
      out += name + ": " + clean_value(value) + "\r\n";
    }
  }
  if (!exchange.is_stream && allows_body(exchange.status)) {
    body_left_bytes_ = exchange.body.size();
  }
  if (body_left_bytes_.has_value()) {
    out += "content-length: " + std::to_string(*body_left_bytes_) + "\r\n";
  } else if (is_http10_) {
    is_keep_alive_ = false;
  } else if (allows_body(exchange.status)) {
    is_chunked_ = true;
    out += "transfer-encoding: chunked\r\n";
  }
  if (!is_keep_alive_ || is_draining_) {
    is_keep_alive_ = false;
    out += "connection: close\r\n";
  } else if (is_http10_) {
    out += "connection: keep-alive\r\n";
  }
  out += "\r\n";
}

void Http1Session::write_body(std::string& out, std::size_t size) {
  while (out.size() < size) {
    std::span<const std::uint8_t> bytes;
    switch (exchange_->peek(bytes)) {
      case HttpExchange::Body::Waiting:
        return;
      case HttpExchange::Body::Ended:
        out += is_chunked_ ? "0\r\n\r\n" : "";
        finish_answer(body_left_bytes_.value_or(0) == 0);
        return;
      case HttpExchange::Body::Bytes:
        break;
    }
    std::size_t count = std::min(bytes.size(), size - out.size());
    if (body_left_bytes_.has_value()) {
      count = static_cast<std::size_t>(std::min<std::uint64_t>(count, *body_left_bytes_));
      *body_left_bytes_ -= count;
      if (count == 0) {  // more than was declared: the rest cannot be sent
        finish_answer(true);
        return;
      }
    }
    if (is_chunked_) {
      std::array<char, 24> line{};
      std::snprintf(line.data(), line.size(), "%zx\r\n", count);
      out += line.data();
    }
    out += base::as_text(bytes.first(count));
    out += is_chunked_ ? "\r\n" : "";
    exchange_->consume(count);
  }
}

void Http1Session::finish_answer(bool is_whole) {
  if (auto on_closed = end_exchange(*exchange_)) {
    ended_.push_back(std::move(on_closed));
  }
  exchange_.reset();
  state_ = is_keep_alive_ && is_whole && !is_draining_ ? State::Reading : State::Finished;
}

std::function<void()> Http1Session::poll_ended() {
  if (ended_.empty()) {
    return nullptr;
  }
  auto on_closed = std::move(ended_.front());
  ended_.pop_front();
  return on_closed;
}

void Http1Session::drain() {
  is_draining_ = true;
  if (is_idle()) {
    state_ = State::Finished;
  }
}

void Http1Session::abandon() {
  state_ = State::Finished;
  ready_.reset();
  if (exchange_ != nullptr) {
    finish_answer(false);
  }
}

}  // namespace loop
