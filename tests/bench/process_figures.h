#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

namespace bench {

// What /proc says of a process, or of several together.
struct ProcessFigures {
  std::uint64_t cpu_us = 0;  // user and system
  std::uint64_t resident_bytes = 0;
};

// Nothing when there is no such process.
std::optional<ProcessFigures> figures_of(pid_t pid);

// The direct children of `pid`: a coordinator's redis-server.
std::vector<pid_t> children_of(pid_t pid);

// The only process whose name (/proc/PID/comm, 15 characters) is `name`; nothing when there is none
// or more than one.
std::optional<pid_t> find_process(const std::string& name);

}  // namespace bench
