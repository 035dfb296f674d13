// How the admin commands show what the API answers: tables for lists, lines for one thing. Pure;
// takes whatever decode_answer() gives: a field that is absent or of another type shows as "-".
#pragma once

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "overlay/base/result.h"
#include "overlay/base/time.h"
#include "overlay/cli/admin_request.h"

namespace cli {

inline constexpr std::size_t kAnswerBytesMax = std::size_t{64} << 20;

// The body of an answer; null for none. Errors: Malformed, LimitExceeded (bytes, nesting).
base::Result<nlohmann::json> decode_answer(const std::string& body);

// A table with a header; for nothing, a sentence that says so.
std::string format_list(Kind kind, const std::vector<nlohmann::json>& items, base::WallTime now);

// A field a line.
std::string format_one(Kind kind, const nlohmann::json& item, base::WallTime now);

// What was made, in a sentence, and for tokens and API keys what to do with it: the only time that
// their secrets are seen.
std::string format_created(Kind kind, const nlohmann::json& item, base::WallTime now);

// A refusal in one printable sentence that names the field and the value. `body` may be anything.
base::Error api_error(int status, const std::string& body);

// "2026-11-23 05:31:14", UTC.
std::string format_time(base::WallTime at);
// "in 24 h", "3 min ago".
std::string format_distance(base::WallTime at, base::WallTime now);

}  // namespace cli
