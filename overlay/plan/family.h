// A wanted state for a host that lacks one of the two address families.
#pragma once

#include "overlay/base/device_state.h"
#include "overlay/base/ip.h"

namespace plan {

// Takes out of `state` what the kernel of a host without `family` refuses: addresses of the
// tunnels, routes, the rule, and settings below net.<family>. Allowed prefixes of peers and the
// firewall stay: they are only compared with packets, and no packet of that family comes. Returns
// whether anything was taken out. Pure; O(size of the state).
bool without_family(base::DeviceState& state, base::Family family);

}  // namespace plan
