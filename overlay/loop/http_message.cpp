#include "overlay/loop/http_message.h"

#include <array>
#include <cstdio>
#include <ctime>
#include <utility>

#include "overlay/base/check.h"
#include "overlay/loop/http_target.h"

namespace loop {
namespace {

// Details hold our own words and numbers; names that came from the client are cut to these.
bool is_plain(char byte) {
  return byte >= ' ' && byte < 0x7f && byte != '"' && byte != '\\';
}

std::string json_text(std::string_view text) {
  std::string quoted = "\"";
  for (const char byte : text) {
    quoted.push_back(is_plain(byte) ? byte : '?');
  }
  return quoted + '"';
}

bool has_dot_segment(std::string_view path) {
  while (!path.empty()) {
    path.remove_prefix(1);  // the slash
    const std::string_view segment = path.substr(0, path.find('/'));
    if (segment == "." || segment == "..") {
      return true;
    }
    path.remove_prefix(segment.size());
  }
  return false;
}

}  // namespace

std::string_view reason_phrase(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 202:
      return "Accepted";
    case 204:
      return "No Content";
    case 206:
      return "Partial Content";
    case 301:
      return "Moved Permanently";
    case 302:
      return "Found";
    case 304:
      return "Not Modified";
    case 307:
      return "Temporary Redirect";
    case 308:
      return "Permanent Redirect";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 409:
      return "Conflict";
    case 410:
      return "Gone";
    case 411:
      return "Length Required";
    case 412:
      return "Precondition Failed";
    case 413:
      return "Content Too Large";
    case 414:
      return "URI Too Long";
    case 415:
      return "Unsupported Media Type";
    case 416:
      return "Range Not Satisfiable";
    case 422:
      return "Unprocessable Content";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 502:
      return "Bad Gateway";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    default:
      return "Status";
  }
}

std::string http_date(base::WallTime at) {
  // Not strftime: its names follow the locale.
  constexpr std::array<const char*, 7> kDays{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr std::array<const char*, 12> kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto seconds = static_cast<std::time_t>(at.unix_ms / 1000);
  std::tm parts{};
  CHECK(::gmtime_r(&seconds, &parts) != nullptr);
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%s, %02d %s %04d %02d:%02d:%02d GMT",
                kDays.at(static_cast<std::size_t>(parts.tm_wday)), parts.tm_mday,
                kMonths.at(static_cast<std::size_t>(parts.tm_mon)), parts.tm_year + 1900,
                parts.tm_hour, parts.tm_min, parts.tm_sec);
  return text.data();
}

HttpServer::Response refusal_response(const HttpRefusal& refusal) {
  HttpServer::Response response;
  response.status = refusal.status;
  response.headers = {{"content-type", "application/problem+json"}};
  if (refusal.status == 405) {
    response.headers.emplace("allow", "GET, HEAD, POST, PUT, PATCH, DELETE");
  }
  response.body = R"({"type":"about:blank","title":)" + json_text(reason_phrase(refusal.status)) +
                  ",\"status\":" + std::to_string(refusal.status) +
                  ",\"detail\":" + json_text(refusal.detail) + "}\n";
  return response;
}

bool is_known_method(std::string_view method) {
  return method == "GET" || method == "HEAD" || method == "POST" || method == "PUT" ||
         method == "PATCH" || method == "DELETE";
}

std::optional<HttpRefusal> split_target(std::string_view target, HttpServer::Request& request) {
  if (target.empty() || target[0] != '/') {
    return HttpRefusal{400, "target: does not begin with '/'"};
  }
  const auto question = target.find('?');
  auto path = percent_decode(target.substr(0, question));
  if (!path.ok()) {
    return HttpRefusal{400, "target: path: " + path.error().text()};
  }
  if (has_dot_segment(path.value())) {
    return HttpRefusal{400, "target: path: has a '.' or '..' segment"};
  }
  const auto query = question == std::string_view::npos ? "" : target.substr(question + 1);
  if (query.find('#') != std::string_view::npos) {
    return HttpRefusal{400, "target: query: has a '#'"};
  }
  request.path = std::move(path).value();
  request.query = query;
  request.target = target;
  return {};
}

std::optional<HttpRefusal> HeaderCollector::add(std::string name, std::string value) {
  size_bytes_ += name.size() + value.size();
  ++count_;
  if (count_ > HttpServer::kHeadersMax || size_bytes_ > HttpServer::kHeaderBytesMax) {
    return HttpRefusal{431, "headers: more than " + std::to_string(HttpServer::kHeadersMax) +
                                " of them or " + std::to_string(HttpServer::kHeaderBytesMax) +
                                " bytes"};
  }
  const auto [entry, is_new] = headers_.try_emplace(std::move(name), std::move(value));
  if (is_new) {
    return {};
  }
  // One of these twice is an attack or a bug: two readers would follow two different ones.
  if (entry->first == "host" || entry->first == "authorization" ||
      entry->first == "content-length") {
    return HttpRefusal{400, "header " + entry->first + ": sent twice"};
  }
  entry->second += entry->first == "cookie" ? "; " : ", ";
  entry->second += value;
  return {};
}

HttpServer::Headers HeaderCollector::take() {
  size_bytes_ = 0;
  count_ = 0;
  return std::exchange(headers_, {});
}

std::string clean_value(std::string_view value) {
  std::string clean(value);
  for (char& byte : clean) {
    if (byte == '\r' || byte == '\n' || byte == '\0') {
      byte = ' ';
    }
  }
  return clean;
}

}  // namespace loop
