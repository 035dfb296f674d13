#include "overlay/agent/ping_targets.h"

#include <algorithm>
#include <cstddef>
#include <utility>

namespace agent {
namespace {

// Smaller is asked earlier.
int distance(const model::NodeFact& self, const model::NodeFact& node, bool is_gateway) {
  const bool is_near = node.site == self.site;
  if (self.role == model::Role::Gateway) {
    return is_gateway && !is_near ? 0 : 1;
  }
  if (is_gateway) {
    return is_near ? 0 : 2;
  }
  return is_near ? 1 : 3;
}

}  // namespace

std::vector<FirstPing::Target> choose_ping_targets(const model::View& view, model::NodeId self) {
  const model::NodeFact* const own = view.node(self);
  if (own == nullptr) {
    return {};
  }
  std::vector<std::pair<int, const model::NodeFact*>> candidates;
  for (const model::NodeFact* const node : view.nodes()) {
    if (node->id != self && !node->addresses.empty()) {
      candidates.emplace_back(distance(*own, *node, view.gateway(node->id) != nullptr), node);
    }
  }
  const auto count = std::min(candidates.size(), FirstPing::kTargetsMax);
  std::partial_sort(candidates.begin(), candidates.begin() + static_cast<std::ptrdiff_t>(count),
                    candidates.end(), [](const auto& left, const auto& right) {
                      return std::pair(left.first, left.second->id) <
                             std::pair(right.first, right.second->id);
                    });
  candidates.resize(count);
  std::vector<FirstPing::Target> targets;
  targets.reserve(count);
  for (const auto& [rank, node] : candidates) {
    targets.push_back({node->name, node->addresses.front()});
  }
  return targets;
}

}  // namespace agent
