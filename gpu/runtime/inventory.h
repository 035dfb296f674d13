// The GPUs of this machine as the driver's management library (NVML) shows them. It is opened at
// run time: where there is no driver, there are no devices and one sentence that says why.
//
// Knows nothing of CUDA and starts nothing on a device. Blocks for milliseconds; the first call of
// a process for up to seconds on a machine whose driver is not kept loaded.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "overlay/base/result.h"

namespace gpu {

struct DeviceFacts {
  std::string model;  // "NVIDIA H200"
  std::string uuid;   // "GPU-..."
  std::uint64_t memory_bytes = 0;

  friend bool operator==(const DeviceFacts&, const DeviceFacts&) = default;
};

// What cannot be read (a MIG instance has no power of its own) is absent.
struct DeviceReading {
  std::optional<std::uint64_t> memory_used_bytes;
  std::optional<std::uint32_t> temperature_c;
  std::optional<double> power_w;
  std::optional<double> energy_j;  // since the driver was loaded
  std::optional<std::uint32_t> sm_clock_mhz;
};

class Inventory {
 public:
  // Opens NVML; `library` is for tests.
  // Errors: Unavailable, saying what is missing: "no GPU: libnvidia-ml.so.1: cannot open shared
  // object file", "no GPU: NVML: Driver Not Loaded".
  static base::Result<Inventory> open(const std::string& library = "libnvidia-ml.so.1");
  ~Inventory();
  Inventory(Inventory&&) noexcept;
  Inventory& operator=(Inventory&&) noexcept;

  const std::string& driver() const;  // "580.65.06"
  const std::vector<DeviceFacts>& devices() const;
  // Requires index < devices().size().
  DeviceReading read(std::size_t index) const;

 private:
  struct State;
  explicit Inventory(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace gpu
