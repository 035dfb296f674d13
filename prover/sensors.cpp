#include "prover/sensors.h"

#include <algorithm>
#include <charconv>
#include <string_view>

#include "overlay/loop/files.h"

namespace prover {
namespace {

constexpr std::size_t kEntriesMax = 256;
constexpr std::size_t kNumberBytesMax = 64;

std::optional<std::uint64_t> read_number(const std::string& path) {
  const auto text = loop::read_file(path, kNumberBytesMax);
  if (!text.ok()) {
    return std::nullopt;
  }
  std::uint64_t value = 0;
  const char* begin = text.value().data();
  if (std::from_chars(begin, begin + text.value().size(), value).ec != std::errc()) {
    return std::nullopt;
  }
  return value;
}

std::vector<std::string> entries(const std::string& path) {
  auto names = loop::list_directory(path, kEntriesMax);
  return names.ok() ? std::move(names).value() : std::vector<std::string>();
}

}  // namespace

SensorReading read_sensors(const std::string& root) {
  SensorReading out;
  const std::string hwmon = root + "/class/hwmon";
  for (const std::string& chip : entries(hwmon)) {
    for (const std::string& name : entries(hwmon + "/" + chip)) {
      if (!name.starts_with("temp") || !name.ends_with("_input")) {
        continue;
      }
      if (const auto millidegrees = read_number(hwmon + "/" + chip + "/" + name)) {
        const double degrees = static_cast<double>(*millidegrees) / 1000;
        out.temperature_c = std::max(out.temperature_c.value_or(degrees), degrees);
      }
    }
  }
  const std::string powercap = root + "/class/powercap";
  for (const std::string& zone : entries(powercap)) {
    // "intel-rapl:0" is a package, "intel-rapl:0:0" a part of it.
    if (std::count(zone.begin(), zone.end(), ':') != 1) {
      continue;
    }
    if (const auto energy = read_number(powercap + "/" + zone + "/energy_uj")) {
      out.energy_uj = out.energy_uj.value_or(0) + *energy;
    }
  }
  return out;
}

}  // namespace prover
