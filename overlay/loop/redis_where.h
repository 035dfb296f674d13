// The text of an option `--redis WHERE`, taken apart. Pure.
#pragma once

#include <string>
#include <string_view>

#include "overlay/base/result.h"
#include "overlay/loop/redis.h"

namespace loop {

// "unix:PATH", "HOST:PORT", or "sentinel:NAME@HOST:PORT,HOST:PORT". Errors: Malformed.
base::Result<Redis::Options> parse_redis(std::string_view text, std::string password);

}  // namespace loop
