#include "overlay/base/log.h"

#include <string>

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

namespace base {
namespace {

spdlog::level::level_enum level_of(LogLevel level) {
  switch (level) {
    case LogLevel::Debug:
      return spdlog::level::debug;
    case LogLevel::Info:
      return spdlog::level::info;
    case LogLevel::Warning:
      return spdlog::level::warn;
    case LogLevel::Error:
      return spdlog::level::err;
  }
  return spdlog::level::info;
}

// Text comes from peers too: it is an argument, never the format, and a line stays one line.
std::string printable(std::string_view text) {
  std::string clean(text);
  for (char& c : clean) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      c = ' ';
    }
  }
  return clean;
}

void write(LogLevel level, std::string_view text) {
  spdlog::log(level_of(level), "{}", printable(text));
}

}  // namespace

void log_open(std::string_view program, LogLevel level) {
  auto logger = spdlog::stderr_logger_st(std::string(program));
  logger->set_level(level_of(level));
  logger->set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %n %l %v", spdlog::pattern_time_type::utc);
  logger->flush_on(spdlog::level::debug);
  spdlog::set_default_logger(std::move(logger));
}

void log_debug(std::string_view text) {
  write(LogLevel::Debug, text);
}
void log_info(std::string_view text) {
  write(LogLevel::Info, text);
}
void log_warning(std::string_view text) {
  write(LogLevel::Warning, text);
}
void log_error(std::string_view text) {
  write(LogLevel::Error, text);
}

}  // namespace base
