#include "mirror/proxy/answer.h"

#include <string_view>

#include "mirror/oci/error_body.h"

namespace mirror {
namespace {

std::string_view phrase_of(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 206:
      return "Partial Content";
    case 400:
      return "Bad Request";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 416:
      return "Range Not Satisfiable";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 503:
      return "Service Unavailable";
    default:
      return "Answer";
  }
}

}  // namespace

Answer text_answer(int status, std::string content_type, std::string text) {
  Answer answer;
  answer.status = status;
  answer.headers.emplace_back("Content-Type", std::move(content_type));
  answer.text = std::move(text);
  return answer;
}

Answer error_answer(int status, const std::string& code, const std::string& message) {
  return text_answer(status, "application/json", error_body(code, message));
}

std::string format_head(const Answer& answer, std::uint64_t length_bytes, bool is_keep_alive) {
  std::string out = "HTTP/1.1 " + std::to_string(answer.status) + " ";
  out.append(phrase_of(answer.status)).append("\r\n");
  for (const auto& [name, value] : answer.headers) {
    out.append(name).append(": ").append(value).append("\r\n");
  }
  out += "Content-Length: " + std::to_string(length_bytes) + "\r\n";
  out += is_keep_alive ? "\r\n" : "Connection: close\r\n\r\n";
  return out;
}

}  // namespace mirror
