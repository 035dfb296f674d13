// Authentication challenges that a registry sends with 401 (RFC 9110, 11.6.1; distribution's token
// specification). Read so that a replica that wants a token is named as such and its realm can be
// asked; nothing of it is ever passed on to a container runtime.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "overlay/base/result.h"

namespace mirror {

inline constexpr std::size_t kChallengeBytesMax = 8 * 1024;
inline constexpr std::size_t kChallengesMax = 8;
inline constexpr std::size_t kChallengeParametersMax = 16;

struct Challenge {
  std::string scheme;                             // lower case: "bearer", "basic"
  std::map<std::string, std::string> parameters;  // names lower case; quoting removed

  friend bool operator==(const Challenge&, const Challenge&) = default;
};

// `header` is one WWW-Authenticate field value and may hold several challenges. Errors: Malformed
// with the offset; LimitExceeded above the limits here.
base::Result<std::vector<Challenge>> parse_challenges(std::string_view header);

}  // namespace mirror
