#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace agent {

// Where a program is in PATH (or in Debian's usual directories, when PATH is not set); nothing when
// it is not installed.
std::optional<std::string> find_program(std::string_view name);

// True where systemd is the running service manager (sd_booted(3)).
bool is_systemd_running();

}  // namespace agent
