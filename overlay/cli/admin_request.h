// What the admin commands ask the API: command-line values in, requests out. Pure.
//
// What a value may be is the coordinator's to say, so that there is one place for it; here only
// what is not sent as it was typed is checked (times, labels).
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "overlay/base/result.h"
#include "overlay/base/time.h"

namespace cli {

// The kinds of things that the API has; their names are its paths.
enum class Kind { Network, Site, Token, Node, Replica, ApiKey, Audit };

struct KindNames {
  std::string_view path;      // "/v1/networks"
  std::string_view singular;  // "network", "API key"
};
KindNames names_of(Kind kind);

struct ApiRequest {
  std::string method;
  std::string target;   // path and query
  nlohmann::json body;  // null: none
};

struct NetworkArguments {
  std::string name{};
  std::string topology{};  // empty, here and below: not given, the coordinator's default
  std::vector<std::string> prefixes{};
  std::optional<std::uint32_t> mtu{};
  std::optional<std::uint32_t> keepalive_s{};
};
struct SiteArguments {
  std::string network{};
  std::string name{};
  std::vector<std::string> prefixes{};
  bool is_lan_native = false;
};
struct TokenArguments {
  std::string network{};
  std::string site{};
  std::string role{};
  std::optional<std::uint32_t> uses{};
  std::string lifetime{};             // "90s", "30m", "24h", "7d"
  std::vector<std::string> labels{};  // "name=value"
};
struct ReplicaArguments {
  std::string network{};
  std::string site{};
  std::string url{};
  std::vector<std::string> sources{};
};
struct ApiKeyArguments {
  std::string name{};
  std::string role{};
};

ApiRequest create_request(const NetworkArguments& arguments);
ApiRequest create_request(const SiteArguments& arguments);
// Errors: Malformed, naming the option and the value.
base::Result<ApiRequest> create_request(const TokenArguments& arguments);
ApiRequest create_request(const ReplicaArguments& arguments);
ApiRequest create_request(const ApiKeyArguments& arguments);

// Query parameters by name; empty values are left out.
using Filters = std::map<std::string, std::string>;

ApiRequest list_request(Kind kind, const Filters& filters, std::size_t limit,
                        const std::string& after);
// Requires is_id(kind, id).
ApiRequest show_request(Kind kind, const std::string& id);
ApiRequest remove_request(Kind kind, const std::string& id);
// Of a network.
ApiRequest confirm_removals_request(const std::string& id);

// Whether `text` is an id of that kind, not a name: digits, or 16 lower-case hex digits.
bool is_id(Kind kind, std::string_view text);

// "90s", "30m", "24h", "7d", or seconds. At least a second, at most kLifetimeMax. Errors:
// Malformed.
inline constexpr base::Duration kLifetimeMax = std::chrono::hours(24 * 3660);
base::Result<base::Duration> parse_lifetime(std::string_view text);

// "name=value". Errors: Malformed.
base::Result<std::pair<std::string, std::string>> parse_label(std::string_view text);

}  // namespace cli
