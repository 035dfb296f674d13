// What the driver says about the GPUs, for the metrics: temperature, power, clock, memory in use.
#pragma once

#include <optional>
#include <vector>

#include "gpu/runtime/inventory.h"
#include "overlay/base/metrics.h"

namespace prover {

// read() blocks and runs on a thread of its own while is_reading; the rest is the owner's.
struct GpuSensors {
  bool is_reading = false;

  // The first opens the driver's library; a machine without one gives nothing.
  void read();
  void publish(base::Metrics& metrics) const;

 private:
  bool is_opened_ = false;
  std::optional<gpu::Inventory> inventory_;
  std::vector<gpu::DeviceReading> readings_;
};

}  // namespace prover
