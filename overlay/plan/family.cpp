#include "overlay/plan/family.h"

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace plan {

bool without_family(base::DeviceState& state, base::Family family) {
  std::size_t taken = state.rules.erase(family);
  for (auto& [name, tunnel] : state.interfaces) {
    taken += std::erase_if(tunnel.addresses,
                           [family](const auto& address) { return address.family() == family; });
  }
  taken += std::erase_if(state.routes,
                         [family](const auto& route) { return route.first.family() == family; });
  const std::string_view tree = family == base::Family::V4 ? "net.ipv4." : "net.ipv6.";
  taken += std::erase_if(state.sysctls,
                         [tree](const auto& sysctl) { return sysctl.first.starts_with(tree); });
  return taken > 0;
}

}  // namespace plan
