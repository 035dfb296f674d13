#include "overlay/model/gpu_inventory.h"

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

#include "overlay/model/plain_text.h"

namespace model {
namespace {

std::string read_plain(JsonReader& reader, std::string_view field,
                       std::size_t size_max = kGpuTextBytesMax) {
  std::string text = reader.text(field, size_max);
  if (!std::all_of(text.begin(), text.end(), is_plain)) {
    reader.reject(field, shown(nlohmann::json(text)), "printable ASCII");
    return {};
  }
  return text;
}

// What was refused within `field` is refused by the reader around it.
void carry(JsonReader& outer, const std::string& field, JsonReader& inner) {
  FieldFailure failure;
  if (!inner.finish(&failure).ok()) {
    outer.reject(field + "." + failure.field, std::move(failure.value),
                 std::move(failure.expected));
  }
}

bool is_before(const GpuInventory::Group& a, const GpuInventory::Group& b) {
  return std::tie(a.model, a.memory_bytes) < std::tie(b.model, b.memory_bytes);
}

GpuInventory::Group read_group(JsonReader& reader) {
  GpuInventory::Group group;
  group.model = read_plain(reader, "model");
  if (group.model.empty()) {
    reader.reject("model", "\"\"", "a name");
  }
  group.count = static_cast<std::uint32_t>(reader.number("count", 1, kGpuCountMax));
  group.memory_bytes = reader.number("memory_bytes", 0, kJsonNumberMax);
  return group;
}

// The two members, from the reader of the object that has them.
GpuInventory read_members(JsonReader& reader) {
  GpuInventory gpus;
  gpus.driver = read_plain(reader, "driver");
  const nlohmann::json* const list = reader.any("devices");
  if (list == nullptr) {
    return gpus;
  }
  if (!list->is_array() || list->size() > kGpuGroupsMax) {
    reader.reject("devices", shown(*list),
                  "a list of at most " + std::to_string(kGpuGroupsMax) + " models");
    return gpus;
  }
  for (const nlohmann::json& item : *list) {
    const std::string field = "devices[" + std::to_string(gpus.devices.size()) + "]";
    if (!item.is_object()) {
      reader.reject(field, shown(item), "an object");
      return gpus;
    }
    JsonReader inner("gpus", item);
    GpuInventory::Group group = read_group(inner);
    carry(reader, field, inner);
    if (!gpus.devices.empty() && !is_before(gpus.devices.back(), group)) {
      reader.reject(field, shown(item), "models ascending by name and memory, each once");
    }
    if (reader.failed()) {
      return gpus;
    }
    gpus.devices.push_back(std::move(group));
  }
  return gpus;
}

}  // namespace

GpuInventory make_gpu_inventory(std::string_view driver, const std::vector<Gpu>& gpus) {
  std::map<std::pair<std::string, std::uint64_t>, std::uint32_t> counts;
  for (const Gpu& gpu : gpus) {
    std::string name = gpu.model.empty() ? "unknown" : plain_text(gpu.model, kGpuTextBytesMax);
    std::uint32_t& count = counts[{std::move(name), std::min(gpu.memory_bytes, kJsonNumberMax)}];
    count = std::min(count + 1, kGpuCountMax);
  }
  GpuInventory made{.driver = plain_text(driver, kGpuTextBytesMax), .devices = {}};
  for (const auto& [key, count] : counts) {
    if (made.devices.size() == kGpuGroupsMax) {
      break;
    }
    made.devices.push_back({.model = key.first, .count = count, .memory_bytes = key.second});
  }
  return made;
}

nlohmann::ordered_json gpus_json(const GpuInventory& gpus) {
  nlohmann::ordered_json devices = nlohmann::ordered_json::array();
  for (const auto& group : gpus.devices) {
    devices.push_back(nlohmann::ordered_json{
        {"model", group.model}, {"count", group.count}, {"memory_bytes", group.memory_bytes}});
  }
  return {{"driver", gpus.driver}, {"devices", std::move(devices)}};
}

std::optional<GpuInventory> read_gpus(JsonReader& reader, std::string_view field) {
  const nlohmann::json* const object = reader.optional_any(field);
  if (object == nullptr) {
    return std::nullopt;
  }
  if (!object->is_object()) {
    reader.reject(field, shown(*object), "an object");
    return std::nullopt;
  }
  JsonReader inner("gpus", *object);
  GpuInventory gpus = read_members(inner);
  carry(reader, std::string(field), inner);
  return reader.failed() ? std::nullopt : std::optional(std::move(gpus));
}

std::string encode(const GpuAnswer& answer, nlohmann::ordered_json cards) {
  nlohmann::ordered_json object = gpus_json(answer.gpus);
  object["cards"] = std::move(cards);
  object["why"] = plain_text(answer.why, kGpuWhyBytesMax);
  return object.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

base::Result<GpuAnswer> decode_gpu_answer(std::string_view json) {
  const auto object = parse_json("gpus", json, kGpuAnswerBytesMax);
  if (!object.ok()) {
    return object.error();
  }
  JsonReader reader("gpus", object.value());
  GpuAnswer answer;
  answer.gpus = read_members(reader);
  reader.any("cards");
  answer.why = read_plain(reader, "why", kGpuWhyBytesMax);
  if (!reader.failed() && answer.gpus.devices.empty() && answer.why.empty()) {
    reader.reject("why", "\"\"", "why there are no devices");
  }
  if (const auto status = reader.finish(); !status.ok()) {
    return status.error();
  }
  return answer;
}

}  // namespace model
