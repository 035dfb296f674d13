// Pure parts of HTTP messages that both protocol versions share.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "overlay/base/result.h"
#include "overlay/base/time.h"
#include "overlay/loop/http_server.h"

namespace loop {

// "Not Found" for 404; "Status" for a code without a name here.
std::string_view reason_phrase(int status);

// "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110, 5.6.7).
std::string http_date(base::WallTime at);

// An answer of the server itself, with an RFC 9457 problem document as its body.
struct HttpRefusal {
  int status = 0;
  std::string detail;
};
HttpServer::Response refusal_response(const HttpRefusal& refusal);

// The detail of a 503 for a body that HttpServer::Options::receiving_bytes_max has no room for.
inline constexpr const char* kBodiesFull =
    "body: as many as this server takes are being received, try again";

bool is_known_method(std::string_view method);

// Splits a target into request.path, query and target. Refused: what does not begin with '/', bad
// percent-encoding, "." and ".." segments, also encoded ones.
std::optional<HttpRefusal> split_target(std::string_view target, HttpServer::Request& request);

// Collects the headers of one request within the server's bounds. Names are taken in lower case.
class HeaderCollector {
 public:
  // Refused: too many or too large headers; a second host, authorization or content-length.
  std::optional<HttpRefusal> add(std::string name, std::string value);
  HttpServer::Headers take();

 private:
  HttpServer::Headers headers_;
  std::size_t size_bytes_ = 0;
  std::size_t count_ = 0;
};

// A field value without what would end it early: CR, LF and NUL become spaces.
std::string clean_value(std::string_view value);

// Whether a status allows a body at all (RFC 9110, 6.4.1).
inline bool allows_body(int status) {
  return status >= 200 && status != 204 && status != 304;
}

}  // namespace loop
