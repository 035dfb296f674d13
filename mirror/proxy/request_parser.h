// The strict HTTP/1.1 reader of the proxy's own server, on llhttp.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "overlay/base/result.h"

namespace mirror {

struct RequestHead {
  std::string method;  // upper case
  std::string target;
  std::vector<std::pair<std::string, std::string>> headers;  // names in lower case
  bool is_keep_alive = true;
  bool has_body = false;  // refused by the server: a pull has none

  const std::string* find(std::string_view name) const;
};

// Turns a byte stream into request heads, one at a time: it stops behind each, so that what a
// client sends ahead waits until the answer is on its way.
//
// Refuses: what is not HTTP/1.x, obsolete line folding, repeated or contradicting lengths, control
// characters, upgrades, more than the limits below. An error is final.
class RequestParser {
 public:
  static constexpr std::size_t kTargetBytesMax = 4096;
  static constexpr std::size_t kHeaderBytesMax = 16U << 10;  // names and values together
  static constexpr std::size_t kHeadersMax = 64;

  RequestParser();
  ~RequestParser();
  RequestParser(const RequestParser&) = delete;
  RequestParser& operator=(const RequestParser&) = delete;

  // Reads from `bytes` until a head is complete or all is read; gives how many were taken. Requires
  // that a complete head was taken away by next().
  //
  // Errors: Malformed, LimitExceeded.
  base::Result<std::size_t> feed(std::span<const std::uint8_t> bytes);

  // The head that feed() completed, once.
  std::optional<RequestHead> next();

  // Bytes of an unfinished head have been seen.
  bool is_inside() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace mirror
