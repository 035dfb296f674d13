#include "overlay/loop/http2_session.h"

#include <algorithm>
#include <array>
#include <utility>

#include <nghttp2/nghttp2.h>

#include "overlay/base/bytes.h"
#include "overlay/base/check.h"

namespace loop {
namespace {

std::string text_of(const std::uint8_t* bytes, std::size_t size) {
  return {reinterpret_cast<const char*>(bytes), size};
}

// nghttp2 copies both at submission; it declares the pointers without const.
nghttp2_nv pair_of(const std::string& name, const std::string& value) {
  nghttp2_nv pair{};
  pair.name = reinterpret_cast<std::uint8_t*>(const_cast<char*>(name.data()));
  pair.namelen = name.size();
  pair.value = reinterpret_cast<std::uint8_t*>(const_cast<char*>(value.data()));
  pair.valuelen = value.size();
  pair.flags = NGHTTP2_NV_FLAG_NONE;
  return pair;
}

// Headers that are about one HTTP/1.1 connection; RFC 9113, 8.2.2 forbids them here.
bool is_connection_header(const std::string& name) {
  return name == "connection" || name == "keep-alive" || name == "transfer-encoding" ||
         name == "upgrade" || name == "proxy-connection";
}

}  // namespace

void Http2Session::FreeSession::operator()(nghttp2_session* session) const noexcept {
  nghttp2_session_del(session);
}

// The callbacks only record. Requests are handed out by poll_request(), so no handler runs inside
// nghttp2; pull does, from `read`.
struct Http2Session::Callbacks {
  static Http2Session& of(void* user) { return *static_cast<Http2Session*>(user); }

  static int begin_headers(nghttp2_session*, const nghttp2_frame* frame, void* user) {
    if (frame->hd.type != NGHTTP2_HEADERS || frame->headers.cat != NGHTTP2_HCAT_REQUEST) {
      return 0;  // trailers
    }
    Http2Session& session = of(user);
    Stream stream;
    stream.receiving = std::make_unique<Receiving>(session.context().bodies);
    stream.since = session.now_;
    session.streams_.emplace(frame->hd.stream_id, std::move(stream));
    return 0;
  }

  // NOLINTNEXTLINE(readability-function-size): nghttp2 gives the parameters
  static int header(nghttp2_session*, const nghttp2_frame* frame, const std::uint8_t* name,
                    std::size_t name_size, const std::uint8_t* value, std::size_t value_size,
                    std::uint8_t, void* user) {
    if (frame->hd.type != NGHTTP2_HEADERS || frame->headers.cat != NGHTTP2_HCAT_REQUEST) {
      return 0;
    }
    Http2Session& session = of(user);
    Stream* const stream = session.find(frame->hd.stream_id);
    if (stream != nullptr && stream->receiving != nullptr) {
      session.take_header(*stream->receiving, text_of(name, name_size), text_of(value, value_size));
    }
    return 0;
  }

  static int data(nghttp2_session*, std::uint8_t, std::int32_t id, const std::uint8_t* bytes,
                  std::size_t size, void* user) {
    of(user).take_body(id, base::as_text({bytes, size}));
    return 0;
  }

  static int frame(nghttp2_session*, const nghttp2_frame* frame, void* user) {
    Http2Session& session = of(user);
    const std::int32_t id = frame->hd.stream_id;
    Stream* const stream = session.find(id);
    if (stream == nullptr || stream->receiving == nullptr) {
      return 0;
    }
    if (stream->receiving->refusal.has_value()) {
      session.refuse(id, *stream->receiving->refusal);
    } else if ((frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA) &&
               (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0) {
      session.finish_request(id);
    }
    return 0;
  }

  static int stream_close(nghttp2_session*, std::int32_t id, std::uint32_t, void* user) {
    of(user).close_stream(id);
    return 0;
  }

  // NOLINTNEXTLINE(readability-function-size): nghttp2 gives the parameters
  static ssize_t read(nghttp2_session*, std::int32_t id, std::uint8_t* buffer, std::size_t size,
                      std::uint32_t* flags, nghttp2_data_source*, void* user) {
    Stream* const stream = of(user).find(id);
    CHECK(stream != nullptr && stream->exchange != nullptr);
    std::span<const std::uint8_t> bytes;
    switch (stream->exchange->peek(bytes)) {
      case HttpExchange::Body::Waiting:
        return NGHTTP2_ERR_DEFERRED;
      case HttpExchange::Body::Ended:
        *flags |= NGHTTP2_DATA_FLAG_EOF;
        return 0;
      case HttpExchange::Body::Bytes:
        break;
    }
    const std::size_t count = std::min(size, bytes.size());
    std::copy_n(bytes.begin(), count, buffer);
    stream->exchange->consume(count);
    return static_cast<ssize_t>(count);
  }
};

Http2Session::Http2Session(const HttpContext& context, std::function<void()> on_output)
    : HttpSession(context, std::move(on_output)) {
  nghttp2_session_callbacks* callbacks = nullptr;
  CHECK(nghttp2_session_callbacks_new(&callbacks) == 0);
  nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, &Callbacks::begin_headers);
  nghttp2_session_callbacks_set_on_header_callback(callbacks, &Callbacks::header);
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, &Callbacks::data);
  nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, &Callbacks::frame);
  nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, &Callbacks::stream_close);
  nghttp2_session* session = nullptr;
  CHECK(nghttp2_session_server_new(&session, callbacks, this) == 0);
  nghttp2_session_callbacks_del(callbacks);
  session_.reset(session);
  const std::array<nghttp2_settings_entry, 2> settings{{
      {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, kStreamsMax},
      {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, HttpServer::kHeaderBytesMax},
  }};
  CHECK(nghttp2_submit_settings(session, NGHTTP2_FLAG_NONE, settings.data(), settings.size()) == 0);
}

Http2Session::~Http2Session() = default;

Http2Session::Stream* Http2Session::find(std::int32_t id) {
  const auto entry = streams_.find(id);
  return entry == streams_.end() ? nullptr : &entry->second;
}

void Http2Session::handle_input(base::TimePoint now, std::span<const std::uint8_t> bytes) {
  now_ = now;
  const ssize_t count = nghttp2_session_mem_recv(session_.get(), bytes.data(), bytes.size());
  if (count < 0) {
    is_broken_ = true;  // a bad preface or a flood; errors of frames become GOAWAY by themselves
  }
}

void Http2Session::take_header(Receiving& receiving, std::string name, std::string value) {
  if (receiving.refusal.has_value()) {
    return;
  }
  if (name == ":method") {
    receiving.request.method = std::move(value);
    if (!is_known_method(receiving.request.method)) {
      receiving.refusal = HttpRefusal{405, "method: not one of this server's"};
    }
  } else if (name == ":path") {
    receiving.refusal =
        value.size() > HttpServer::kTargetBytesMax
            ? HttpRefusal{414, "target: more than " + std::to_string(HttpServer::kTargetBytesMax) +
                                   " bytes"}
            : split_target(value, receiving.request);
  } else if (name == ":authority") {
    receiving.refusal = receiving.headers.add("host", std::move(value));
  } else if (!name.starts_with(':')) {
    receiving.refusal = receiving.headers.add(std::move(name), std::move(value));
  }
}

void Http2Session::take_body(std::int32_t id, std::string_view bytes) {
  Stream* const stream = find(id);
  if (stream == nullptr) {
    return;
  }
  if (stream->receiving == nullptr) {
    // Refused. RFC 9113, 8.1 would let us reset the stream behind the answer at once, but curl 7.88
    // (Debian 12) then forgets the answer that it has received; so some is dropped first.
    stream->dropped_bytes += bytes.size();
    if (stream->dropped_bytes > kDroppedBytesMax) {
      nghttp2_submit_rst_stream(session_.get(), NGHTTP2_FLAG_NONE, id, NGHTTP2_NO_ERROR);
    }
    return;
  }
  if (receiving_bytes_ + bytes.size() > context().body_bytes_max) {
    refuse(id, {413, "body: more than " + std::to_string(context().body_bytes_max) + " bytes"});
    return;
  }
  if (!stream->receiving->body_share.take(bytes.size())) {
    refuse(id, {503, kBodiesFull});
    return;
  }
  receiving_bytes_ += bytes.size();
  stream->receiving->request.body += bytes;
}

void Http2Session::finish_request(std::int32_t id) {
  Stream& stream = *find(id);
  stream.exchange = std::make_shared<HttpExchange>();
  stream.exchange->session = this;
  stream.exchange->stream_id = id;
  stream.exchange->is_head = stream.receiving->request.method == "HEAD";
  ready_.push_back(id);
}

void Http2Session::refuse(std::int32_t id, const HttpRefusal& refusal) {
  Stream& stream = *find(id);
  receiving_bytes_ -= stream.receiving->request.body.size();
  auto response = refusal_response(refusal);
  stream.is_refused = true;
  stream.exchange = std::make_shared<HttpExchange>();
  stream.exchange->stream_id = id;
  stream.exchange->is_answered = true;
  stream.exchange->is_head = stream.receiving->request.method == "HEAD";
  stream.exchange->status = response.status;
  stream.exchange->headers = std::move(response.headers);
  stream.exchange->body = std::move(response.body);
  stream.receiving.reset();
  answered_.push_back(id);
}

std::optional<HttpIncoming> Http2Session::poll_request() {
  while (!ready_.empty()) {
    Stream* const stream = find(ready_.front());
    ready_.pop_front();
    if (stream == nullptr || stream->receiving == nullptr) {
      continue;  // reset by the client meanwhile
    }
    auto receiving = std::exchange(stream->receiving, nullptr);
    receiving_bytes_ -= receiving->request.body.size();
    receiving->request.headers = receiving->headers.take();
    return HttpIncoming{std::move(receiving->request), stream->exchange};
  }
  return {};
}

void Http2Session::answer(HttpExchange& exchange) {
  answered_.push_back(exchange.stream_id);
  signal_output();
}

void Http2Session::wake(HttpExchange& exchange) {
  exchange.is_waiting = false;
  // Refused for a stream that is not deferred, which asks pull by itself.
  nghttp2_session_resume_data(session_.get(), exchange.stream_id);
  signal_output();
}

void Http2Session::submit_answer(std::int32_t id) {
  Stream* const stream = find(id);
  if (stream == nullptr) {
    return;  // the client reset it
  }
  HttpExchange& exchange = *stream->exchange;
  HttpServer::Headers headers;
  for (const auto& [name, value] : exchange.headers) {
    if (!is_connection_header(name) && (exchange.is_stream || name != "content-length")) {
      headers.emplace(name, clean_value(value));
    }
  }
  headers.emplace("date", context().date);
  if (!exchange.is_stream && allows_body(exchange.status)) {
    headers["content-length"] = std::to_string(exchange.body.size());
  }
  const std::string status_name = ":status";
  const std::string status = std::to_string(exchange.status);
  std::vector<nghttp2_nv> pairs{pair_of(status_name, status)};
  for (const auto& [name, value] : headers) {
    pairs.push_back(pair_of(name, value));
  }
  nghttp2_data_provider provider{};
  provider.read_callback = &Callbacks::read;
  const bool has_body = !exchange.is_head && allows_body(exchange.status) &&
                        (exchange.is_stream || !exchange.body.empty());
  const int code = nghttp2_submit_response(session_.get(), id, pairs.data(), pairs.size(),
                                           has_body ? &provider : nullptr);
  is_broken_ = is_broken_ || code != 0;  // out of memory or of identifiers: end the connection
}

void Http2Session::produce(std::string& out, std::size_t size) {
  for (const std::int32_t id : std::exchange(answered_, {})) {
    submit_answer(id);
  }
  while (out.size() < size) {
    const std::uint8_t* bytes = nullptr;
    const ssize_t count = nghttp2_session_mem_send(session_.get(), &bytes);
    if (count <= 0) {
      is_broken_ = is_broken_ || count < 0;
      return;
    }
    out += base::as_text({bytes, static_cast<std::size_t>(count)});
  }
}

void Http2Session::close_stream(std::int32_t id) {
  const auto entry = streams_.find(id);
  if (entry == streams_.end()) {
    return;
  }
  if (entry->second.receiving != nullptr) {
    receiving_bytes_ -= entry->second.receiving->request.body.size();
  }
  if (entry->second.exchange != nullptr) {
    if (auto on_closed = end_exchange(*entry->second.exchange)) {
      ended_.push_back(std::move(on_closed));
    }
  }
  streams_.erase(entry);
}

std::function<void()> Http2Session::poll_ended() {
  if (ended_.empty()) {
    return nullptr;
  }
  auto on_closed = std::move(ended_.front());
  ended_.pop_front();
  return on_closed;
}

bool Http2Session::is_finished() const {
  return is_broken_ || (nghttp2_session_want_read(session_.get()) == 0 &&
                        nghttp2_session_want_write(session_.get()) == 0);
}

std::optional<base::TimePoint> Http2Session::receiving_since() const {
  for (const auto& [id, stream] : streams_) {
    if (stream.receiving != nullptr || stream.is_refused) {
      return stream.since;  // the oldest: identifiers grow
    }
  }
  return {};
}

void Http2Session::drain() {
  // The streams in progress go on; with the last of them the session wants nothing any more.
  nghttp2_submit_goaway(session_.get(), NGHTTP2_FLAG_NONE,
                        nghttp2_session_get_last_proc_stream_id(session_.get()), NGHTTP2_NO_ERROR,
                        nullptr, 0);
}

void Http2Session::abandon() {
  is_broken_ = true;
  while (!streams_.empty()) {
    close_stream(streams_.begin()->first);
  }
}

}  // namespace loop
