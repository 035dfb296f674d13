#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "mirror/proxy/body.h"

namespace mirror {

// One HTTP answer. Content-Length and Connection are the connection's business.
struct Answer {
  int status = 200;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string text;            // the body, where it is small
  std::unique_ptr<Body> body;  // the body otherwise
  // For HEAD: the length that GET would have. Without it, that of text or body.
  std::optional<std::uint64_t> length_bytes;
};

// {"errors":[...]} with the code, as JSON.
Answer error_answer(int status, const std::string& code, const std::string& message);
Answer text_answer(int status, std::string content_type, std::string text);

// Status line and headers of `answer`, up to and with the empty line.
std::string format_head(const Answer& answer, std::uint64_t length_bytes, bool is_keep_alive);

}  // namespace mirror
