#include "overlay/cli/gpus_text.h"

#include <cmath>
#include <utility>

#include "overlay/cli/output.h"
#include "overlay/cli/status_text.h"

namespace cli {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kUntold = "-";

template <typename T>
Json json_of(const std::optional<T>& value) {
  return value.has_value() ? Json(*value) : Json(nullptr);
}

}  // namespace

std::string format_gpus(const GpuCards& read) {
  if (read.cards.empty()) {
    return printable(read.why) + "\n";
  }
  Table table({"MODEL", "MEMORY", "USED", "TEMPERATURE", "POWER", "DRIVER"});
  for (const auto& [facts, reading] : read.cards) {
    table.add({facts.model, format_bytes(facts.memory_bytes),
               reading.memory_used_bytes ? format_bytes(*reading.memory_used_bytes) : kUntold,
               reading.temperature_c ? std::to_string(*reading.temperature_c) + " C" : kUntold,
               reading.power_w ? std::to_string(std::lround(*reading.power_w)) + " W" : kUntold,
               read.driver});
  }
  return table.text();
}

std::string format_gpus_json(const GpuCards& read) {
  std::vector<model::Gpu> gpus;
  Json cards = Json::array();
  for (const auto& [facts, reading] : read.cards) {
    gpus.push_back({.model = facts.model, .memory_bytes = facts.memory_bytes});
    cards.push_back(Json{{"model", facts.model},
                         {"uuid", facts.uuid},
                         {"memory_bytes", facts.memory_bytes},
                         {"memory_used_bytes", json_of(reading.memory_used_bytes)},
                         {"temperature_c", json_of(reading.temperature_c)},
                         {"power_w", json_of(reading.power_w)}});
  }
  return model::encode(model::GpuAnswer{.gpus = model::make_gpu_inventory(read.driver, gpus),
                                        .why = read.cards.empty() ? read.why : ""},
                       std::move(cards));
}

std::string format_gpu_line(const model::GpuInventory& gpus) {
  std::string line;
  for (const auto& group : gpus.devices) {
    line += (line.empty() ? "" : ", ") + std::to_string(group.count) + " x " + group.model + ", " +
            format_bytes(group.memory_bytes);
  }
  if (line.empty()) {
    line = "none";
  }
  return gpus.driver.empty() ? line : line + ", driver " + gpus.driver;
}

}  // namespace cli
