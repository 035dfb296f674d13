#include "coordinator/server/gpu_counts.h"

namespace coordinator {

void GpuCounts::begin() {
  for (auto& [key, count] : counts_) {
    count = 0;
  }
}

void GpuCounts::add(const std::string& network, const model::GpuInventory& gpus) {
  for (const auto& group : gpus.devices) {
    if (models_.size() < kModelsMax) {
      models_.insert(group.model);
    }
    const bool is_told_apart = models_.find(group.model) != models_.end();
    counts_[{network, is_told_apart ? group.model : kOther}] += group.count;
  }
}

}  // namespace coordinator
