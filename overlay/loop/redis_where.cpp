#include "overlay/loop/redis_where.h"

#include <charconv>
#include <utility>

namespace loop {
namespace {

struct HostPort {
  std::string host;
  std::uint16_t port = 0;
};

base::Result<HostPort> parse_host_port(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  HostPort parsed;
  if (colon != std::string_view::npos && colon > 0) {
    parsed.host = text.substr(0, colon);
    const std::string_view port = text.substr(colon + 1);
    const auto [end, code] = std::from_chars(port.data(), port.data() + port.size(), parsed.port);
    if (code == std::errc() && end == port.data() + port.size() && parsed.port != 0) {
      if (parsed.host.front() == '[' && parsed.host.back() == ']') {
        parsed.host = parsed.host.substr(1, parsed.host.size() - 2);
      }
      return parsed;
    }
  }
  return base::Error(base::Errc::Malformed, "\"" + std::string(text) + "\", expected HOST:PORT");
}

}  // namespace

base::Result<Redis::Options> parse_redis(std::string_view text, std::string password) {
  constexpr std::string_view kUnix = "unix:";
  constexpr std::string_view kSentinel = "sentinel:";
  Redis::Options options;
  options.password = std::move(password);
  if (text.starts_with(kUnix)) {
    options.unix_path = text.substr(kUnix.size());
    if (options.unix_path.empty() || options.unix_path.front() != '/') {
      return base::Error(base::Errc::Malformed,
                         "\"" + std::string(text) + "\", expected unix: and an absolute path");
    }
    return options;
  }
  if (!text.starts_with(kSentinel)) {
    auto at = parse_host_port(text);
    if (!at.ok()) {
      return base::Error(base::Errc::Malformed, "\"" + std::string(text) +
                                                    "\", expected unix:PATH, HOST:PORT or "
                                                    "sentinel:NAME@HOST:PORT,HOST:PORT");
    }
    options.host = at.value().host;
    options.port = at.value().port;
    return options;
  }
  text.remove_prefix(kSentinel.size());
  const std::size_t at = text.find('@');
  if (at == std::string_view::npos || at == 0) {
    return base::Error(base::Errc::Malformed, "sentinel: \"" + std::string(text) +
                                                  "\", expected NAME@HOST:PORT,HOST:PORT");
  }
  options.sentinel_master = text.substr(0, at);
  for (std::string_view rest = text.substr(at + 1); !rest.empty();) {
    const std::size_t comma = rest.find(',');
    auto sentinel = parse_host_port(rest.substr(0, comma));
    if (!sentinel.ok()) {
      return sentinel.error().within("sentinel");
    }
    options.sentinels.push_back({.host = sentinel.value().host, .port = sentinel.value().port});
    rest = comma == std::string_view::npos ? "" : rest.substr(comma + 1);
  }
  if (options.sentinels.empty()) {
    return base::Error(base::Errc::Malformed, "sentinel: expected at least one HOST:PORT");
  }
  return options;
}

}  // namespace loop
