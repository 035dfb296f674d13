// The GPUs of a server: which models, how many, how much memory, which driver. One form in what
// `linkspan gpus --json` prints, in the report (PROTOCOL.md, 7) and in the coordinator's API.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "overlay/base/result.h"
#include "overlay/model/json_reader.h"

namespace model {

inline constexpr std::size_t kGpuGroupsMax = 16;
inline constexpr std::size_t kGpuTextBytesMax = 96;  // as the driver's own buffers
inline constexpr std::uint32_t kGpuCountMax = 64;    // of one group
inline constexpr std::size_t kGpuAnswerBytesMax = std::size_t{64} << 10;

// Invariants: texts are printable ASCII; groups ascend by model and memory, each pair once.
struct GpuInventory {
  struct Group {
    std::string model;  // "NVIDIA H200", never empty
    std::uint32_t count = 0;
    std::uint64_t memory_bytes = 0;  // of each

    friend bool operator==(const Group&, const Group&) = default;
  };

  std::string driver;          // "580.65.06"; empty where there is none
  std::vector<Group> devices;  // empty where there is none

  friend bool operator==(const GpuInventory&, const GpuInventory&) = default;
};

// One device, as the driver tells it.
struct Gpu {
  std::string model;
  std::uint64_t memory_bytes = 0;
};

// Groups what a driver tells, whatever its texts are: other bytes become '?', no name "unknown",
// what is over a limit is left out.
GpuInventory make_gpu_inventory(std::string_view driver, const std::vector<Gpu>& gpus);

// {"driver": "580.65.06", "devices": [{"model", "count", "memory_bytes"}, ...]}
nlohmann::ordered_json gpus_json(const GpuInventory& gpus);

// The optional field of that name, of that form. What is wrong in it is refused by `reader`, as
// `gpus.devices[1].count: ...`.
std::optional<GpuInventory> read_gpus(JsonReader& reader, std::string_view field);

// What `linkspan gpus --json` says; besides, it lists each card, which is for people.
struct GpuAnswer {
  GpuInventory gpus;
  std::string why;  // where there are none, in a sentence of printable ASCII: never empty then

  friend bool operator==(const GpuAnswer&, const GpuAnswer&) = default;
};

inline constexpr std::size_t kGpuWhyBytesMax = 1024;

// `cards`: the array that is for people.
std::string encode(const GpuAnswer& answer, nlohmann::ordered_json cards);

// Strict, but for what is in `cards`. Errors: Malformed `gpus: field: value, expected ...`,
// LimitExceeded.
base::Result<GpuAnswer> decode_gpu_answer(std::string_view json);

}  // namespace model
