#include "mirror/oci/reference.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "mirror/oci/quote.h"
#include "overlay/base/ip.h"

namespace mirror {
namespace {

bool is_lower_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}
bool is_alphanumeric(char c) {
  return is_lower_or_digit(c) || (c >= 'A' && c <= 'Z');
}

// [a-z0-9]+ ((\.|_|__|-+) [a-z0-9]+)*
bool is_path_component(std::string_view text) {
  if (text.empty() || !is_lower_or_digit(text.front()) || !is_lower_or_digit(text.back())) {
    return false;
  }
  std::size_t i = 0;
  while (i < text.size()) {
    if (is_lower_or_digit(text[i])) {
      ++i;
      continue;
    }
    std::size_t end = i;
    while (end < text.size() && text[end] == text[i]) {
      ++end;
    }
    const std::size_t count = end - i;
    const char c = text[i];
    const bool is_allowed = c == '-' || (c == '.' && count == 1) || (c == '_' && count <= 2);
    if (!is_allowed || !is_lower_or_digit(text[end])) {  // text ends in a letter or digit
      return false;
    }
    i = end;
  }
  return true;
}

base::Error malformed(std::string_view what, std::string_view text, std::string_view expected) {
  return {base::Errc::Malformed,
          std::string(what) + ": " + quote(text) + ", expected " + std::string(expected)};
}

bool is_host_name(std::string_view text) {
  if (text.empty() || !is_alphanumeric(text.front()) || !is_alphanumeric(text.back())) {
    return false;
  }
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool is_inner = text[i] == '-' || text[i] == '_';
    const bool is_dot = text[i] == '.' && text[i - 1] != '.';
    if (!is_alphanumeric(text[i]) && !is_inner && !is_dot) {
      return false;
    }
  }
  return true;
}

bool is_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), port);
  return code == std::errc() && end == text.data() + text.size() && port != 0 &&
         text.front() != '0';
}

bool is_host_and_port(std::string_view text) {
  if (text.starts_with('[')) {
    const std::size_t close = text.find(']');
    if (close == std::string_view::npos) {
      return false;
    }
    const auto address = base::Address::parse(text.substr(1, close - 1));
    const std::string_view rest = text.substr(close + 1);
    return address.ok() && !address.value().is_v4() &&
           (rest.empty() || (rest.front() == ':' && is_port(rest.substr(1))));
  }
  const std::size_t colon = text.find(':');
  return is_host_name(text.substr(0, colon)) &&
         (colon == std::string_view::npos || is_port(text.substr(colon + 1)));
}

}  // namespace

base::Status check_repository(std::string_view name) {
  if (name.size() > kRepositoryBytesMax) {
    return malformed("repository", name, "at most 255 characters");
  }
  std::size_t begin = 0;
  while (begin <= name.size()) {
    const std::size_t end = std::min(name.find('/', begin), name.size());
    if (!is_path_component(name.substr(begin, end - begin))) {
      return malformed("repository", name,
                       "components of a-z, 0-9 and single separators, joined by /");
    }
    begin = end + 1;
  }
  return {};
}

base::Status check_tag(std::string_view tag) {
  const auto is_tag_char = [](char c) {
    return is_alphanumeric(c) || c == '_' || c == '.' || c == '-';
  };
  if (tag.empty() || tag.size() > kTagBytesMax || tag.front() == '.' || tag.front() == '-' ||
      !std::all_of(tag.begin(), tag.end(), is_tag_char)) {
    return malformed("tag", tag, "1 to 128 of a-z, A-Z, 0-9, _, . and -, not starting with . or -");
  }
  return {};
}

std::string Source::upstream_url() const {
  if (name == "docker.io") {
    return "https://registry-1.docker.io";
  }
  return (is_plain_http ? "http://" : "https://") + name;
}

base::Result<Source> parse_source(std::string_view text) {
  Source source;
  std::string_view host = text;
  constexpr std::string_view kHttp = "http://";
  constexpr std::string_view kHttps = "https://";
  if (host.starts_with(kHttp)) {
    source.is_plain_http = true;
    host.remove_prefix(kHttp.size());
  } else if (host.starts_with(kHttps)) {
    host.remove_prefix(kHttps.size());
  }
  if (host.size() > kSourceBytesMax || !is_host_and_port(host)) {
    return malformed("source", text,
                     "host or host:port, with http:// in front if it is plain HTTP");
  }
  source.name = std::string(host);
  std::transform(source.name.begin(), source.name.end(), source.name.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return source;
}

}  // namespace mirror
