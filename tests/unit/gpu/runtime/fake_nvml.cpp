// The part of NVML that gpu/runtime/inventory uses, of a machine with two devices: the second
// cannot say its power or temperature, as a MIG instance cannot.
#include <cstdint>
#include <cstring>

namespace {

constexpr int kSuccess = 0;
constexpr int kNotSupported = 3;
constexpr int kNotLoaded = 9;  // NVML_ERROR_DRIVER_NOT_LOADED

int give(char* out, unsigned size, const char* text) {
  std::strncpy(out, text, size - 1);
  return kSuccess;
}

bool is_first(const void* device) {
  return reinterpret_cast<std::uintptr_t>(device) == 1;
}

}  // namespace

extern "C" {

struct Memory {
  unsigned long long total;
  unsigned long long free;
  unsigned long long used;
};

int nvmlInit_v2() {
#ifdef NO_DRIVER
  return kNotLoaded;
#else
  return kSuccess;
#endif
}
int nvmlShutdown() {
  return kSuccess;
}
const char* nvmlErrorString(int code) {
  return code == kNotLoaded ? "Driver Not Loaded" : "Other";
}
int nvmlSystemGetDriverVersion(char* out, unsigned size) {
  return give(out, size, "580.65.06");
}
int nvmlDeviceGetCount_v2(unsigned* count) {
  *count = 3;
  return kSuccess;
}
int nvmlDeviceGetHandleByIndex_v2(unsigned index, void** device) {
  if (index == 1) {
    return kNotSupported;  // fell off the bus
  }
  *device = reinterpret_cast<void*>(std::uintptr_t{index} + 1);
  return kSuccess;
}
int nvmlDeviceGetName(void* device, char* out, unsigned size) {
  return give(out, size, is_first(device) ? "NVIDIA H200" : "NVIDIA H200 MIG 1g.18gb");
}
int nvmlDeviceGetUUID(void* device, char* out, unsigned size) {
  return give(out, size, is_first(device) ? "GPU-1" : "MIG-2");
}
int nvmlDeviceGetMemoryInfo(void* device, Memory* memory) {
  *memory = is_first(device) ? Memory{150'000, 149'000, 1'000} : Memory{18'000, 18'000, 0};
  return kSuccess;
}
int nvmlDeviceGetTemperature(void* device, unsigned, unsigned* value) {
  *value = 61;
  return is_first(device) ? kSuccess : kNotSupported;
}
int nvmlDeviceGetPowerUsage(void* device, unsigned* value) {
  *value = 512'500;
  return is_first(device) ? kSuccess : kNotSupported;
}
int nvmlDeviceGetTotalEnergyConsumption(void* device, unsigned long long* value) {
  *value = 12'000;
  return is_first(device) ? kSuccess : kNotSupported;
}
// nvmlDeviceGetClockInfo is missing, as new functions are from old drivers.
}
