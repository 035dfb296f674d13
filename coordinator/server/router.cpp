#include "coordinator/server/router.h"

namespace coordinator {
namespace {

// Cuts the first segment, without its slash, off `rest`.
std::string_view next_segment(std::string_view& rest) {
  rest.remove_prefix(1);
  const std::size_t end = rest.find('/');
  const std::string_view segment = rest.substr(0, end);
  rest.remove_prefix(segment.size());
  return segment;
}

}  // namespace

PathMatch match_path(std::string_view pattern, std::string_view path) {
  PathMatch match;
  while (!pattern.empty() && !path.empty() && path.front() == '/') {
    const std::string_view expected = next_segment(pattern);
    const std::string_view given = next_segment(path);
    if (!expected.empty() && expected.front() == '{') {
      if (given.empty()) {
        return {};
      }
      match.parameters.emplace_back(given);
    } else if (expected != given) {
      return {};
    }
  }
  match.is_match = pattern.empty() && path.empty();
  return match;
}

}  // namespace coordinator
