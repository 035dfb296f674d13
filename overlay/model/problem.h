// Errors of the HTTP API (RFC 9457), with the field and value that were refused.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "overlay/base/result.h"

namespace model {

inline constexpr std::string_view kProblemMediaType = "application/problem+json";
inline constexpr std::size_t kProblemBytesMax = 16U * 1024;

struct Problem {
  int status = 500;
  std::string type = "about:blank";    // or "urn:linkspan:problem:token-expired"
  std::string title{};                 // the same for all problems of a type
  std::string detail{};                // this one: "enrol: listen_port: 0, expected 1..65532"
  std::optional<std::string> field{};  // "listen_port", "prefixes[1]"
  std::optional<std::string> value{};  // as JSON text

  friend bool operator==(const Problem&, const Problem&) = default;
};

std::string encode(const Problem& problem);

// For clients. Lenient as RFC 9457 asks: absent members get their defaults, unknown ones are left
// out, `status` falls back to 0. Errors: Malformed when it is no JSON object.
base::Result<Problem> decode_problem(std::string_view json);

}  // namespace model
