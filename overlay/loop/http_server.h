// HTTP/1.1 and HTTP/2 with TLS 1.3 on our loop.
//
//   auto server = HttpServer::open(loop, options, [&](Request request, Responder responder) {
//     responder.respond({.status = 200, .headers = {}, .body = "hello"});
//   });
//
// What a client can cost is bounded before the handler sees it: connections, header bytes, body
// bytes, time to send a request, time without progress. Refusals of the server itself (400, 405,
// 413, 414, 431, 503) are RFC 9457 problem documents.
//
// Inside: one HttpConnection a socket (StreamSocket does TLS), which feeds and drains a machine,
// Http1Session (llhttp) or Http2Session (nghttp2), chosen by ALPN. README.md says why not
// libwebsockets.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "overlay/base/ip.h"
#include "overlay/base/result.h"
#include "overlay/base/time.h"
#include "overlay/loop/loop.h"

namespace loop {

struct HttpExchange;

class HttpServer {
 public:
  using Headers = std::map<std::string, std::string>;  // names in lower case

  struct Options {
    base::Endpoint listen;  // port 0: the system's choice, see local()
    std::string cert_pem;   // both PEM texts empty: plain HTTP/1.1
    std::string key_pem;
    std::size_t body_bytes_max = std::size_t{1} << 20;
    // Of all bodies that are being received at one time, together: over it a request gets 503.
    std::size_t receiving_bytes_max = std::size_t{64} << 20;
    std::size_t connections_max = 16'384;
    // From one address (of IPv6: one /64), so that one client leaves room to the others.
    std::size_t connections_per_remote_max = 16'384;
    // A connection is closed when one request takes longer than this to arrive, when it takes no
    // byte of an answer for so long, or brings no next request. An answer that its handler still
    // owes and a stream that has nothing to say do not count.
    base::Duration idle_timeout = std::chrono::seconds(30);
    std::size_t requests_per_connection_max = 100'000;  // HTTP/1.1: then the connection is closed
  };

  static constexpr std::size_t kHeaderBytesMax = std::size_t{16} << 10;  // all names and values
  static constexpr std::size_t kHeadersMax = 64;
  static constexpr std::size_t kTargetBytesMax = std::size_t{4} << 10;

  struct Request {
    std::string method;  // GET HEAD POST PUT PATCH DELETE
    std::string path;    // percent-decoded; begins with '/', has no "." or ".." segments
    std::string query;   // as sent, without the '?': for parse_query()
    std::string target;  // path and query byte for byte as sent, which is what is signed
    Headers headers;     // a name sent twice has its values joined by ", "
    std::string body;    // at most body_bytes_max
    base::Endpoint remote;

    // The header's value, or "" when it was not sent. `name` in lower case.
    const std::string& header(const std::string& name) const;
  };

  struct Response {
    int status = 200;
    Headers headers;   // content-length is ours to set
    std::string body;  // not sent to HEAD, but counted
  };

  // Borrowed and shared: one delta goes to thousands of streams, so each connection keeps only a
  // reference. The owners are the streams that still have to send it, and whoever made it.
  using Chunk = std::shared_ptr<const std::vector<std::uint8_t>>;

  struct StreamOptions {
    int status = 200;
    Headers headers;  // with a content-length, exactly so many bytes must follow
    // Asked when the connection can take more: the next chunk, or nullptr for "nothing now", after
    // which it is not asked again until wake(). Never called after on_closed, nor inside wake(). It
    // may close this stream, but neither answer other requests nor destroy the server.
    std::function<Chunk()> pull;
    // Once, when the stream has ended for whatever reason, also after close(). May be empty.
    std::function<void()> on_closed;
  };

  class Responder;

  // A handle on a stream in progress: copyable, and harmless when the stream is gone.
  class Stream {
   public:
    Stream() = default;

    void wake();   // there is something to pull
    void close();  // end it after what has been pulled; may be called from pull
    bool is_open() const;

   private:
    friend class Responder;
    explicit Stream(std::weak_ptr<HttpExchange> exchange) : exchange_(std::move(exchange)) {}

    std::weak_ptr<HttpExchange> exchange_;  // owned by the connection's session
  };

  // The right to answer one request, once: at once or later, from the loop's thread. When the
  // client is gone, answering does nothing. One that is destroyed unused answers 500.
  class Responder {
   public:
    Responder(const Responder&) = delete;
    Responder& operator=(const Responder&) = delete;
    Responder(Responder&&) noexcept;
    Responder& operator=(Responder&&) noexcept;
    ~Responder();

    void respond(Response response);
    // Sends the head and then what `pull` gives. If the client is gone already: a closed Stream,
    // and on_closed runs in a later turn.
    Stream begin_stream(StreamOptions options);

    bool is_client_gone() const;

    // The server makes them; so may the tests of handlers, with an exchange that is gone already.
    Responder(Loop& loop, std::weak_ptr<HttpExchange> exchange);

   private:
    Loop* loop_;
    std::weak_ptr<HttpExchange> exchange_;  // owned by the connection's session
    bool is_used_ = false;
  };

  using Handler = std::function<void(Request, Responder)>;

  struct Counters {
    std::uint64_t connections_accepted = 0;
    std::uint64_t connections_refused = 0;  // over a maximum of connections
    std::uint64_t requests = 0;
    std::uint64_t requests_refused = 0;  // by the server itself, before the handler
    std::size_t connections = 0;         // now
  };

  // Listens. Errors: Conflict when the address is in use; Malformed for a certificate or key that
  // OpenSSL does not take; Unavailable otherwise. The text names the address.
  static base::Result<std::unique_ptr<HttpServer>> open(Loop& loop, Options options,
                                                        Handler handler);

  // Closes the listener and every connection; Responders and Streams that are left become
  // harmless. on_closed of open streams runs before this returns.
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  base::Endpoint local() const;
  Counters counters() const;

  // No new connections; idle ones close; answers in progress end. `on_drained` runs, from the loop,
  // when no connection is left or `wait` has passed.
  void drain(base::Duration wait, std::function<void()> on_drained);

 private:
  class State;
  explicit HttpServer(std::shared_ptr<State> state);

  // Shared with tasks posted to the loop that free closed connections: a server may be destroyed
  // inside one of its own handlers, with those connections below it on the stack.
  std::shared_ptr<State> state_;
};

}  // namespace loop
