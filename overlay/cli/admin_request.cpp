#include "overlay/cli/admin_request.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "overlay/base/check.h"
#include "overlay/loop/http_target.h"
#include "overlay/model/ids.h"

namespace cli {
namespace {

using nlohmann::json;

void put(json& body, const char* field, const std::string& value) {
  if (!value.empty()) {
    body[field] = value;
  }
}

void put(json& body, const char* field, const std::vector<std::string>& values) {
  if (!values.empty()) {
    body[field] = values;
  }
}

void put(json& body, const char* field, const std::optional<std::uint32_t>& value) {
  if (value) {
    body[field] = *value;
  }
}

ApiRequest post(Kind kind, json body) {
  return {"POST", std::string(names_of(kind).path), std::move(body)};
}

std::string path_of(Kind kind, const std::string& id) {
  CHECK(is_id(kind, id));
  return std::string(names_of(kind).path) + "/" + id;
}

}  // namespace

KindNames names_of(Kind kind) {
  switch (kind) {
    case Kind::Network:
      return {"/v1/networks", "network"};
    case Kind::Site:
      return {"/v1/sites", "site"};
    case Kind::Token:
      return {"/v1/tokens", "token"};
    case Kind::Node:
      return {"/v1/nodes", "node"};
    case Kind::Replica:
      return {"/v1/replicas", "replica"};
    case Kind::ApiKey:
      return {"/v1/api-keys", "API key"};
    case Kind::Audit:
      return {"/v1/audit", "audit entry"};
  }
  return {};
}

ApiRequest create_request(const NetworkArguments& arguments) {
  json body = {{"name", arguments.name}};
  put(body, "topology", arguments.topology);
  put(body, "prefixes", arguments.prefixes);
  put(body, "mtu", arguments.mtu);
  put(body, "keepalive_s", arguments.keepalive_s);
  return post(Kind::Network, std::move(body));
}

ApiRequest create_request(const SiteArguments& arguments) {
  json body = {{"network", arguments.network}, {"name", arguments.name}};
  put(body, "prefixes", arguments.prefixes);
  if (arguments.is_lan_native) {
    body["lan_native"] = true;
  }
  return post(Kind::Site, std::move(body));
}

base::Result<ApiRequest> create_request(const TokenArguments& arguments) {
  json body = {{"network", arguments.network}, {"site", arguments.site}};
  put(body, "role", arguments.role);
  put(body, "uses", arguments.uses);
  if (!arguments.lifetime.empty()) {
    const auto lifetime = parse_lifetime(arguments.lifetime);
    if (!lifetime.ok()) {
      return lifetime.error().within("--expires");
    }
    body["expires_in_s"] =
        std::chrono::duration_cast<std::chrono::seconds>(lifetime.value()).count();
  }
  for (const std::string& text : arguments.labels) {
    const auto label = parse_label(text);
    if (!label.ok()) {
      return label.error().within("--label");
    }
    body["labels"][label.value().first] = label.value().second;
  }
  return post(Kind::Token, std::move(body));
}

ApiRequest create_request(const ReplicaArguments& arguments) {
  return post(Kind::Replica, {{"network", arguments.network},
                              {"site", arguments.site},
                              {"url", arguments.url},
                              {"sources", arguments.sources}});
}

ApiRequest create_request(const ApiKeyArguments& arguments) {
  return post(Kind::ApiKey, {{"name", arguments.name}, {"role", arguments.role}});
}

ApiRequest list_request(Kind kind, const Filters& filters, std::size_t limit,
                        const std::string& after) {
  std::string target = std::string(names_of(kind).path) + "?limit=" + std::to_string(limit);
  for (const auto& [name, value] : filters) {
    if (!value.empty()) {
      target += "&" + name + "=" + loop::percent_encode(value);
    }
  }
  if (!after.empty()) {
    target += "&after=" + loop::percent_encode(after);
  }
  return {"GET", std::move(target), nullptr};
}

ApiRequest show_request(Kind kind, const std::string& id) {
  return {"GET", path_of(kind, id), nullptr};
}

ApiRequest remove_request(Kind kind, const std::string& id) {
  return {"DELETE", path_of(kind, id), nullptr};
}

ApiRequest confirm_removals_request(const std::string& id) {
  return {"POST", path_of(Kind::Network, id) + "/confirm-removals", nullptr};
}

bool is_id(Kind kind, std::string_view text) {
  if (kind == Kind::Node || kind == Kind::Token || kind == Kind::ApiKey) {
    return model::parse_node_id(text).ok();  // all three have one form
  }
  return !text.empty() && text.size() <= 10 &&
         std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

base::Result<base::Duration> parse_lifetime(std::string_view text) {
  const base::Error malformed(
      base::Errc::Malformed,
      "\"" + std::string(text.substr(0, 32)) +
          "\", expected a time such as 90s, 30m, 24h or 7d, of 1 s to ten years");
  std::int64_t count = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), count);
  const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
  constexpr std::int64_t kCountMax = 1LL << 32U;
  if (code != std::errc() || count < 1 || count > kCountMax) {
    return malformed;
  }
  std::chrono::seconds one{0};
  if (unit.empty() || unit == "s") {
    one = std::chrono::seconds(1);
  } else if (unit == "m") {
    one = std::chrono::minutes(1);
  } else if (unit == "h") {
    one = std::chrono::hours(1);
  } else if (unit == "d") {
    one = std::chrono::hours(24);
  }
  // In whole seconds: nanoseconds of the largest count would overflow.
  const std::int64_t seconds = one.count() * count;
  if (seconds < 1 ||
      seconds > std::chrono::duration_cast<std::chrono::seconds>(kLifetimeMax).count()) {
    return malformed;
  }
  return base::Duration(std::chrono::seconds(seconds));
}

base::Result<std::pair<std::string, std::string>> parse_label(std::string_view text) {
  const std::size_t equals = text.find('=');
  if (equals == std::string_view::npos || equals == 0) {
    return base::Error(base::Errc::Malformed,
                       "\"" + std::string(text.substr(0, 64)) + "\", expected NAME=VALUE");
  }
  return std::pair(std::string(text.substr(0, equals)), std::string(text.substr(equals + 1)));
}

}  // namespace cli
