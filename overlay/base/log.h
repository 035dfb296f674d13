// One line per event on standard error, which systemd and containers collect. spdlog is behind this
// header and nowhere else. Never log a secret, a token or a full payload.
#pragma once

#include <string_view>

namespace base {

enum class LogLevel { Debug, Info, Warning, Error };

// Sets the least level that is written (default Info) and the program's name, printed in each line.
void log_open(std::string_view program, LogLevel level);

void log_debug(std::string_view text);
void log_info(std::string_view text);
void log_warning(std::string_view text);
void log_error(std::string_view text);

}  // namespace base
