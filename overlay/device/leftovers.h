// What a network left on this host whose journal is lost: a state directory that was wiped, a disk
// that was copied. It is known by its names; what settings of the kernel were before nobody knows.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "overlay/base/device_state.h"
#include "overlay/base/result.h"
#include "overlay/device/link.h"

namespace device {

struct Leftovers {
  std::vector<std::string> interfaces;
  std::set<base::Family> rules;
  std::vector<base::Prefix> routes;
  bool is_firewall_there = false;

  bool empty() const { return *this == Leftovers{}; }
  // "ls0", "rule 7750 (IPv4)", "3 routes in table 7750", "nft table inet linkspan".
  std::vector<std::string> names() const;
  friend bool operator==(const Leftovers&, const Leftovers&) = default;
};

// Which of `links` are ours. Alone an interface `ls<number>` proves nothing, people name theirs as
// they like: it counts only beside something of `found` that nobody else makes. Pure.
void add_interfaces(const std::vector<Link>& links, Leftovers& found);

// Blocking, as all below. Reads only.
base::Result<Leftovers> find_leftovers();

// Interfaces first and what proves that they are ours last, so that it may be run again after an
// error. Gives the first one, naming the thing.
base::Status remove_leftovers(const Leftovers& leftovers);

}  // namespace device
