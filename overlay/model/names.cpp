#include "overlay/model/names.h"

#include <algorithm>
#include <charconv>
#include <string>

#include "overlay/base/ip.h"

namespace model {
namespace {

constexpr std::size_t kHostBytesMax = 253;  // RFC 1035, 2.3.4 in text form

base::Error unexpected(std::string_view text, std::string_view expected) {
  return base::Error(base::Errc::Malformed, "\"" + std::string(text.substr(0, 64)) +
                                                "\", expected " + std::string(expected));
}

bool is_label(std::string_view text) {
  constexpr std::string_view kAllowed = "abcdefghijklmnopqrstuvwxyz0123456789-";
  return !text.empty() && text.size() <= kNameBytesMax &&
         text.find_first_not_of(kAllowed) == std::string_view::npos && text.front() != '-' &&
         text.back() != '-';
}

bool is_host(std::string_view text) {
  if (text.size() >= 2 && text.front() == '[' && text.back() == ']') {
    const auto address = base::Address::parse(text.substr(1, text.size() - 2));
    // One text per address, or two sources could name one registry.
    return address.ok() && !address.value().is_v4() &&
           address.value().text() == text.substr(1, text.size() - 2);
  }
  if (text.size() > kHostBytesMax) {
    return false;
  }
  for (;;) {
    const std::size_t dot = text.find('.');
    if (!is_label(text.substr(0, dot))) {
      return false;
    }
    if (dot == std::string_view::npos) {
      return true;
    }
    text.remove_prefix(dot + 1);
  }
}

bool is_port(std::string_view text) {
  unsigned port = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), port);
  return code == std::errc() && end == text.data() + text.size() && text.front() != '0' &&
         port <= 65535;
}

bool is_host_and_port(std::string_view text) {
  const std::size_t bracket = text.rfind(']');
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos || (bracket != std::string_view::npos && colon < bracket)) {
    return is_host(text);
  }
  return is_host(text.substr(0, colon)) && is_port(text.substr(colon + 1));
}

bool is_letter_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

// One component of a repository name, as the distribution specification has it:
// [a-z0-9]+ ((\.|_|__|-+) [a-z0-9]+)*
bool is_path_component(std::string_view text) {
  if (text.empty() || !is_letter_or_digit(text.front()) || !is_letter_or_digit(text.back())) {
    return false;
  }
  while (!text.empty()) {
    const auto* const separator = std::ranges::find_if_not(text, is_letter_or_digit);
    const auto* const next = std::find_if(separator, text.end(), is_letter_or_digit);
    const std::string_view between(separator, static_cast<std::size_t>(next - separator));
    if (!between.empty() && between != "." && between != "_" && between != "__" &&
        between.find_first_not_of('-') != std::string_view::npos) {
      return false;
    }
    text.remove_prefix(static_cast<std::size_t>(next - text.begin()));
  }
  return true;
}

// Nothing, or components with a slash before each.
bool is_path(std::string_view text) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('/', 1), text.size());
    if (text.front() != '/' || !is_path_component(text.substr(1, end - 1))) {
      return false;
    }
    text.remove_prefix(end);
  }
  return true;
}

}  // namespace

base::Status check_name(std::string_view text) {
  if (!is_label(text)) {
    return unexpected(text, "1..63 of a-z, 0-9 and inner hyphens");
  }
  return {};
}

base::Status check_source(std::string_view text) {
  constexpr std::string_view kPlain = "http://";
  const std::string_view host = text.starts_with(kPlain) ? text.substr(kPlain.size()) : text;
  if (!is_host_and_port(host)) {
    return unexpected(text, "HOST or HOST:PORT in lower case");
  }
  return {};
}

base::Status check_replica_url(std::string_view text) {
  std::string_view rest = text;
  if (rest.starts_with("https://")) {
    rest.remove_prefix(8);
  } else if (rest.starts_with("http://")) {
    rest.remove_prefix(7);
  } else {
    rest = {};
  }
  const std::size_t slash = rest.find('/');
  const std::string_view path = slash == std::string_view::npos ? "" : rest.substr(slash);
  if (text.size() > kUrlBytesMax || !is_host_and_port(rest.substr(0, slash)) || !is_path(path)) {
    return unexpected(text,
                      "http:// or https://, a host, and no slash at the end, all in lower case");
  }
  return {};
}

}  // namespace model
