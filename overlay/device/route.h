// The routes of table 7750 and the rules that lead there, through rtnetlink (libnl-3). Blocking.
#pragma once

#include <map>
#include <set>
#include <vector>

#include "overlay/base/device_state.h"
#include "overlay/base/result.h"

namespace device {

// What is in our table, both families.
base::Result<std::map<base::Prefix, base::Route>> read_routes();
// Adds, or replaces whatever the table has for the prefix. Errors: NotFound when an interface is
// not there; Unavailable when the kernel refuses (a `via` that is on no network of ours).
base::Status set_route(const base::Prefix& prefix, const base::Route& route);
// Ok when it was not there.
base::Status remove_route(const base::Prefix& prefix);

// Destinations that the host reaches without us, of the main table, without the default route.
struct HostRoute {
  base::Prefix prefix;
  int link_index = 0;  // 0 for a route without a device

  friend bool operator==(const HostRoute&, const HostRoute&) = default;
};
base::Result<std::vector<HostRoute>> read_main_routes();

// Links of the main table's default routes, both families, best metric first.
base::Result<std::vector<int>> read_default_links();

// Families that have a rule to our table at our priority.
base::Result<std::set<base::Family>> read_rules();
// Ok when it is there already.
base::Status add_rule(base::Family family);
// Ok when it was not there.
base::Status remove_rule(base::Family family);

}  // namespace device
