#include "gpu/runtime/inventory.h"

#include <array>
#include <utility>

#include <dlfcn.h>

namespace gpu {
namespace {

// NVML's interface as far as it is used here (NVIDIA, "NVML API Reference"): it is C and its
// versioned names do not change.
using Handle = struct nvmlDevice_st*;
struct Memory {
  unsigned long long total;
  unsigned long long free;
  unsigned long long used;
};
constexpr int kSuccess = 0;
constexpr unsigned kTemperatureOfGpu = 0;
constexpr unsigned kClockOfSm = 1;
constexpr unsigned kTextBytes =
    96;  // NVML_DEVICE_NAME_V2_BUFFER_SIZE, the longest of those asked for
constexpr unsigned kDevicesMax = 64;

struct Api {
  int (*init)() = nullptr;
  int (*shutdown)() = nullptr;
  const char* (*error_string)(int) = nullptr;
  int (*driver_version)(char*, unsigned) = nullptr;
  int (*count)(unsigned*) = nullptr;
  int (*handle)(unsigned, Handle*) = nullptr;
  int (*name)(Handle, char*, unsigned) = nullptr;
  int (*uuid)(Handle, char*, unsigned) = nullptr;
  int (*memory)(Handle, Memory*) = nullptr;
  int (*temperature)(Handle, unsigned, unsigned*) = nullptr;
  int (*power_mw)(Handle, unsigned*) = nullptr;
  int (*energy_mj)(Handle, unsigned long long*) = nullptr;
  int (*clock_mhz)(Handle, unsigned, unsigned*) = nullptr;
};

base::Error none(const std::string& why) {
  return base::Error(base::Errc::Unavailable, "no GPU: " + why);
}

std::string loader_error() {
  const char* text = dlerror();
  return text == nullptr ? "unknown error of the loader" : text;
}

// A symbol that an old driver lacks stays null.
template <typename Function>
void find(void* library, const char* name, Function& out) {
  out = reinterpret_cast<Function>(dlsym(library, name));
}

}  // namespace

struct Inventory::State {
  void* library = nullptr;
  bool is_initialised = false;
  Api api;
  std::string driver;
  std::vector<DeviceFacts> devices;
  std::vector<Handle> handles;

  State() = default;
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() {
    if (is_initialised) {
      api.shutdown();
    }
    if (library != nullptr) {
      dlclose(library);
    }
  }

  base::Status load(const std::string& path) {
    library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) {
      return none(loader_error());
    }
    find(library, "nvmlInit_v2", api.init);
    find(library, "nvmlShutdown", api.shutdown);
    find(library, "nvmlErrorString", api.error_string);
    find(library, "nvmlSystemGetDriverVersion", api.driver_version);
    find(library, "nvmlDeviceGetCount_v2", api.count);
    find(library, "nvmlDeviceGetHandleByIndex_v2", api.handle);
    find(library, "nvmlDeviceGetName", api.name);
    find(library, "nvmlDeviceGetUUID", api.uuid);
    find(library, "nvmlDeviceGetMemoryInfo", api.memory);
    find(library, "nvmlDeviceGetTemperature", api.temperature);
    find(library, "nvmlDeviceGetPowerUsage", api.power_mw);
    find(library, "nvmlDeviceGetTotalEnergyConsumption", api.energy_mj);
    find(library, "nvmlDeviceGetClockInfo", api.clock_mhz);
    const bool is_complete = api.init != nullptr && api.shutdown != nullptr &&
                             api.error_string != nullptr && api.driver_version != nullptr &&
                             api.count != nullptr && api.handle != nullptr && api.name != nullptr &&
                             api.uuid != nullptr && api.memory != nullptr;
    if (!is_complete) {
      return none(path + " is not NVML: a function is missing");
    }
    return {};
  }

  base::Status expect_success(int code) const {
    if (code == kSuccess) {
      return {};
    }
    return none("NVML: " + std::string(api.error_string(code)));
  }

  base::Status list() {
    std::array<char, kTextBytes> text{};
    if (auto status = expect_success(api.driver_version(text.data(), kTextBytes)); !status.ok()) {
      return status;
    }
    driver = text.data();
    unsigned count = 0;
    if (auto status = expect_success(api.count(&count)); !status.ok()) {
      return status;
    }
    for (unsigned i = 0; i < count && i < kDevicesMax; ++i) {
      Handle handle = nullptr;
      DeviceFacts facts;
      Memory memory{};
      if (api.handle(i, &handle) != kSuccess) {
        continue;  // one that fell off the bus, or that we may not see
      }
      if (api.name(handle, text.data(), kTextBytes) == kSuccess) {
        facts.model = text.data();
      }
      if (api.uuid(handle, text.data(), kTextBytes) == kSuccess) {
        facts.uuid = text.data();
      }
      if (api.memory(handle, &memory) == kSuccess) {
        facts.memory_bytes = memory.total;
      }
      devices.push_back(std::move(facts));
      handles.push_back(handle);
    }
    return {};
  }
};

Inventory::Inventory(std::unique_ptr<State> state) : state_(std::move(state)) {}
Inventory::~Inventory() = default;
Inventory::Inventory(Inventory&&) noexcept = default;
Inventory& Inventory::operator=(Inventory&&) noexcept = default;

base::Result<Inventory> Inventory::open(const std::string& library) {
  auto state = std::make_unique<State>();
  if (auto status = state->load(library); !status.ok()) {
    return status.error();
  }
  if (auto status = state->expect_success(state->api.init()); !status.ok()) {
    return status.error();
  }
  state->is_initialised = true;
  if (auto status = state->list(); !status.ok()) {
    return status.error();
  }
  return Inventory(std::move(state));
}

const std::string& Inventory::driver() const {
  return state_->driver;
}

const std::vector<DeviceFacts>& Inventory::devices() const {
  return state_->devices;
}

DeviceReading Inventory::read(std::size_t index) const {
  CHECK(index < state_->handles.size());
  const Api& api = state_->api;
  const Handle handle = state_->handles[index];
  DeviceReading out;
  Memory memory{};
  unsigned value = 0;
  unsigned long long large = 0;
  if (api.memory(handle, &memory) == kSuccess) {
    out.memory_used_bytes = memory.used;
  }
  if (api.temperature != nullptr &&
      api.temperature(handle, kTemperatureOfGpu, &value) == kSuccess) {
    out.temperature_c = value;
  }
  if (api.power_mw != nullptr && api.power_mw(handle, &value) == kSuccess) {
    out.power_w = static_cast<double>(value) / 1e3;
  }
  if (api.energy_mj != nullptr && api.energy_mj(handle, &large) == kSuccess) {
    out.energy_j = static_cast<double>(large) / 1e3;
  }
  if (api.clock_mhz != nullptr && api.clock_mhz(handle, kClockOfSm, &value) == kSuccess) {
    out.sm_clock_mhz = value;
  }
  return out;
}

}  // namespace gpu
