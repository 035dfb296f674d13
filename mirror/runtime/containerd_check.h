#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace mirror {

// What is wrong with a containerd configuration (the output of `containerd config dump`) so that it
// would not read <certs_directory>/<source>/hosts.toml for CRI pulls; empty if nothing is. Several
// versions ignore mirrors in silence, so this is said rather than assumed. Nothing is changed.
std::vector<std::string> complaints_about_containerd(std::string_view config_dump,
                                                     std::string_view certs_directory);

}  // namespace mirror
