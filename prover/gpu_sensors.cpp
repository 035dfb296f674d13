#include "prover/gpu_sensors.h"

#include <string>
#include <utility>

namespace prover {

void GpuSensors::read() {
  if (!std::exchange(is_opened_, true)) {
    auto opened = gpu::Inventory::open();
    if (opened.ok()) {
      inventory_ = std::move(opened).value();
    }
  }
  readings_.clear();
  for (std::size_t i = 0; inventory_.has_value() && i < inventory_->devices().size(); ++i) {
    readings_.push_back(inventory_->read(i));
  }
}

void GpuSensors::publish(base::Metrics& metrics) const {
  for (std::size_t i = 0; i < readings_.size(); ++i) {
    const gpu::DeviceReading& reading = readings_[i];
    const base::Labels labels = {{"gpu", std::to_string(i)},
                                 {"model", inventory_->devices()[i].model}};
    if (reading.temperature_c.has_value()) {
      metrics.gauge("linkspan_prover_gpu_temperature_celsius", "of the chip", labels)
          .set(*reading.temperature_c);
    }
    if (reading.power_w.has_value()) {
      metrics.gauge("linkspan_prover_gpu_power_watts", "of the board", labels)
          .set(*reading.power_w);
    }
    if (reading.sm_clock_mhz.has_value()) {
      metrics.gauge("linkspan_prover_gpu_clock_hertz", "of the multiprocessors", labels)
          .set(1e6 * *reading.sm_clock_mhz);
    }
    if (reading.memory_used_bytes.has_value()) {
      metrics.gauge("linkspan_prover_gpu_memory_used_bytes", "by all processes", labels)
          .set(static_cast<double>(*reading.memory_used_bytes));
    }
  }
}

}  // namespace prover
