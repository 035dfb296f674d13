// Temperature and energy of this machine's processors, where the kernel shows them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace prover {

struct SensorReading {
  std::optional<double> temperature_c;     // the hottest of all
  std::optional<std::uint64_t> energy_uj;  // of all packages together, since some past moment
};

// Reads <root>/class/hwmon and <root>/class/powercap (Linux, Documentation/hwmon/sysfs-interface
// and power/powercap). Blocks for some microseconds; what cannot be read is absent.
SensorReading read_sensors(const std::string& root = "/sys");

}  // namespace prover
