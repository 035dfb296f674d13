// HTTP/1.1 and HTTP/2 requests on the loop, through libcurl's multi interface.
//
// What it never does by itself: follow redirects, use a proxy from the environment, undo a
// Content-Encoding, read cookies or .netrc, speak anything but http and https.
//
// A request ends exactly once, with an answer (whatever its status) or an error, unless its handle
// is destroyed first: then no callback of it runs again. Callbacks run from the loop, never from
// inside send(), stream(), pause() or resume(). In a callback everything is allowed, also
// destroying the request's own handle, the client, or sending anew.
//
//   send/stream ---> resolving, connecting ---> head ---> body (may be paused) ---> end
//                          connect_timeout         idle_timeout      total_timeout: everything
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "overlay/base/ip.h"
#include "overlay/base/result.h"
#include "overlay/base/time.h"
#include "overlay/loop/loop.h"

namespace loop {

struct HttpHeader {
  std::string name;
  std::string value;

  friend bool operator==(const HttpHeader&, const HttpHeader&) = default;
};

struct HttpRequest {
  static constexpr int kRedirectsMax = 5;

  std::string method = "GET";
  std::string url;  // http:// or https://; user, password and fragment are refused
  std::vector<HttpHeader> headers;
  std::string body;

  // SHA-256 of the server key's SubjectPublicKeyInfo. Given: that key and no other is accepted, and
  // names, dates and issuers are not looked at (the pin says more). Absent: normal verification.
  std::optional<std::array<std::uint8_t, 32>> pinned_spki;
  std::string ca_file;  // PEM bundle to use in place of the system's; empty: the system's

  base::Duration connect_timeout = std::chrono::seconds(10);  // resolving, TCP and TLS together
  std::optional<base::Duration> total_timeout =
      std::chrono::seconds(60);  // none: only idle ends it
  base::Duration idle_timeout =
      std::chrono::seconds(30);  // no byte either way; paused does not count

  std::size_t body_bytes_max = 16U << 20;    // of the answer; send() only, a stream has its reader
  std::size_t header_bytes_max = 64U << 10;  // of the answer's head
  std::size_t buffer_bytes = 16U << 10;      // read buffer, 1 KiB..512 KiB: large for bulk
  std::string unix_socket;                   // path; empty: TCP
  std::optional<base::Endpoint> connect_to;  // go there whatever the URL's host resolves to
  bool http1_only = false;                   // else HTTP/2 where TLS agrees on it
  int redirects_max = 0;  // 0..kRedirectsMax; https never falls to http, and Authorization and
                          // Cookie never go to another host, port or scheme
};

// The answer without its body.
struct HttpHead {
  int status = 0;
  std::vector<HttpHeader> headers;  // names in lower case, in the order sent
  std::string url;                  // where the answer came from, after redirects
  std::string remote_address;       // of the server, as text; empty for a unix socket
  base::Duration connect_time{0};   // TCP only, without resolving; zero on a reused connection

  // The first header of that (lower-case) name, or null.
  const std::string* find(std::string_view name) const;
};

struct HttpResponse : HttpHead {
  std::string body;
};

struct HttpStreamCallbacks {
  std::function<void(const HttpHead&)> on_head;                // once, before any data
  std::function<void(std::span<const std::uint8_t>)> on_data;  // borrowed bytes; never empty
  std::function<void(base::Status)> on_end;                    // once, last
};

class HttpClientCore;

// One request under way. Destroying it cancels. Empty once moved from; may outlive its client.
class RequestHandle {
 public:
  RequestHandle() = default;
  RequestHandle(std::weak_ptr<HttpClientCore> core, std::uint64_t id);
  RequestHandle(RequestHandle&& other) noexcept;
  RequestHandle& operator=(RequestHandle&& other) noexcept;
  RequestHandle(const RequestHandle&) = delete;
  RequestHandle& operator=(const RequestHandle&) = delete;
  ~RequestHandle();

  void cancel();

  // Stops reading: no on_data until resume(). At most one buffer and what the kernel holds is
  // kept meanwhile (HTTP/2: up to one stream window). An end that needs no more reading may still
  // come.
  void pause();
  void resume();

  // Neither cancelled nor ended.
  bool is_active() const;

 private:
  std::weak_ptr<HttpClientCore> core_;  // the client's; empty when the client is gone
  std::uint64_t id_ = 0;
};

class HttpClient {
 public:
  struct Options {
    std::size_t requests_max = 4096;    // at once; one more is refused with LimitExceeded
    std::size_t connections_max = 256;  // open at once; requests above it wait
    std::size_t connections_per_host_max = 32;
    std::size_t idle_connections_max = 32;  // kept for reuse
    std::string user_agent = "linkspan";
  };

  // `loop` must outlive the client. Belongs to the loop's thread.
  explicit HttpClient(Loop& loop);
  HttpClient(Loop& loop, Options options);
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;
  ~HttpClient();  // cancels what is under way

  // The whole answer in memory.
  //
  // Errors, as `https://host:port/path: what: why` (never the query, which may hold secrets):
  //   Malformed        the request cannot be sent as it is (url, method, header, limits)
  //   Unauthenticated  the server's key is not the pinned one, or its certificate does not verify
  //   LimitExceeded    too many requests, a body over body_bytes_max, too many redirects
  //   Unavailable      anything else: not resolved, refused, timed out, broken off
  [[nodiscard]] RequestHandle send(HttpRequest request,
                                   std::function<void(base::Result<HttpResponse>)> done);

  // The answer as it comes. Errors as for send(), given to on_end.
  [[nodiscard]] RequestHandle stream(HttpRequest request, HttpStreamCallbacks callbacks);

  std::size_t requests() const;

 private:
  // Owned here; the running callback frame keeps a second reference so that a client destroyed from
  // its own callback is freed after the frame.
  std::shared_ptr<HttpClientCore> core_;
};

}  // namespace loop
