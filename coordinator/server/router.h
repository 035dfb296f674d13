// Which handler answers which method and path, and who may ask. Pure; the same table is what the
// OpenAPI document is held to by a test.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "coordinator/domain/records.h"

namespace coordinator {

enum class Access {
  Public,  // anybody
  Local,   // loopback, or a viewer's API key: metrics
  Viewer,  // API key, by role
  Operator,
  Admin,
  Enrolee,  // signed by the identity key that the body names
  Node,     // signed by a node
};

template <typename Handler>
struct Route {
  std::string_view method;
  std::string_view pattern;  // "/v1/networks/{id}": {} stands for one segment
  Access access = Access::Public;
  Handler handler;
};

// The segments that `path` has in place of the pattern's braces, or no match.
struct PathMatch {
  bool is_match = false;
  std::vector<std::string> parameters;
};
PathMatch match_path(std::string_view pattern, std::string_view path);

// The route for a request; null if no pattern matches, or none with this method: then `allowed` is
// the methods that there are ("DELETE, GET"), empty if the path is none of ours.
template <typename Handler>
const Route<Handler>* find_route(const std::vector<Route<Handler>>& routes, std::string_view method,
                                 std::string_view path, std::vector<std::string>& parameters,
                                 std::string& allowed) {
  for (const Route<Handler>& route : routes) {
    PathMatch match = match_path(route.pattern, path);
    if (!match.is_match) {
      continue;
    }
    // HEAD is GET without the body, which the server leaves out.
    if (route.method == method || (method == "HEAD" && route.method == "GET")) {
      parameters = std::move(match.parameters);
      return &route;
    }
    allowed += (allowed.empty() ? "" : ", ") + std::string(route.method);
  }
  return nullptr;
}

}  // namespace coordinator
