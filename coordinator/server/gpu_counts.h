// How many GPUs of each model each network has, as its nodes report them; for a gauge. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "overlay/model/gpu_inventory.h"

namespace coordinator {

// Counts from zero at each begin(). A pair of network and model that was counted once stays, with
// zero where there is none any more, so that a gauge of it goes down.
class GpuCounts {
 public:
  // Names of models told apart; those that come later are counted as kOther: servers choose them.
  static constexpr std::size_t kModelsMax = 32;
  static constexpr const char* kOther = "other";

  void begin();
  void add(const std::string& network, const model::GpuInventory& gpus);

  // By (network, model).
  const std::map<std::pair<std::string, std::string>, std::uint64_t>& counts() const {
    return counts_;
  }

 private:
  std::set<std::string> models_;
  std::map<std::pair<std::string, std::string>, std::uint64_t> counts_;
};

}  // namespace coordinator
